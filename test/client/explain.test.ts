import { randomUUID } from 'node:crypto';
import { NativeConnection, Worker } from '@temporalio/worker';
import {
  TaskEngine,
  type Explanation,
  type GraphSpec,
  type NodeExplanation,
} from '../../src/index.js';
import type { Reason, ReasonKind } from '../../src/domain/explain.js';
import { runCli as program } from '../../src/cli/program.js';
import { defineTask, type HookExecution } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { shared } from '../support/shared.js';
import { until } from '../support/until.js';

type Tasks = GraphSpec['tasks'];

/** What brings a reason about, and the numbers that it then has. */
interface Case {
  /** @returns the id to ask for: an execution's, or a node's */
  begin(): Promise<string>;
  reason: object;
  sentence: RegExp;
  bound?: object | null;
}

const long = { task: 'sleep', input: { ms: 3_600_000 } };
/** Ends when its gate is opened, whoever asks it to stop. */
const gates = new Map<string, () => void>();
const deaf = defineTask<string>({
  name: 'deaf',
  run: (gate) => new Promise<void>((done) => void gates.set(gate, done)),
});
const open = (gate: string): void => gates.get(gate)?.();
const broken = defineTask({
  name: 'broken',
  retry: 'NONE',
  run: () => {
    throw new Error('the service is down');
  },
});

class Written {
  text = '';
  write(text: string | Uint8Array, done?: () => void): boolean {
    this.text += String(text);
    done?.();
    return true;
  }
}

