/** Every state that a node can be in × every verb: what is answered, and what the node comes to. */
import { randomUUID } from 'node:crypto';
import pMap from 'p-map';
import { z } from 'zod';
import type { ExecutionHandle, GraphSpec } from '../../src/index.js';
import type { ExecutionNodeHandle as NodeHandle } from '../../src/client.js';
import { TaskError } from '../../src/domain/errors.js';
import { defineTask } from '../../src/registry.js';
import type { Answer } from '../../src/workflows/messages.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const VERBS = {
  retryNow: (node: NodeHandle) => node.retryNow(ASKED),
  skip: (node: NodeHandle) => node.skip(ASKED),
  complete: (node: NodeHandle) => node.complete({ by: 'hand' }, ASKED),
  fail: (node: NodeHandle) => node.fail('it will not come', ASKED),
  setPriority: (node: NodeHandle) => node.setPriority('HIGH', ASKED),
  pause: (node: NodeHandle) => node.pause(ASKED),
  resume: (node: NodeHandle) => node.resume(ASKED),
  cancel: (node: NodeHandle) => node.cancel(),
} satisfies Record<string, (node: NodeHandle) => Promise<Answer>>;
type Verb = keyof typeof VERBS;

const ASKED = { reason: 'the matrix', by: 'ada' };
const LATER = { scheduledTime: '1h' } as const;
const never = { strategy: 'NONE' } as const;
const retryIn = (delay: '1h' | '50s') => ({ strategy: 'FIXED_DELAY' as const, delay });

type Node = GraphSpec['tasks'][number];
interface State {
  /** The node itself; `gate` runs until the graph is cancelled. */
  node: Partial<Node>;
  graph?: Partial<GraphSpec>;
  /** It and `gate` are held to a limit of one. */
  limit?: true;
  /** Where the node has to be before it is asked. */
  status: string;
  before?: (node: NodeHandle) => Promise<unknown>;
  /** What a refusal says while it goes through another state again and again. */
  passes?: RegExp;
  /** `yes` and the status that follows, or what the refusal says. */
  expected: Record<Verb, `yes ${string}` | RegExp>;
}

/** What every node says that has ended. */
const over = (status: string): State['expected'] => ({
  ...{ retryNow: said(status), skip: said(status), complete: said(status), fail: said(status) },
  ...{ setPriority: said(status), pause: said(status), resume: said(status) },
  cancel: said(status),
});
const said = (status: string): RegExp => new RegExp(`^n is already ${status}$`);

/** What a node says that has not begun, but for what differs. */
const open = (
  differs: Partial<State['expected']> & Pick<State['expected'], 'retryNow' | 'setPriority'>,
): State['expected'] => ({
  ...{ skip: 'yes SKIPPED operator', complete: 'yes COMPLETED operator' },
  ...{ fail: 'yes FAILED operator', pause: 'yes PAUSED paused', resume: /^n is not paused$/ },
  ...{ cancel: 'yes CANCELLED cancelled', ...differs },
});

/** What a node says that runs, but for what differs. */
const running = (
  status: string,
  differs: Partial<State['expected']> & Pick<State['expected'], 'retryNow'>,
): State['expected'] =>
  open({
    skip: /^n has begun; cancel it, or complete or fail it/,
    setPriority: /^n has begun; its priority means nothing/,
    pause: `yes ${status}`,
    ...differs,
  });

