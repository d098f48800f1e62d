/** What people ask of a graph at a bad moment: twice, of what is about to end, before it begins, while it is undone. */
import { z } from 'zod';
import type { ExecutionHandle, GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { Gates } from '../support/gates.js';
import { until } from '../support/until.js';

const ASKED = { reason: 'the race', by: 'ada' };
const gates = new Gates();
const { gated } = gates;
const ran: string[] = [];

const flaky = defineTask({
  name: 'flaky',
  run: (_input, { executionId, attempt, checkpoint, lastCheckpoint }) => {
    ran.push(`${executionId} ${attempt} ${JSON.stringify(lastCheckpoint() ?? null)}`);
    checkpoint({ done: attempt });
    throw new Error('not yet');
  },
});
const typed = defineTask<{ gate: string }, { n: number }>({
  name: 'typed',
  output: z.object({ n: z.number() }),
  run: async ({ gate }, { signal }) => {
    await gates.passed(gate, signal);
    return { n: 1 };
  },
});
const slowUndo = defineTask({
  name: 'slow-undo',
  run: () => gates.passed('undo'),
});
const tick = defineTask({ name: 'tick', run: () => null });

describe('at a bad moment', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ tasks: [gated, flaky, typed, slowUndo, tick] });
  });
  afterAll(() => harness.stop());

  const run = (tasks: object[], more: object = {}, submit: object = {}) => {
    const spec = { name: 'races', ...more, tasks: tasks as GraphSpec['tasks'] };
    return harness.engine.scheduleTaskGraph(spec, submit);
  };
  const at = (handle: ExecutionHandle, id: string, wanted: string) =>
    until(async () => {
      const view = await handle
        .node(id)
        .status()
        .catch(() => undefined); // not planned yet
      return view?.status === wanted;
    }, `${id} ${wanted}`);
  const never = { task: 'gated', input: { gate: 'never' } };

  it('the first of two people wins, and the second is told what is about to happen', async () => {
    const handle = await run([
      { id: 'completed', ...never },
      { id: 'cancelled', ...never },
    ]);
    const [completed, cancelled] = [handle.node('completed'), handle.node('cancelled')];
    await Promise.all([at(handle, 'completed', 'RUNNING'), at(handle, 'cancelled', 'RUNNING')]);
    expect(await completed.complete(1, ASKED)).toMatchObject({ success: true });
    for (const answer of [await completed.cancel(), await completed.pause(ASKED)])
      expect(answer).toEqual({
        success: false,
        message: expect.stringMatching(
          /^completed is (about to end COMPLETED, as ada|already)/,
        ) as string,
      });
    expect(await cancelled.cancel()).toMatchObject({ success: true });
    expect(await cancelled.fail('no', ASKED)).toMatchObject({ success: false });
    const { nodes } = await handle.result();
    expect([nodes['completed']?.status, nodes['cancelled']?.status]).toEqual([
      'COMPLETED',
      'CANCELLED',
    ]);
  });

  it('a pause and an end by hand keep the attempts and the checkpoint of a wait that the server keeps', async () => {
    const retry = { strategy: 'FIXED_DELAY', delay: '50s', maxRetries: 1 };
    const handle = await run([
      { id: 'paused', task: 'flaky', retry },
      { id: 'ended', task: 'flaky', retry },
    ]);
    await Promise.all([at(handle, 'paused', 'RETRYING'), at(handle, 'ended', 'RETRYING')]);
    await handle.node('ended').complete(1, ASKED);
    await handle.node('paused').pause({ ...ASKED, mode: 'hard' });
    await at(handle, 'paused', 'PAUSED');
    expect((await handle.node('paused').status()).attempts).toBe(1);
    await handle.node('paused').resume(ASKED);
    const { nodes } = await handle.result();
    expect(nodes['ended']).toMatchObject({ status: 'COMPLETED', attempts: 1 });
    expect(nodes['ended']?.attemptHistory).toHaveLength(1);
    expect(nodes['paused']).toMatchObject({ status: 'FAILED', attempts: 2 });
    const id = `${handle.executionId}/paused`;
    expect(ran.filter((one) => one.startsWith(id))).toEqual([`${id} 1 null`, `${id} 2 {"done":1}`]);
  });

  it('what is being undone can be neither paused nor cancelled, and says so', async () => {
    const handle = await run([
      { id: 'a', task: 'echo', input: 1, compensate: 'slow-undo' },
      { id: 'b', task: 'fail', dependsOn: ['a'], retry: 'NONE' },
    ]);
    await until(async () => (await handle.status()).undoing !== undefined, 'the undo');
    const answers = [await handle.pause(ASKED), await handle.cancel()];
    expect(answers.map(({ success }) => success)).toEqual([false, false]);
    expect(answers[1]?.message).toMatch(/is undoing what it did, which no cancel cuts short/);
    expect((await handle.status()).status).toBe('RUNNING');
    gates.open('undo');
    expect((await handle.result()).status).toBe('FAILED');
  });

  it('an execution whose nodes were all ended by hand before it began has ended, though what it waits for runs on', async () => {
    const first = await run([{ id: 'g', ...never }]);
    const second = await run(
      [{ id: 'n', task: 'echo' }],
      {},
      { dependencies: [first.executionId] },
    );
    await until(async () => (await second.status()).total === 1, 'its plan');
    expect(await second.node('n').complete(1, ASKED)).toMatchObject({ success: true });
    expect((await second.result()).status).toBe('COMPLETED');
    expect((await first.status()).status).toBe('RUNNING');
    await first.cancel();
  });

  it('a map is completed with a list of what its items give, and with nothing else', async () => {
    const map = { task: 'typed', map: { over: [1, 2] }, input: { gate: 'map' } };
    const handle = await run([
      { id: 'm', ...map },
      { id: 'other', ...map },
    ]);
    await Promise.all([at(handle, 'm', 'RUNNING'), at(handle, 'other', 'RUNNING')]);
    expect(await handle.node('m').complete([{ n: 5 }, { n: 6 }], ASKED)).toMatchObject({
      success: true,
    });
    const refused = [
      await handle.node('other').complete({ n: 5 }, ASKED),
      await handle.node('other').complete([{ n: 'five' }], ASKED),
    ];
    expect(refused.map(({ message }) => message)).toEqual([
      expect.stringContaining('the output of a map is a list'),
      expect.stringContaining('expected number'),
    ]);
    gates.open('map');
    const { nodes } = await handle.result();
    expect(nodes['m']?.output).toEqual([{ n: 5 }, { n: 6 }]);
  });

  it('explain names who paused, whatever else was asked of the node since', async () => {
    const handle = await run(
      [
        { id: 'g', task: 'gated', input: { gate: 'paused' } },
        { id: 'ready', task: 'noop' },
      ],
      { concurrency: 1 },
    );
    await at(handle, 'g', 'RUNNING');
    await handle.pause({ by: 'ada', reason: 'the database is down' });
    await handle.node('ready').setPriority('HIGH', { by: 'bob', reason: 'soon' });
    const { nodes } = await handle.node('ready').explain();
    expect(nodes[0]?.reason).toMatchObject({ kind: 'paused', scope: 'graph', by: 'ada' });
    await handle.cancel();
    await handle.result();
  });

  it('what was asked by a requestId has the same answer after the end, by engine and by handle', async () => {
    const handle = await run([{ id: 'n', task: 'noop', scheduledTime: '1h' }]);
    const id = `${handle.executionId}/n`;
    const once = { ...ASKED, requestId: 'once' };
    const answer = await harness.engine.completeNode(id, 1, once);
    expect(answer.success).toBe(true);
    await handle.result();
    expect(await harness.engine.completeNode(id, 1, once)).toEqual(answer);
    expect(await handle.node('n').complete(1, once)).toEqual(answer);
    expect(await harness.engine.completeNode(id, 1, { ...once, requestId: 'again' })).toEqual({
      success: false,
      message: `${id} has already ended (COMPLETED)`,
    });
  });

  it.each([
    ['a number that JSON cannot hold', { n: Number.NaN }, {}, /value\.n is NaN/],
    ['a key that is too long', 1, { requestId: 'q'.repeat(600) }, /requestId: expected 1 to 500/],
  ])('%s is refused before anything is asked', async (_title, value, more, says) => {
    const handle = await run([{ id: 'n', task: 'noop', scheduledTime: '1h' }]);
    await expect(handle.node('n').complete(value, { ...ASKED, ...more })).rejects.toThrow(says);
    await handle.cancel();
  });
});

