import type { ReasonKind } from '../../src/domain/explain.js';
import {
  DEADLINE,
  ExplainScene,
  hasGate,
  long,
  openGate,
  type Case,
} from '../support/explain-scene.js';
import { until } from '../support/until.js';

describe('explain', () => {
  let scene: ExplainScene;
  beforeAll(async () => void (scene = await ExplainScene.start()));
  afterAll(() => scene.stop());

  const circuit = { name: 'crm', failures: 1, minCalls: 1, openFor: '1h' };

  /** TypeScript refuses a reason without a case. */
  const cases: Record<ReasonKind, Case> = {
    dependencies: {
      begin: async () => {
        const { executionId } = await scene.graph([
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
          { nodeId: 'slow', status: 'RUNNING', reason: null },
          { nodeId: 'after', status: 'PENDING', reason: 'dependencies' },
        ],
      },
      sentence: /^waits for 2 of 3 dependencies: slow \(RUNNING\), after \(PENDING, dependencies\)/,
      bound: null,
    },
    limit: {
      begin: async () => {
        const limit = { key: scene.key, max: 1 };
        const { executionId } = await scene.graph(
          ['a', 'b', 'c'].map((id) => ({ id, ...long, limit })),
        );
        return `${executionId}/c`;
      },
      reason: {
        kind: 'limit',
        key: expect.stringMatching(/^key-/) as string,
        weight: 1,
        inUse: 1,
        max: 1,
        place: 2,
      },
      sentence: /^waits for a place in the limit key-\S+: 1 of 1 taken, place 2 in line/,
      bound: null,
    },
    window: {
      begin: async () => {
        const tasks = ['a', 'b', 'c'].map((id) => ({ id, ...long }));
        const { executionId } = await scene.graph(tasks, { concurrency: 1, deadline: '2h' });
        return `${executionId}/c`;
      },
      reason: { kind: 'window', running: 1, concurrency: 1, place: 2 },
      sentence: /^waits for a place in the graph's window: 1 of 1 run, place 2 in line/,
      bound: DEADLINE,
    },
    circuit: {
      begin: async () => {
        const { executionId } = await scene.graph([
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
      bound: null,
    },
    start_time: {
      begin: async () => {
        const { executionId } = await scene.graph([
          { id: 'later', task: 'noop', scheduledTime: '1h' },
        ]);
        return `${executionId}/later`;
      },
      reason: { kind: 'start_time', inMs: expect.any(Number) as number },
      sentence: /^starts in (1 h|\d\d\.?\d* min), at 20/,
      bound: null,
    },
    retry: {
      begin: async () => {
        const retry = { strategy: 'FIXED_DELAY', delay: '2h', maxRetries: 3 } as const;
        const { executionId } = await scene.graph([{ id: 'again', task: 'fail', retry }]);
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
      bound: null,
    },
    paused: {
      begin: async () => {
        const handle = await scene.graph([{ id: 'a', task: 'noop', scheduledTime: '1s' }]);
        await handle.pause({ by: 'ada', note: 'month end' });
        return `${handle.executionId}/a`;
      },
      reason: { kind: 'paused', scope: 'graph', by: 'ada', note: 'month end' },
      sentence: /^the whole graph is paused by ada since 20\S+Z: month end/,
      bound: null,
    },
    no_handler: {
      begin: async () => {
        const { executionId } = await scene.graph([
          { id: 'odd', task: 'deaf', input: 'x', queue: scene.queues.stranger },
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
        const first = await scene.graph([{ id: 'first', ...same }]);
        await until(async () => (await first.node('first').status()).status === 'RUNNING');
        const { executionId } = await scene.graph([{ id: 'second', ...same }]);
        return `${executionId}/second`;
      },
      reason: { kind: 'coalesced', looksAgainAt: expect.any(String) as string },
      sentence: /^waits for another node that does the same work/,
      bound: null,
    },
    queue: {
      begin: async () => {
        const queue = scene.queues.nobody;
        const { executionId } = await scene.graph([
          { id: 'a', ...long, queue, queueTimeout: '3h' },
        ]);
        return `${executionId}/a`;
      },
      reason: { kind: 'queue', pollers: 0, waitedMs: expect.any(Number) as number },
      sentence: /^waits for a worker, for .+: nobody polls the queue \S+-nobody/,
      bound: { by: 'queueTimeout', then: 'TIMEOUT' },
    },
    preparing: {
      begin: async () => {
        const { executionId } = await scene.graph([{ id: 'a', ...long }], {
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
        const { executionId } = await scene.graph([{ id: 'a', ...long, timeout: '30m' }]);
        return `${executionId}/a`;
      },
      reason: { kind: 'running', attempt: 1, of: 4 },
      sentence: /^runs since 20\S+Z, attempt 1 of 4/,
      bound: { by: 'timeout', then: 'retry' },
    },
    result: {
      begin: async () => {
        const { executionId } = await scene.graph([
          { id: 'a', task: 'made', input: 'a result', result: { async: true } },
        ]);
        await until(() => hasGate('a result'));
        return `${executionId}/a`;
      },
      reason: { kind: 'result' },
      sentence: /^has done its work, and its result is being made/,
      bound: null,
    },
    approval: {
      begin: async () => {
        const approval = { message: 'Ship it?', by: ['ada', 'bob'], timeout: '1d' };
        const { executionId } = await scene.graph([{ id: 'ask', approval }]);
        return `${executionId}/ask`;
      },
      reason: { kind: 'approval', message: 'Ship it?', from: ['ada', 'bob'] },
      sentence: /^waits since 20\S+Z for an answer from ada, bob: Ship it\?/,
      bound: { by: 'approvalTimeout', then: 'TIMEOUT' },
    },
    children: {
      begin: async () => {
        const map = { over: [1, 2, 3], concurrency: 2 };
        const { executionId } = await scene.graph([{ id: 'items', ...long, map }]);
        return `${executionId}/items`;
      },
      reason: { kind: 'children', what: 'map', done: 0, total: 3, running: 2 },
      sentence: /^0 of its 3 items have ended, 2 run/,
      bound: null,
    },
    ended: {
      begin: async () => {
        const handle = await scene.graph([
          { id: 'bad', task: 'broken' },
          { id: 'after', task: 'noop', dependsOn: ['bad'] },
        ]);
        await handle.result();
        return `${handle.executionId}/after`;
      },
      reason: { kind: 'ended', status: 'SKIPPED', reason: 'upstream_failed', after: 'bad' },
      sentence: /^was skipped: a dependency failed \(bad\)$/,
      bound: null,
    },
    nodes: {
      begin: async () => {
        const tasks = [
          { id: 'b', ...long },
          { id: 'a', task: 'noop' },
          { id: 'c', task: 'noop', dependsOn: ['b'] },
        ];
        return (await scene.graph(tasks, { deadline: '2h' })).executionId;
      },
      reason: { kind: 'nodes', ended: 1, running: 1, waiting: 1, total: 3 },
      sentence: /^1 of 3 nodes have ended, 1 run, 1 wait$/,
      bound: DEADLINE,
    },
    awaits: {
      begin: async () => {
        const other = await scene.graph([{ id: 'a', ...long }]);
        const handle = await scene.graph(
          [{ id: 'a', task: 'noop' }],
          { name: 'behind' },
          { dependencies: [other.executionId] },
        );
        return handle.executionId;
      },
      reason: { kind: 'awaits', done: 0, total: 1, executions: [{ status: null }] },
      sentence: /^waits for 1 of 1 other execution: waits-/,
      bound: { by: 'dependencyTimeout', then: 'TIMEOUT' },
    },
    start_delay: {
      begin: async () => {
        const { executionId } = await scene.graph(
          [{ id: 'a', task: 'noop' }],
          { name: 'tomorrow' },
          { scheduledTime: '1d' },
        );
        return executionId;
      },
      reason: { kind: 'start_delay', inMs: expect.any(Number) as number },
      sentence: /^starts in (1 d|2[34]\.?\d* h), at 20/,
      bound: null,
    },
    no_worker: {
      begin: () =>
        scene.elsewhere(scene.queues.nobody, { name: 'alone', tasks: [{ id: 'a', task: 'noop' }] }),
      reason: { kind: 'no_worker', begun: false, pollers: 0 },
      sentence: /^no worker has picked it up for .*: nobody polls the queue \S+-nobody$/,
      bound: null,
    },
    planning: {
      begin: () =>
        scene.elsewhere(scene.queues.planless, {
          name: 'large',
          tasks: [{ id: 'a', task: 'noop', input: 'x'.repeat(400_000) }],
        }),
      reason: { kind: 'planning', since: expect.any(String) as string },
      sentence: /^a worker checks its spec/,
      bound: null,
    },
    stopping: {
      begin: async () => {
        const handle = await scene.graph([{ id: 'a', task: 'deaf', input: 'stopping' }]);
        await until(() => hasGate('stopping'));
        await handle.cancel();
        return handle.executionId;
      },
      reason: { kind: 'stopping', why: 'cancelled', running: 1, cleanUp: 0 },
      sentence: /^is being stopped \(somebody cancelled it\); 1 node that runs was asked to$/,
      bound: null,
    },
    outcome_unknown: {
      begin: async () => {
        const { executionId } = await scene.graph([
          { id: 'pay', ...long, timeout: 1_000, onUnknown: 'ask' },
        ]);
        return `${executionId}/pay`;
      },
      reason: { kind: 'outcome_unknown', attempt: 1, error: { code: 'TIMEOUT' } },
      sentence:
        /^nobody knows whether attempt 1 did its work \(TIMEOUT: .*; somebody has to say so$/,
      bound: null,
    },
    undoing: {
      begin: async () => {
        const { executionId } = await scene.graph([
          { id: 'book', task: 'echo', input: 'undo', compensate: 'deaf' },
          { id: 'pay', task: 'broken', dependsOn: ['book'] },
        ]);
        return executionId;
      },
      reason: { kind: 'undoing', done: 0, total: 1, nodeId: 'book', task: 'deaf', pollers: 1 },
      sentence:
        /^all nodes have ended, and what they did is being undone: 0 of 1 so far, now book by deaf$/,
      bound: null,
    },
    closing: {
      begin: async () => {
        const handle = await scene.graph(
          [
            { id: 'bad', task: 'broken' },
            { id: 'after', task: 'noop', dependsOn: ['bad'], trigger: 'all_success' },
          ],
          { hooks: { pre: [], post: ['slow'] } },
        );
        await until(() => hasGate('post bad'));
        openGate('post bad');
        await until(() => hasGate('post after'));
        return handle.executionId;
      },
      reason: { kind: 'closing' },
      sentence: /^all nodes have ended; hooks/,
      bound: null,
    },
  };

  it.each(Object.entries(cases))(
    'tells by engine and command line alike: %s',
    async (_kind, its) => {
      await scene.prove(its);
    },
  );
});