const STATES: Record<string, State> = {
  'waiting for a dependency': {
    node: { task: 'work', dependsOn: ['gate'] },
    status: 'PENDING dependencies',
    expected: open({
      retryNow: /^n waits for its dependencies, not for a time/,
      setPriority: 'yes PENDING dependencies',
    }),
  },
  'waiting for the window': {
    node: { task: 'work' },
    graph: { concurrency: 1 },
    status: 'PENDING window',
    expected: open({
      retryNow: /^n is ready: it waits for a place in the window/,
      setPriority: 'yes PENDING window',
    }),
  },
  'waiting for a place in a limit': {
    node: { task: 'work' },
    limit: true,
    status: 'PENDING limit',
    expected: open({
      retryNow: /^n is ready: it waits for a place in its limit/,
      setPriority: 'yes PENDING limit',
    }),
  },
  'before its start time': {
    node: { task: 'work', ...LATER },
    status: 'SCHEDULED start_time',
    expected: open({
      retryNow: 'yes COMPLETED',
      setPriority: 'yes SCHEDULED start_time',
    }),
  },
  'in a long back-off, which the workflow keeps': {
    node: { task: 'flaky', retry: retryIn('1h') },
    status: 'RETRYING retry',
    expected: open({ retryNow: 'yes COMPLETED', setPriority: 'yes RETRYING retry' }),
  },
  'in a short back-off, which the server keeps': {
    node: { task: 'flaky', retry: retryIn('50s') },
    status: 'RETRYING retry',
    expected: running('RETRYING retry', { retryNow: 'yes COMPLETED' }),
  },
  'without a worker that knows its task': {
    node: { task: 'nobody-knows-it', queue: 'SELF' },
    status: 'PENDING no_handler',
    passes:
      /^n (has begun|went on meanwhile|runs:|waits for a worker|is asked to stop|was asked to stop)/,
    // It is asked again, and held again.
    expected: open({ retryNow: 'yes PENDING no_handler', setPriority: 'yes PENDING no_handler' }),
  },
  'paused before its start time': {
    node: { task: 'work', ...LATER },
    before: (node) => node.pause(),
    status: 'PAUSED paused',
    expected: open({
      retryNow: /^n is paused; resume it$/,
      setPriority: 'yes PAUSED paused',
      pause: /^n is already paused$/,
      resume: 'yes SCHEDULED start_time',
    }),
  },
  'in a queue that nobody polls': {
    node: { task: 'work', queue: 'nobody-polls-it' },
    status: 'SCHEDULED queue',
    expected: running('SCHEDULED queue', { retryNow: /^n waits for a worker, not for a time$/ }),
  },
  running: {
    node: { task: 'gated' },
    status: 'RUNNING',
    expected: running('RUNNING', { retryNow: /^n runs: an attempt is under way$/ }),
  },
  'asking for an approval': {
    node: { approval: { message: 'may it?' } },
    status: 'RUNNING approval',
    expected: running('RUNNING approval', { retryNow: /^n waits for an answer, not for a time/ }),
  },
  'running a graph of its own': {
    node: { graph: { name: 'inner', tasks: [{ id: 'inner', task: 'gated' }] } },
    status: 'RUNNING',
    expected: running('RUNNING', { retryNow: /^n is a graph of its own; retry a node of it/ }),
  },
  COMPLETED: { node: { task: 'work' }, status: 'COMPLETED', expected: over('COMPLETED') },
  FAILED: {
    node: { task: 'fail', retry: never },
    status: 'FAILED',
    expected: over('FAILED'),
  },
  SKIPPED: {
    node: { task: 'work', when: 'false' },
    status: 'SKIPPED condition',
    expected: over('SKIPPED'),
  },
  CANCELLED: {
    node: { task: 'work', ...LATER },
    before: (node) => node.cancel(),
    status: 'CANCELLED cancelled',
    expected: over('CANCELLED'),
  },
  REJECTED: {
    node: { task: 'picky', input: '${{ 1 + 1 }}', retry: never },
    status: 'REJECTED',
    expected: over('REJECTED'),
  },
};

