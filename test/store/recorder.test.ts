import { expect, it } from '@jest/globals';
import pino from 'pino';
import { Recorder } from '../../src/activities/recorder.js';
import type { ExecutionWrite } from '../../src/store/execution-row.js';
import { describeDatabases } from '../support/databases.js';

const T = Date.UTC(2026, 2, 14, 9, 30);
const RUN = { id: 'run-1', startedAt: T };

describeDatabases('Recorder', (database) => {
  const setup = async () => {
    const store = await database.fresh();
    const recorder = new Recorder(store, pino({ level: 'silent' }));
    const write = (rest: Partial<ExecutionWrite>): ExecutionWrite => ({
      ...{ executionId: 'a', kind: 'task', sequence: recorder.next(), run: RUN, createdAt: T },
      ...rest,
    });
    return { store, recorder, write };
  };

  it('does not let a late live state take the place of an end that waits', async () => {
    const { store, recorder, write } = await setup();
    recorder.record(write({ status: 'COMPLETED', endedAt: T + 5, attempts: 1 }));
    recorder.record(write({ status: 'RUNNING', attempts: 1 }));
    recorder.record(write({ progress: { done: 1 } }));
    await recorder.flush();
    await expect(store.executions.get('a')).resolves.toMatchObject({
      ...{ status: 'COMPLETED', endedAt: T + 5, progress: null },
    });
  });

  it('leaves the greater of two ends that wait, whichever came first', async () => {
    const { store, recorder, write } = await setup();
    recorder.record(write({ status: 'COMPLETED', sequence: T + 9, attempts: 2, endedAt: T + 9 }));
    recorder.record(write({ status: 'FAILED', sequence: T + 8, attempts: 1, endedAt: T + 10 }));
    await recorder.flush();
    await expect(store.executions.get('a')).resolves.toMatchObject({
      ...{ status: 'COMPLETED', attempts: 2, endedAt: T + 9 },
    });
  });

  it('keeps two runs of an id apart: nothing of the first is said of the second', async () => {
    const { store, recorder, write } = await setup();
    const second = { id: 'run-2', startedAt: T + 60 };
    recorder.record(write({ status: 'COMPLETED', endedAt: T + 50, output: { json: 'first' } }));
    recorder.record(write({ status: 'RUNNING', run: second, createdAt: T + 60 }));
    await recorder.flush();
    await expect(store.executions.get('a')).resolves.toMatchObject({
      ...{ runId: 'run-2', status: 'RUNNING', endedAt: null, output: null },
    });
    await expect(store.stats.getExecutionStats({})).resolves.toMatchObject({ successful: 1 });
  });

  it('writes a draft with the next batch, unless it was withdrawn', async () => {
    const { store, recorder, write } = await setup();
    const begun = write({ status: 'RUNNING' });
    recorder.draft(() => begun);
    recorder.draft(() => ({ ...begun, executionId: 'b' })).withdraw();
    await recorder.flush();
    await expect(store.executions.get('a')).resolves.toMatchObject({ status: 'RUNNING' });
    await expect(store.executions.get('b')).resolves.toBeUndefined();
  });

  it('does not let a draft, put together late, say more than what was said after it', async () => {
    const { store, recorder, write } = await setup();
    const begun = write({
      ...{ status: 'RUNNING', startedAt: T + 1 },
      statusHistory: [{ status: 'RUNNING', at: T + 1, attempt: 1 }],
    });
    recorder.draft(() => begun);
    recorder.record(
      write({
        status: 'RETRYING',
        statusHistory: [{ status: 'RETRYING', at: T + 3, attempt: 1, reason: 'retry' }],
      }),
    );
    await recorder.flush();
    const row = await store.executions.get('a');
    expect(row).toMatchObject({ status: 'RETRYING', startedAt: T + 1 });
    expect(row?.statusHistory.map(({ status }) => status)).toEqual(['RUNNING', 'RETRYING']);
  });

  it('loses nothing else for a draft that cannot be made, or a write that comes to no JSON', async () => {
    const { store, recorder, write } = await setup();
    const circle: Record<string, unknown> = {};
    circle['circle'] = circle;
    recorder.draft(() => {
      throw new TypeError('Do not know how to serialize a BigInt');
    });
    recorder.record(write({ executionId: 'bad', status: 'RUNNING', metadata: circle as never }));
    recorder.record(write({ status: 'RUNNING' }));
    await recorder.flush();
    recorder.record(write({ executionId: 'later', status: 'RUNNING' }));
    await recorder.flush();
    const kept = ['a', 'later', 'bad'].map((id) => store.executions.get(id));
    expect((await Promise.all(kept)).map((row) => row?.status)).toEqual([
      'RUNNING',
      'RUNNING',
      undefined,
    ]);
  });
});