describe('where no worker is left', () => {
  it('a verb says so, with the queue, and does not wait for ever', async () => {
    const harness = await startHarness({ tasks: [gated] });
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'alone',
      tasks: [{ id: 'n', task: 'noop', scheduledTime: '1h' }],
    });
    await until(async () => (await handle.status()).total === 1, 'its plan');
    await harness.worker.shutdown();
    await expect(handle.pause(ASKED)).rejects.toMatchObject({
      code: 'NO_WORKER',
      message: expect.stringContaining(harness.taskQueue) as string,
    });
    await harness.client.workflow.getHandle(handle.executionId).terminate();
    await harness.stop();
  });
});

describe('while a large graph goes on in new runs', () => {
  it('its nodes are there for whoever asks, and every verb is answered', async () => {
    const harness = await startHarness({
      tasks: [tick],
      ...{ maxNodesPerRun: 4, coordinatorEvents: 60 },
    });
    const ticks = Array.from({ length: 240 }, (_, nth) => ({
      ...{ id: `t${nth}`, task: 'tick', dependsOn: nth < 8 ? [] : [`t${nth - 8}`] },
    }));
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'many runs',
      tasks: [{ id: 'late', task: 'noop', scheduledTime: '1h' }, ...ticks],
    });
    await until(async () => (await handle.status()).total > 0, 'its plan');
    for (let nth = 0; ((await handle.status()).counts.COMPLETED ?? 0) < 240; nth++) {
      expect((await handle.node('late').status()).status).toBe('SCHEDULED');
      const priority = nth % 2 === 0 ? 'HIGH' : 'LOW';
      expect(await handle.node('late').setPriority(priority, ASKED)).toMatchObject({
        success: true,
      });
    }
    await handle.cancel();
    expect((await handle.result()).status).toBe('CANCELLED');
    await harness.stop();
  });

  it('a node can be waited for, and what an open circuit holds is said to be held by it', async () => {
    const harness = await startHarness({
      tasks: [tick, gated],
      ...{ maxNodesPerRun: 4, coordinatorEvents: 60 },
    });
    const name = `held-${harness.taskQueue}`;
    await harness.engine.circuits.open(name);
    const circuit = { name, failures: 1, openFor: '10m' };
    const ticks = Array.from({ length: 60 }, (_, nth) => ({
      ...{ id: `t${nth}`, task: 'tick', dependsOn: nth < 4 ? ['g'] : [`t${nth - 4}`] },
    }));
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'held',
      tasks: [
        { id: 'first', task: 'noop', circuit },
        { id: 'g', task: 'gated', input: { gate: name } },
        { id: 'second', task: 'noop', dependsOn: ['g'], circuit }, // the graph knows by then
        ...ticks,
      ],
    });
    const last = harness.engine.handle(`${handle.executionId}/t59`).result();
    await until(async () => {
      const view = await handle
        .node('first')
        .status()
        .catch(() => undefined);
      return view?.reason === 'circuit';
    }, 'the first in its circuit');
    gates.open(name);
    expect((await last).status).toBe('COMPLETED');
    expect(await handle.node('second').status()).toMatchObject({
      status: 'PENDING',
      reason: 'circuit',
    });
    await handle.cancel();
    await handle.result();
    await harness.stop();
  });
});
