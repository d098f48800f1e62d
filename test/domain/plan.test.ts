import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  DEFAULT_OPTIONS,
  effectiveOptions,
  makePlan,
  type PlanContext,
} from '../../src/domain/make-plan.js';
import { expectedEvents, nodeBody, schedulerNodes, type Plan } from '../../src/domain/plan.js';
import {
  TaskOptionsSchema,
  type TaskOptions,
  type TaskOptionsInput,
} from '../../src/domain/spec.js';
import { validateGraph } from '../../src/domain/validate.js';
import { graph, node } from './support/specs.js';

const options = (input: TaskOptionsInput): TaskOptions => TaskOptionsSchema.parse(input);
const NO_HOOKS: PlanContext = {
  task: () => undefined,
  postHooks: false,
  postHooksOnSkipped: false,
};

function plan(
  spec: object,
  { submission = {}, context = NO_HOOKS }: { submission?: object; context?: PlanContext } = {},
): Plan {
  const { valid, faults } = validateGraph(spec, submission);
  if (!valid) throw new Error(JSON.stringify(faults));
  return makePlan(valid, context);
}
const task = (said: TaskOptionsInput): PlanContext => ({
  ...NO_HOOKS,
  task: () => ({
    version: '7',
    options: options(said),
    postHooks: false,
    postHooksOnSkipped: false,
  }),
});

/** Each option with five values, strongest layer first, and where the plan keeps it. */
const FIELDS = [
  ['priority', ['LOW', 'HIGH', 'CRITICAL', 'MEDIUM', 'LOW'], 'priority', undefined],
  ['timeout', [1_000, 2_000, 3_000, 4_000, 5_000], 'timeoutMs', undefined],
  ['totalTimeout', [1_000, 2_000, 3_000, 4_000, 5_000], 'totalTimeoutMs', null],
  ['heartbeatTimeout', [1_000, 2_000, 3_000, 4_000, 5_000], 'heartbeatTimeoutMs', undefined],
  ['queueTimeout', [1_000, 2_000, 3_000, 4_000, 5_000], 'queueTimeoutMs', undefined],
  ['queue', ['q1', 'q2', 'q3', 'q4', 'q5'], 'queue', null],
  ['maxLostWorkers', [1, 2, 0, 4, 5], 'maxLostWorkers', undefined],
] as const;

describe('makePlan', () => {
  it.each(FIELDS)(
    'takes %s from node, submission, defaults, definition, settings, library',
    (field, values, kept, none) => {
      const [own, submitted, defaults, defined, settings] = values.map((value) => ({
        [field]: value,
      }));
      const left = [own, submitted, defaults, defined, settings];
      for (let strongest = 0; strongest <= left.length; strongest++) {
        const from = (layer: number): object => (layer >= strongest ? (left[layer] ?? {}) : {});
        const made = plan(graph({ defaults: from(2), tasks: [node('a', from(0))] }), {
          submission: { options: from(1) },
          context: { ...task(from(3)), settings: options(from(4)) },
        });
        const library = none === null ? null : DEFAULT_OPTIONS[kept];
        expect(made.classes[0]?.[kept]).toEqual(values[strongest] ?? library);
      }
    },
  );

  it('lets null of a strong layer stand against a bound of a weak one', () => {
    const made = plan(
      graph({ defaults: { queueTimeout: '1h' }, tasks: [node('a', { queueTimeout: null })] }),
    );
    expect(made.classes[0]?.queueTimeoutMs).toBeNull();
  });

  it('merges retry field by field', () => {
    const made = plan(
      graph({
        defaults: { retry: { maxRetries: 9 } },
        tasks: [node('a', { retry: { jitter: true } })],
      }),
      { context: task({ retry: { strategy: 'FIXED_DELAY', delay: '7s' } }) },
    );
    const retry = { strategy: 'FIXED_DELAY', delayMs: 7_000, maxRetries: 9, jitter: 0.25 };
    expect(made.classes[0]?.retry).toMatchObject(retry);
  });

  it('names the node whose layers contradict each other', () => {
    const spec = graph({ tasks: [node('a'), node('b', { retry: { maxDelay: '1s' } })] });
    expect(() => plan(spec, { context: task({ retry: { delay: '10s' } }) })).toThrow(
      /tasks\[1\]\.retry: maxDelay \(1 s\) is below delay \(10 s\)/,
    );
  });

  it('lets a node ask for retries of a task that has none', () => {
    const spec = graph({ tasks: [node('a', { retry: { maxRetries: 3 } })] });
    const { classes } = plan(spec, { context: task({ retry: 'NONE' }) });
    expect(classes[0]?.retry).toMatchObject({ strategy: 'EXPONENTIAL_BACKOFF', maxRetries: 3 });
  });

  it('shares one class among nodes that have everything in common', () => {
    const made = plan(
      graph({
        tasks: [
          node('a', { timeout: '1h' }),
          node('b'),
          node('c', { timeout: 5 }),
          node('d', { task: 'store' }),
          node('e', { timeout: 5 }),
        ],
      }),
    );
    expect(made.nodes.map((one) => one.class)).toEqual([0, 0, 1, 2, 1]);
    expect(made.classes.map((one) => [one.task, one.timeoutMs])).toEqual([
      ['load', 3_600_000],
      ['load', 5],
      ['store', 3_600_000],
    ]);
  });

  it('pins the version and the post hooks that a definition has', () => {
    const definition = { version: '7', options: {}, postHooks: true, postHooksOnSkipped: false };
    const context = {
      ...NO_HOOKS,
      task: (name: string) => (name === 'load' ? definition : undefined),
    };
    const made = plan(graph({ tasks: [node('a'), node('b', { task: 'other' })] }), { context });
    expect(
      made.classes.map(({ taskVersion, settle, settleSkipped }) => [
        taskVersion,
        settle,
        settleSkipped,
      ]),
    ).toEqual([
      ['7', true, false],
      ['unknown', false, false],
    ]);
    const common = plan(graph(), {
      context: { ...NO_HOOKS, postHooks: true, postHooksOnSkipped: true },
    });
    expect(common.classes).toMatchObject([{ settle: true, settleSkipped: true }]);
  });

  it('writes down of a node only what is not usual', () => {
    const made = plan(
      graph({
        params: { n: { default: 1 } },
        deadline: '1h',
        tasks: [
          node('a'),
          node('b', {
            dependsOn: ['a'],
            trigger: 'all_done',
            allowFailure: true,
            scheduledTime: '5s',
            input: ['${{ tasks.a.output }}', '${{ params.n }}'],
          }),
          node('c', {
            scheduledTime: '2027-01-31T08:00:00+01:00',
            trigger: 'all_success',
            allowFailure: false,
          }),
        ],
      }),
    );
    expect(made.nodes).toEqual([
      { id: 'a', dependsOn: [], class: 0 },
      {
        id: 'b',
        dependsOn: [0],
        class: 0,
        reads: [0],
        readsParams: true,
        trigger: 'all_done',
        allowFailure: true,
        startDelayMs: 5_000,
      },
      { id: 'c', dependsOn: [], class: 0, notBefore: Date.UTC(2027, 0, 31, 7) },
    ]);
    expect(made).toMatchObject({
      name: 'orders',
      version: '1',
      concurrency: 10,
      onFailure: 'continue',
      deadlineMs: 3_600_000,
    });
  });

  it('is plain JSON', () => {
    const made = plan(
      graph({ tasks: [node('a', { retry: { delays: ['1s'], byError: { X: { delay: 1 } } } })] }),
    );
    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
  });
});

