import type { GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import type { HookExecution } from '../../src/task-hooks.js';
import { startHarness, type Harness } from '../support/engine.js';

type Ended = Record<string, { status: string; reason?: string | null | undefined }>;

/** `STATUS`, or `STATUS reason`, of every node. */
const ends = (nodes: Ended): Record<string, string> =>
  Object.fromEntries(
    Object.entries(nodes).map(([id, { status, reason }]) => [
      id,
      reason ? `${status} ${reason}` : status,
    ]),
  );

describe('conditions and trigger rules', () => {
  let harness: Harness;
  const entered: string[] = [];
  const hooked: string[] = [];
  const enter = defineTask({
    name: 'enter',
    run: (input, { graphId, nodeId }) => {
      entered.push(`${graphId}/${nodeId}`);
      return input;
    },
  });
  const note = (name: string) => (execution: HookExecution) =>
    void hooked.push(`${execution.executionId} ${name} ${execution.status}`);
  const watched = defineTask({
    name: 'watched',
    hooks: {
      pre: [{ name: 'before', run: note('before') }],
      post: [
        { name: 'after', run: note('after') },
        { name: 'skipped too', onSkipped: true, run: note('skipped too') },
      ],
    },
    run: () => null,
  });
  const none = { strategy: 'NONE' as const };
  const run = async (tasks: GraphSpec['tasks'], more: Partial<GraphSpec> = {}) => {
    const handle = await harness.engine.scheduleTaskGraph({ name: 'conditions', tasks, ...more });
    const result = await handle.result();
    const own = (line: string): string[] =>
      line.startsWith(`${handle.executionId}/`) ? [line.slice(handle.executionId.length + 1)] : [];
    return { ...result, entered: entered.flatMap(own), hooked: hooked.flatMap(own) };
  };

  beforeAll(async () => void (harness = await startHarness({ tasks: [enter, watched] })));
  afterAll(() => harness.stop());

  it.each([
    ['fails', { bad: 'FAILED', join: 'SKIPPED upstream_failed', undo: 'COMPLETED' }],
    ['holds', { bad: 'COMPLETED', join: 'COMPLETED', undo: 'SKIPPED rule' }],
  ] as const)(
    'joins a diamond whose branch %s, undoes what failed, and cleans up in any case',
    async (how, expected) => {
      const task = how === 'fails' ? 'fail' : 'enter';
      const {
        status,
        nodes,
        entered: order,
      } = await run([
        { id: 'top', task: 'enter' },
        { id: 'good', task: 'enter', dependsOn: ['top'] },
        { id: 'bad', task, dependsOn: ['top'], retry: none },
        { id: 'join', task: 'enter', dependsOn: ['good', 'bad'] },
        { id: 'undo', task: 'enter', dependsOn: ['good', 'bad'], trigger: 'one_failed' },
        { id: 'clean', task: 'enter', dependsOn: ['join', 'undo'], trigger: 'all_done' },
        { id: 'report', task: 'enter', dependsOn: ['join'], trigger: 'all_success' },
      ]);
      expect(status).toBe(how === 'fails' ? 'FAILED' : 'COMPLETED');
      expect(ends(nodes)).toEqual({
        ...{ top: 'COMPLETED', good: 'COMPLETED', clean: 'COMPLETED', ...expected },
        report: expected.join,
      });
      const before = how === 'fails' ? 'undo' : 'join';
      expect(order.indexOf('clean')).toBeGreaterThan(order.indexOf(before));
    },
  );

  it('skips a node whose condition is false: no handler, no attempt, and its rule decides for the rest', async () => {
    const {
      status,
      nodes,
      entered: ran,
    } = await run(
      [
        { id: 'count', task: 'enter', input: { rows: 3 } },
        { id: 'no', task: 'enter', dependsOn: ['count'], when: 'tasks.count.output.rows > 3' },
        { id: 'yes', task: 'enter', when: '${{ params.full }}' },
        { id: 'after', task: 'enter', dependsOn: ['no'] },
        { id: 'afterThat', task: 'enter', dependsOn: ['after'] },
        {
          ...{ id: 'join', task: 'enter', dependsOn: ['no', 'yes'], trigger: 'none_failed' },
          input: '${{ [tasks.no.status, string(tasks.no.output == null)] }}',
        },
      ],
      { params: { full: { type: 'boolean', default: true } } },
    );
    expect(status).toBe('COMPLETED');
    expect(ends(nodes)).toEqual({
      ...{ count: 'COMPLETED', no: 'SKIPPED condition', yes: 'COMPLETED' },
      ...{ after: 'SKIPPED rule', afterThat: 'SKIPPED rule', join: 'COMPLETED' },
    });
    expect(nodes['no']).toMatchObject({ attempts: 0 });
    expect(nodes['no']?.error).toBeNull();
    expect(nodes['join']?.output).toEqual(['SKIPPED', 'true']);
    expect([...ran].sort()).toEqual(['count', 'join', 'yes']);
  });

  it('asks the condition before it resolves the input, which may read what is not there', async () => {
    const tasks = (when: string): GraphSpec['tasks'] => [
      { id: 'bad', task: 'fail', retry: none, allowFailure: true },
      { id: 'use', task: 'enter', dependsOn: ['bad'], when, input: '${{ tasks.bad.output.rows }}' },
    ];
    const guarded = await run(tasks('tasks.bad.status == "COMPLETED"'));
    expect(ends(guarded.nodes)).toEqual({ bad: 'FAILED', use: 'SKIPPED condition' });
    const unguarded = await run(tasks('true'));
    expect(unguarded.nodes['use']).toMatchObject({
      status: 'FAILED',
      error: { code: 'EXPRESSION' },
    });
  });

  it.each([
    ['tasks.count.output.rows', 'when: expression "tasks.count.output.rows" gave 3; a condition'],
    ['tasks.count.output.lines > 3', 'when: expression "tasks.count.output.lines > 3"'],
  ])(
    'fails a node once whose condition cannot be answered, and names it: %s',
    async (when, says) => {
      const {
        status,
        nodes,
        entered: ran,
      } = await run([
        { id: 'count', task: 'enter', input: { rows: 3 } },
        { id: 'ask', task: 'enter', dependsOn: ['count'], when },
        { id: 'after', task: 'enter', dependsOn: ['ask'] },
      ]);
      expect(status).toBe('FAILED');
      expect(nodes['ask']).toMatchObject({
        status: 'FAILED',
        attempts: 1,
        error: { code: 'EXPRESSION', message: expect.stringContaining(says) as string },
      });
      expect(ends(nodes)).toMatchObject({ after: 'SKIPPED upstream_failed' });
      expect(ran).toEqual(['count']);
    },
  );

  it('runs only the hooks that are for skipped nodes, once', async () => {
    const { hooked: seen } = await run([
      { id: 'no', task: 'watched', when: 'false' },
      { id: 'yes', task: 'watched', dependsOn: ['no'], trigger: 'all_done', when: 'true' },
    ]);
    expect(seen).toEqual([
      'no skipped too SKIPPED',
      'yes before PREPARING',
      'yes after COMPLETED',
      'yes skipped too COMPLETED',
    ]);
  });

  it('gives the place in a limit back at once', async () => {
    const limit = { key: 'conditions-one', max: 1 };
    const { nodes } = await run([
      { id: 'a', task: 'enter', limit, when: 'false' },
      { id: 'b', task: 'enter', limit },
      { id: 'c', task: 'enter', limit, when: 'false' },
      { id: 'd', task: 'enter', limit },
    ]);
    expect(ends(nodes)).toEqual({
      ...{ a: 'SKIPPED condition', b: 'COMPLETED' },
      ...{ c: 'SKIPPED condition', d: 'COMPLETED' },
    });
  });

  it('ends a graph of one SKIPPED', async () => {
    const { status, nodes } = await run([{ id: 'only', task: 'enter', when: 'false' }]);
    expect({ status, ...ends(nodes) }).toEqual({ status: 'SKIPPED', only: 'SKIPPED condition' });
  });

  it('skips a node under failFast without stopping anything', async () => {
    const { status, nodes } = await run(
      [
        { id: 'no', task: 'enter', when: 'false' },
        { id: 'a', task: 'enter' },
        { id: 'b', task: 'enter', dependsOn: ['a'] },
      ],
      { onFailure: 'failFast' },
    );
    expect(status).toBe('COMPLETED');
    expect(ends(nodes)).toMatchObject({ no: 'SKIPPED condition', b: 'COMPLETED' });
  });
});

describe('conditions in a graph that is split into segments', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ maxNodesPerRun: 40, coordinatorEvents: 100 });
  });
  afterAll(() => harness.stop());

  it('keeps what was skipped, and why, over continue-as-new', async () => {
    const width = 12;
    const tasks = Array.from({ length: 20 * width }, (_, index): GraphSpec['tasks'][number] => {
      const above = `n${index - width}`;
      const kind = index % 4;
      return {
        ...{ id: `n${index}`, task: 'echo', input: index },
        ...(index < width ? {} : { dependsOn: [above], trigger: 'all_done' as const }),
        ...(kind === 0 ? { when: 'false' } : {}),
        ...(kind === 1 && index >= width
          ? { when: `\${{ tasks.${above}.status == "COMPLETED" }}` }
          : {}),
        ...(kind === 2 && index >= width ? { trigger: 'all_skipped' as const } : {}),
      };
    });
    const handle = await harness.engine.scheduleTaskGraph({
      ...{ name: 'many conditions', concurrency: 50, tasks },
    });
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    const expected = tasks.map(({ id }, index) => {
      if (index % 4 === 0) return [id, 'SKIPPED condition'];
      // Above each of these stands one of its own kind: of kind 2 every other one is skipped.
      const odd = Math.floor(index / width) % 2 === 1;
      return [id, index % 4 === 2 && odd ? 'SKIPPED rule' : 'COMPLETED'];
    });
    expect(ends(nodes)).toEqual(Object.fromEntries(expected));
    const { events } = await harness.client.workflow.getHandle(handle.executionId).fetchHistory();
    const started = events?.[0]?.workflowExecutionStartedEventAttributes;
    expect(started?.continuedExecutionRunId).toMatch(/./);
  }, 120_000);
});