describe('explain', () => {
  let harness: Harness;
  let planless: { worker: Worker; running: Promise<void>; connection: NativeConnection };
  const begun: string[] = [];
  const queues = { nobody: '', busy: '', stranger: '', planless: '' };

  beforeAll(async () => {
    harness = await startHarness({
      tasks: [deaf, broken],
      namedHooks: {
        pre: [{ name: 'slow', timeoutMs: 600_000, run: hold('pre') }],
        post: [{ name: 'slow', timeoutMs: 600_000, onSkipped: true, run: hold('post') }],
      },
    });
    for (const name of ['nobody', 'busy', 'stranger', 'planless'] as const)
      queues[name] = `${harness.taskQueue}-${name}`;
    await harness.startWorker({ taskQueue: queues.busy, maxConcurrentActivities: 1 });
    await harness.startWorker({ taskQueue: queues.stranger, tasks: [] });
    const connection = await NativeConnection.connect({ address: harness.address });
    const worker = await Worker.create({
      ...{ connection, taskQueue: queues.planless },
      workflowBundle: { codePath: shared().bundle },
    });
    planless = { worker, running: worker.run(), connection };
  });
  afterAll(async () => {
    for (const gate of gates.keys()) open(gate);
    for (const id of begun)
      await harness.client.workflow
        .getHandle(id)
        .terminate()
        .catch(() => 0);
    planless.worker.shutdown();
    await planless.running;
    await planless.connection.close();
    await harness.stop();
  });

  function hold(gate: string) {
    return ({ nodeId }: HookExecution): Promise<void> =>
      new Promise((done) => void gates.set(`${gate} ${nodeId}`, done));
  }
  const graph = async (tasks: Tasks, more: Partial<GraphSpec> = {}) => {
    const handle = await harness.engine.scheduleTaskGraph({ name: 'waits', tasks, ...more });
    begun.push(handle.executionId);
    return handle;
  };
  const elsewhere = async (taskQueue: string, spec: GraphSpec): Promise<string> => {
    const { address, dataDir } = harness;
    const engine = await TaskEngine.connect({ address, dataDir, taskQueue });
    const { executionId } = await engine.scheduleTaskGraph(spec);
    begun.push(executionId);
    await engine.shutdown();
    return executionId;
  };
  /** An item or a node of a sub-graph is there once its map or sub-graph has begun. */
  const missing = (): Explanation => ({ reasons: [], nodes: [] }) as unknown as Explanation;
  /** The command line, in this process: its standard output, where it ends with 0. */
  const cli = async (...args: string[]): Promise<string> => {
    const { address, taskQueue, dataDir } = harness;
    const [stdout, stderr] = [new Written(), new Written()];
    const target = ['--address', address, '--task-queue', taskQueue, '--data-dir', dataDir];
    const exit = await program([...args, ...target], { stdout, stderr, env: {} });
    expect({ exit, stderr: stderr.text }).toEqual({ exit: 0, stderr: '' });
    return stdout.text;
  };
  const circuit = { name: 'crm', failures: 1, minCalls: 1, openFor: '1h' };
  const key = `key-${randomUUID()}`;

  const NONE = null;
  const DEADLINE = { by: 'deadline', then: 'TIMEOUT' };

  /** TypeScript refuses a reason without a case. */
  const cases: Record<Exclude<ReasonKind, 'outcome_unknown'>, Case> = {
    dependencies: {
      begin: async () => {
        const { executionId } = await graph([
          { id: 'quick', task: 'noop' },
          { id: 'slow', ...long },
          { id: 'after', task: 'noop', dependsOn: ['slow'] },
          { id: 'last', task: 'noop', dependsOn: ['quick', 'slow', 'after'] },
        ]);
        return `${executionId}/last`;
      },
      reason: {
        ...{ kind: 'dependencies', done: 1, total: 3, trigger: 'all_success' },
        open: [
          { nodeId: 'slow', status: 'SCHEDULED', reason: 'queue' },
          { nodeId: 'after', status: 'PENDING', reason: 'dependencies' },
        ],
      },
      sentence:
        /^waits for 2 of 3 dependencies: slow \(\w+, queue\), after \(PENDING, dependencies\)/,
      bound: NONE,
    },
    limit: {
      begin: async () => {
        const limit = { key, max: 1 };
        const { executionId } = await graph(['a', 'b', 'c'].map((id) => ({ id, ...long, limit })));
        return `${executionId}/c`;
      },
      reason: { kind: 'limit', key, weight: 1, inUse: 1, max: 1, place: 2 },
      sentence: /^waits for a place in the limit key-\S+: 1 of 1 taken, place 2 in line/,
      bound: NONE,
    },
    window: {
      begin: async () => {
        const tasks = ['a', 'b', 'c'].map((id) => ({ id, ...long }));
        const { executionId } = await graph(tasks, { concurrency: 1, deadline: '2h' });
        return `${executionId}/c`;
      },
      reason: { kind: 'window', running: 1, concurrency: 1, place: 2 },
      sentence: /^waits for a place in the graph's window: 1 of 1 run, place 2 in line/,
      bound: DEADLINE,
    },
    circuit: {
      begin: async () => {
        const { executionId } = await graph([
          { id: 'fails', task: 'broken', circuit, allowFailure: true },
          { id: 'held', task: 'noop', circuit, dependsOn: ['fails'] },
        ]);
        return `${executionId}/held`;
      },
      reason: {
        ...{ kind: 'circuit', name: 'crm', mode: 'open', forced: false, probes: [] },
        openUntil: expect.any(String) as string,
        looksAgainAt: expect.any(String) as string,
      },
      sentence: /^is held: the circuit crm is open until 20\S+Z; it looks again at/,
      bound: NONE,
    },
    start_time: {
      begin: async () => {
        const { executionId } = await graph([{ id: 'later', task: 'noop', scheduledTime: '1h' }]);
        return `${executionId}/later`;
      },
      reason: { kind: 'start_time', inMs: expect.any(Number) as number },
      sentence: /^starts in (1 h|\d\d\.?\d* min), at 20/,
      bound: NONE,
    },
    retry: {
      begin: async () => {
        const retry = { strategy: 'FIXED_DELAY', delay: '2h', maxRetries: 3 } as const;
        const { executionId } = await graph([{ id: 'again', task: 'fail', retry }]);
        return `${executionId}/again`;
      },
      reason: {
        kind: 'retry',
        attempt: 1,
        of: 4,
        keptBy: 'workflow',
        error: { code: 'AskedToFail' },
      },
      sentence:
        /^attempt 1 of 4 failed \(AskedToFail: .*\); the next one starts in 2 h.*the workflow keeps/,
      bound: NONE,
    },
    paused: {
      begin: async () => {
        const handle = await graph([{ id: 'a', task: 'noop', scheduledTime: '1s' }]);
        await handle.pause({ by: 'ada', note: 'month end' });
        return `${handle.executionId}/a`;
      },
      reason: { kind: 'paused', scope: 'graph', by: 'ada', note: 'month end' },
      sentence: /^the whole graph is paused by ada since 20\S+Z: month end/,
      bound: NONE,
    },
    no_handler: {
      begin: async () => {
        const { executionId } = await graph([
          { id: 'odd', task: 'deaf', input: 'x', queue: queues.stranger },
        ]);
        return `${executionId}/odd`;
      },
      reason: { kind: 'no_handler', task: 'deaf' },
      sentence: /^no worker that was asked on the queue \S+-stranger knows the task deaf/,
      bound: { by: 'unknownTask', then: 'FAILED' },
    },
    coalesced: {
      begin: async () => {
        const same = { ...long, cache: true };
        const first = await graph([{ id: 'first', ...same }]);
        await until(async () => (await first.node('first').status()).status === 'RUNNING');
        const { executionId } = await graph([{ id: 'second', ...same }]);
        return `${executionId}/second`;
      },
      reason: { kind: 'coalesced', looksAgainAt: expect.any(String) as string },
      sentence: /^waits for another node that does the same work/,
      bound: NONE,
    },
    queue: {
      begin: async () => {
        const queue = queues.nobody;
        const { executionId } = await graph([{ id: 'a', ...long, queue, queueTimeout: '3h' }]);
        return `${executionId}/a`;
      },
      reason: { kind: 'queue', pollers: 0, waitedMs: expect.any(Number) as number },
      sentence: /^waits for a worker, for .+: nobody polls the queue \S+-nobody/,
      bound: { by: 'queueTimeout', then: 'TIMEOUT' },
    },
    preparing: {
      begin: async () => {
        const { executionId } = await graph([{ id: 'a', ...long }], {
          hooks: { pre: ['slow'], post: [] },
        });
        return `${executionId}/a`;
      },
      reason: { kind: 'preparing', attempt: 1 },
      sentence: /^a worker prepares attempt 1: pre hooks/,
      bound: { by: 'timeout', then: 'retry' },
    },
    running: {
      begin: async () => {
        const { executionId } = await graph([{ id: 'a', ...long, timeout: '30m' }]);
        return `${executionId}/a`;
      },
      reason: { kind: 'running', attempt: 1, of: 4 },
      sentence: /^runs since 20\S+Z, attempt 1 of 4/,
      bound: { by: 'timeout', then: 'retry' },
    },
    approval: {
      begin: async () => {
        const approval = { message: 'Ship it?', by: ['ada', 'bob'], timeout: '1d' };
        const { executionId } = await graph([{ id: 'ask', approval }]);
        return `${executionId}/ask`;
      },
      reason: { kind: 'approval', message: 'Ship it?', from: ['ada', 'bob'] },
      sentence: /^waits since 20\S+Z for an answer from ada, bob: Ship it\?/,
      bound: { by: 'approvalTimeout', then: 'TIMEOUT' },
    },
    children: {
      begin: async () => {
        const map = { over: [1, 2, 3], concurrency: 2 };
        const { executionId } = await graph([{ id: 'items', ...long, map }]);
        return `${executionId}/items`;
      },
      reason: { kind: 'children', what: 'map', done: 0, total: 3, running: 2 },
      sentence: /^0 of its 3 items have ended, 2 run/,
      bound: NONE,
    },
    ended: {
      begin: async () => {
        const handle = await graph([
          { id: 'bad', task: 'broken' },
          { id: 'after', task: 'noop', dependsOn: ['bad'] },
        ]);
        await handle.result();
        return `${handle.executionId}/after`;
      },
      reason: { kind: 'ended', status: 'SKIPPED', reason: 'upstream_failed', after: 'bad' },
      sentence: /^was skipped: a dependency failed \(bad\)$/,
      bound: NONE,
    },
    nodes: {
      begin: async () => {
        const tasks = [
          { id: 'b', ...long },
          { id: 'a', task: 'noop' },
          { id: 'c', task: 'noop', dependsOn: ['b'] },
        ];
        return (await graph(tasks, { deadline: '2h' })).executionId;
      },
      reason: { kind: 'nodes', ended: 1, running: 1, waiting: 1, total: 3 },
      sentence: /^1 of 3 nodes have ended, 1 run, 1 wait$/,
      bound: DEADLINE,
    },
    awaits: {
      begin: async () => {
        const other = await graph([{ id: 'a', ...long }]);
        const handle = await harness.engine.scheduleTaskGraph(
          { name: 'behind', tasks: [{ id: 'a', task: 'noop' }] },
          { dependencies: [other.executionId] },
        );
        begun.push(handle.executionId);
        return handle.executionId;
      },
      reason: { kind: 'awaits', done: 0, total: 1, executions: [{ status: null }] },
      sentence: /^waits for 1 of 1 other execution: waits-/,
      bound: { by: 'dependencyTimeout', then: 'TIMEOUT' },
    },
    start_delay: {
      begin: async () => {
        const { executionId } = await harness.engine.scheduleTaskGraph(
          { name: 'tomorrow', tasks: [{ id: 'a', task: 'noop' }] },
          { scheduledTime: '1d' },
        );
        begun.push(executionId);
        return executionId;
      },
      reason: { kind: 'start_delay', inMs: expect.any(Number) as number },
      sentence: /^starts in (1 d|2[34]\.?\d* h), at 20/,
      bound: NONE,
    },
    no_worker: {
      begin: () => elsewhere(queues.nobody, { name: 'alone', tasks: [{ id: 'a', task: 'noop' }] }),
      reason: { kind: 'no_worker', begun: false, pollers: 0 },
      sentence: /^no worker has picked it up for .*: nobody polls the queue \S+-nobody$/,
      bound: NONE,
    },
    planning: {
      begin: () =>
        elsewhere(queues.planless, {
          name: 'large',
          tasks: [{ id: 'a', task: 'noop', input: 'x'.repeat(400_000) }],
        }),
      reason: { kind: 'planning', since: expect.any(String) as string },
      sentence: /^a worker checks its spec/,
      bound: NONE,
    },
    stopping: {
      begin: async () => {
        const handle = await graph([{ id: 'a', task: 'deaf', input: 'stopping' }]);
        await until(() => gates.has('stopping'));
        await handle.cancel();
        return handle.executionId;
      },
      reason: { kind: 'stopping', why: 'cancelled', running: 1 },
      sentence: /^is being stopped \(somebody cancelled it\); 1 node that runs was asked to$/,
      bound: NONE,
    },
    closing: {
      begin: async () => {
        const handle = await graph(
          [
            { id: 'bad', task: 'broken' },
            { id: 'after', task: 'noop', dependsOn: ['bad'], trigger: 'all_success' },
          ],
          { hooks: { pre: [], post: ['slow'] } },
        );
        await until(() => gates.has('post bad'));
        open('post bad');
        await until(() => gates.has('post after'));
        return handle.executionId;
      },
      reason: { kind: 'closing' },
      sentence: /^all nodes have ended; hooks/,
      bound: NONE,
    },
  };

  /** The same reasons, brought about in other ways. */
  const more: Record<string, Case> = {
    'retry, the wait kept by the server': {
      begin: async () => {
        const retry = { strategy: 'FIXED_DELAY', delay: '50s', maxRetries: 1 } as const;
        const { executionId } = await graph([{ id: 'a', task: 'fail', retry, totalTimeout: '1h' }]);
        return `${executionId}/a`;
      },
      reason: {
        kind: 'retry',
        attempt: 1,
        of: 2,
        keptBy: 'server',
        error: { code: 'AskedToFail' },
      },
      sentence: /the next one starts in .* the server keeps the wait, so a soft pause/,
      bound: { by: 'totalTimeout', then: 'TIMEOUT' },
    },
    'paused, one node': {
      begin: async () => {
        const handle = await graph([
          { id: 'b', ...long },
          { id: 'a', task: 'noop', dependsOn: ['b'] },
        ]);
        await handle.node('a').pause({ by: 'bob' });
        return `${handle.executionId}/a`;
      },
      reason: { kind: 'paused', scope: 'node', by: 'bob', note: null },
      sentence: /^is paused by bob since 20\S+Z$/,
      bound: NONE,
    },
    'paused, the execution as a whole': {
      begin: async () => {
        const handle = await graph([{ id: 'b', ...long }]);
        await handle.pause({ by: 'eve' });
        return handle.executionId;
      },
      reason: { kind: 'paused', scope: 'graph', by: 'eve' },
      sentence: /^the whole graph is paused by eve since/,
      bound: NONE,
    },
    'queue, with a worker that is busy': {
      begin: async () => {
        const queue = queues.busy;
        const first = await graph([{ id: 'first', ...long, queue }]);
        await until(async () => (await first.node('first').status()).status === 'RUNNING');
        const { executionId } = await graph([{ id: 'a', ...long, queue, queueTimeout: null }]);
        return `${executionId}/a`;
      },
      reason: { kind: 'queue', pollers: 1, backlog: 1 },
      sentence: /^waits for a worker, for .+: 1 worker polls the queue \S+-busy, 1 wait there/,
      bound: NONE,
    },
    'limit, behind other graphs': {
      begin: async () => {
        const limit = { key: `${key}-shared`, max: 2 };
        const has = await graph(['a', 'b'].map((id) => ({ id, ...long, limit })));
        await until(async () => (await has.status()).counts.RUNNING === 2);
        const first = await graph([{ id: 'a', ...long, limit }]);
        await until(async () => (await first.node('a').status()).reason === 'limit');
        const { executionId } = await graph([{ id: 'a', ...long, limit, priority: 'LOW' }]);
        return `${executionId}/a`;
      },
      reason: { kind: 'limit', inUse: 2, max: 2, place: 2 },
      sentence: /: 2 of 2 taken, place 2 in line/,
      bound: NONE,
    },
    'circuit, opened by hand': {
      begin: async () => {
        await harness.engine.circuits.open('erp');
        const { executionId } = await graph([{ id: 'a', task: 'noop', circuit: 'erp' }]);
        return `${executionId}/a`;
      },
      reason: { kind: 'circuit', name: 'erp', mode: 'open', forced: true, openUntil: null },
      sentence: /^is held: somebody opened the circuit erp, until it is closed by hand/,
      bound: NONE,
    },
    'children, a sub-graph': {
      begin: async () => {
        const inner = {
          name: 'inner',
          tasks: [
            { id: 'x', ...long },
            { id: 'y', task: 'noop', dependsOn: ['x'] },
          ],
        };
        const { executionId } = await graph([{ id: 'sub', graph: inner }]);
        return `${executionId}/sub`;
      },
      reason: { kind: 'children', what: 'graph', done: 0, total: 2, running: 1 },
      sentence: /^0 of its 2 nodes have ended, 1 run/,
      bound: NONE,
    },
    'window, of the items of a map': {
      begin: async () => {
        const map = { over: [1, 2, 3], concurrency: 2 };
        const { executionId } = await graph([{ id: 'items', ...long, map }]);
        return `${executionId}/items/2`;
      },
      reason: { kind: 'window', running: 2, concurrency: 2, place: 1 },
      sentence: /^waits for a place in the graph's window: 2 of 2 run, place 1 in line/,
      bound: NONE,
    },
    'no worker, after it had begun': {
      begin: async () => {
        const taskQueue = `${harness.taskQueue}-gone`;
        const worker = await harness.startWorker({ taskQueue });
        const id = await elsewhere(taskQueue, { name: 'left', tasks: [{ id: 'a', ...long }] });
        const handle = harness.engine.handle(id);
        await until(async () => (await handle.node('a').status()).status === 'RUNNING');
        await worker.shutdown();
        return id;
      },
      reason: { kind: 'no_worker', begun: true },
      sentence: /^no worker answers: /,
      bound: NONE,
    },
  };

  it.each([...Object.entries(cases), ...Object.entries(more)])(
    '%s: told by the engine and by the command line alike',
    async (_kind, its) => {
      const id = await its.begin();
      let found: Explanation | undefined;
      const matches = (explanation: Explanation): boolean => {
        try {
          expect(reasonIn(explanation, id)).toMatchObject({ reason: its.reason });
          return true;
        } catch {
          return false;
        }
      };
      await until(async () =>
        matches((found = await harness.engine.explain(id).catch(missing))),
      ).catch(() => undefined);
      const told = reasonIn(found as Explanation, id);
      expect(told.reason).toMatchObject(its.reason);
      expect(told.sentence).toMatch(its.sentence);
      if (its.bound === null) expect(told.bound).toBeNull();
      else if (its.bound) expect(told.bound).toMatchObject(its.bound);

      const json = JSON.parse(await cli('explain', id, '--json')) as Explanation;
      expect(reasonIn(json, id).reason).toMatchObject(its.reason);
      const [, sentence = '', bound = ''] = (await cli('explain', id)).split('\n');
      expect(sentence.trim()).toMatch(its.sentence);
      if (told.reason.kind !== 'ended')
        expect(bound).toContain(its.bound === null ? 'no bound is set' : 'at most');
    },
  );
});

function reasonIn(
  { executionId, reasons, sentence, bound, nodes }: Explanation,
  id: string,
): Pick<NodeExplanation, 'sentence' | 'bound'> & { reason: Reason } {
  const [only] = nodes;
  if (id !== executionId && only) return only;
  const [reason] = reasons;
  if (!reason) throw new Error(`nothing is said of ${id}`);
  return { reason, sentence, bound };
}