describe.each([
  ['in one piece', { maxNodesPerRun: 100 }],
  ['in segments', { maxNodesPerRun: 2, coordinatorEvents: 60 }],
])('what is asked of a node, %s', (_, settings) => {
  let harness: Harness;
  const gated = defineTask({
    name: 'gated',
    run: (_input, { signal }) =>
      new Promise<never>((_done, failed) => {
        signal.addEventListener('abort', () => failed(signal.reason as Error));
      }),
  });
  const work = defineTask({ name: 'work', run: (_input, { attempt }) => ({ attempt }) });
  const flaky = defineTask({
    name: 'flaky',
    run: (_input, { attempt }) => {
      if (attempt === 1) throw new Error('not yet');
      return { attempt };
    },
  });
  const picky = defineTask({
    name: 'picky',
    input: z.number().min(100),
    run: () => null,
  });

  beforeAll(async () => {
    harness = await startHarness({ tasks: [gated, work, flaky, picky], ...settings });
  });
  afterAll(() => harness.stop());

  async function scene({ node, graph, limit, before, status }: State): Promise<ExecutionHandle> {
    const own = node.queue === 'SELF' ? { queue: harness.taskQueue } : {};
    const limited = limit ? { limit: { key: `matrix-${randomUUID()}`, max: 1 } } : {};
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'matrix',
      ...graph,
      tasks: [
        { id: 'gate', task: 'gated', priority: 'CRITICAL', ...limited },
        { ...node, ...own, ...limited, id: 'n' },
        { id: 'after', task: 'work', dependsOn: ['n', 'gate'] },
      ],
    });
    if (node.dependsOn === undefined) await untilStatus(handle, 'gate', 'RUNNING');
    await before?.(handle.node('n'));
    await untilStatus(handle, 'n', status);
    return handle;
  }

  /** Asks, and once more where the node was just on its way from its state into the same. */
  async function asked(node: NodeHandle, verb: Verb, { passes }: State): Promise<Answer> {
    let answer: Answer | undefined;
    await until(async () => {
      answer = await VERBS[verb](node);
      return answer.success || !passes?.test(answer.message);
    });
    return answer as Answer;
  }

  /** Asks one thing of a node in a state, and waits for what follows. */
  async function ask(handle: ExecutionHandle, verb: Verb, state: State): Promise<string> {
    const { success, message } = await asked(handle.node('n'), verb, state);
    if (!success) return message;
    const expected = state.expected[verb];
    const after = typeof expected === 'string' ? expected.slice(4) : state.status;
    await untilStatus(handle, 'n', after);
    const { marks = [], output, error } = await handle.node('n').status();
    if (verb === 'complete') expect(output).toEqual({ json: { by: 'hand' } });
    if (verb === 'fail')
      expect(error).toMatchObject({ code: 'OPERATOR', message: 'it will not come' });
    const noted = marks.some(({ by, note }) => by === 'ada' && note?.endsWith('the matrix'));
    return verb === 'cancel' || noted ? `yes ${after}` : 'yes, and nobody noted who';
  }

  /** What every verb is answered in a state. */
  async function answersIn(state: State): Promise<Partial<Record<Verb, string>>> {
    const verbs = Object.keys(VERBS) as Verb[];
    const comes: Partial<Record<Verb, string>> = {};
    const refused = verbs.filter((verb) => typeof state.expected[verb] !== 'string');
    const shared = await scene(state);
    for (const verb of refused) comes[verb] = await ask(shared, verb, state); // they change nothing
    await untilStatus(shared, 'n', state.status);
    await shared.cancel();
    await Promise.all(
      verbs
        .filter((verb) => !refused.includes(verb))
        .map(async (verb) => {
          const handle = await scene(state);
          comes[verb] = await ask(handle, verb, state);
          await handle.cancel();
          await handle.result();
        }),
    );
    return comes;
  }

  it('each verb in each state is answered, and followed, as the table says', async () => {
    const states = Object.entries(STATES);
    // As many at once as a worker has slots for.
    const answers = await pMap(
      states,
      async ([name, state]) => [name, await answersIn(state)] as const,
      { concurrency: 4 },
    );
    expect(Object.fromEntries(answers)).toEqual(
      Object.fromEntries(states.map(([name, { expected }]) => [name, wanted(expected)])),
    );
  });
});

function wanted(expected: State['expected']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(expected).map(([verb, says]) => [
      verb,
      typeof says === 'string' ? says : expect.stringMatching(says),
    ]),
  );
}

/** A graph that is not prepared yet has no nodes. */
function notYet(error: unknown): undefined {
  if (!(error instanceof TaskError) || error.code !== 'NOT_FOUND') throw error;
}

/** `STATUS`, or `STATUS reason`. */
async function untilStatus(handle: ExecutionHandle, id: string, wanted: string): Promise<void> {
  let seen = '';
  try {
    await until(async () => {
      const view = await handle.node(id).status().catch(notYet);
      if (!view) return false;
      const { status, reason } = view;
      seen = reason && status !== 'COMPLETED' ? `${status} ${reason}` : status;
      return seen === wanted || (reason !== undefined && `${status} ${reason}` === wanted);
    });
  } catch (error) {
    throw new Error(`${id} is ${seen} and does not become ${wanted}`, { cause: error });
  }
}