describe('effectiveOptions', () => {
  it('is the library alone where no layer says anything', () => {
    expect(effectiveOptions([undefined, {}])).toMatchObject({
      ...DEFAULT_OPTIONS,
      totalTimeoutMs: null,
      queue: null,
      retry: { strategy: 'EXPONENTIAL_BACKOFF', maxRetries: 3 },
    });
  });

  it('raises a heartbeat below a second', () => {
    const made = effectiveOptions([options({ heartbeatTimeout: 10 })]);
    expect(made.heartbeatTimeoutMs).toBe(1_000);
  });
});

describe('schedulerNodes', () => {
  it('turns priorities into keys, and fills in what is usual', () => {
    const tasks = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'].map((priority, i) =>
      node(`n${i}`, { priority }),
    );
    const made = schedulerNodes(plan(graph({ tasks })));
    expect(made.map(({ priorityKey }) => priorityKey)).toEqual([1, 2, 3, 4]);
    expect(made[0]).toEqual({
      dependsOn: [],
      trigger: 'all_success',
      allowFailure: false,
      priorityKey: 1,
    });
  });

  it('keeps start times', () => {
    const tasks = [
      node('a', { scheduledTime: 5 }),
      node('b', { scheduledTime: '1970-01-01T00:00:01Z' }),
    ];
    expect(schedulerNodes(plan(graph({ tasks })))).toMatchObject([
      { startDelayMs: 5 },
      { notBefore: 1_000 },
    ]);
  });
});

describe('expectedEvents', () => {
  const events = (retry: TaskOptionsInput['retry'], serverWaitsMs = 60_000): number =>
    expectedEvents(plan(graph({ tasks: [node('a', { retry })] })), serverWaitsMs);

  it('is six a node where the server keeps every wait', () => {
    expect(events('NONE')).toBe(6);
    expect(events({ maxRetries: 1_000 })).toBe(6);
    expect(expectedEvents(plan(graph()), 60_000)).toBe(12);
  });

  it('counts the activity of a result that is made apart', () => {
    const apart = graph({ tasks: [node('a', { result: { async: true } })] });
    expect(expectedEvents(plan(apart), 60_000)).toBe(12);
  });

  it.each<[string, TaskOptionsInput['retry'], number]>([
    ['a long delay', { strategy: 'FIXED_DELAY', delay: '2m', maxRetries: 3 }, 6 + 33],
    [
      'waits that outgrow the bound without a cap',
      { delay: '30s', maxDelay: null, maxRetries: 5 },
      6 + 33,
    ],
    ['a list of which two waits are long', { delays: ['1s', '2m', '3m'] }, 6 + 22],
    [
      'a wait that only jitter makes long',
      { strategy: 'FIXED_DELAY', delay: '1m', jitter: 0.1, maxRetries: 1 },
      17,
    ],
    [
      'long waits for a kind of error',
      { maxRetries: 1, byError: { X: { strategy: 'FIXED_DELAY', delay: '2m' } } },
      17,
    ],
  ])('counts eleven for each wait that the workflow keeps: %s', (_title, retry, expected) => {
    expect(events(retry)).toBe(expected);
  });

  it('grows with the waits that the workflow keeps', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(100_000), (a, b) => {
        const retry = { delay: 1_000, maxRetries: 10 };
        expect(events(retry, Math.min(a, b))).toBeGreaterThanOrEqual(events(retry, Math.max(a, b)));
      }),
    );
  });
});

describe('nodeBody', () => {
  it('is what the scheduler need not know, tags among the metadata', () => {
    expect(nodeBody(node('a'))).toEqual({});
    expect(nodeBody(node('a', { input: null, metadata: { team: 'x' }, tags: ['t'] }))).toEqual({
      input: null,
      metadata: { team: 'x', tags: ['t'] },
    });
  });
});
