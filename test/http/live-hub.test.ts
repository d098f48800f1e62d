import type { ExecutionUpdate, TaskEngine } from '../../src/client.js';
import { LiveHub, type Patience } from '../../src/http/live-hub.js';
import type { Status } from '../../src/domain/status.js';
import { until } from '../support/until.js';

/** An engine whose one execution goes on as the test says. */
function scene(patience?: Patience) {
  let waiting: { signal: AbortSignal; resolve: (update: ExecutionUpdate) => void }[] = [];
  const looks: ExecutionUpdate[] = [];
  let opened = 0;
  let stopped = 0;
  let failure: Error | undefined;
  const engine = {
    open: () => {
      opened++;
      return Promise.resolve({
        async *watch({ signal }: { signal: AbortSignal }) {
          signal.addEventListener('abort', () => stopped++);
          for (;;) {
            if (failure) throw failure;
            yield (
              looks.shift() ??
              (await new Promise<ExecutionUpdate>((resolve) => waiting.push({ signal, resolve })))
            );
          }
        },
      });
    },
  } as unknown as TaskEngine;
  const look = (status: Status, nodes: Record<string, Status>): void => {
    const changed = Object.entries(nodes).map(([id, one]) => ({
      ...{ id, task: 't', status: one, attempts: 0, maxRetries: 0 },
    }));
    const update = { status, counts: {}, total: 2, startedAt: '', changed } as ExecutionUpdate;
    waiting = waiting.filter(({ signal }) => !signal.aborted);
    const wanted = waiting.shift();
    if (wanted) wanted.resolve(update);
    else looks.push(update);
  };
  return {
    hub: new LiveHub(engine, patience),
    look,
    fail: (error: Error | undefined) => void (failure = error),
    counts: () => ({ opened, stopped }),
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const seen = ({ status, changed }: ExecutionUpdate): unknown => [
  status,
  Object.fromEntries(changed.map((node) => [node.id, node.status])),
];
const next = async (updates: AsyncGenerator<ExecutionUpdate>): Promise<unknown> => {
  const { value, done } = (await updates.next()) as IteratorResult<ExecutionUpdate, undefined>;
  return done ? 'end' : seen(value);
};

describe('LiveHub', () => {
  it('gives whoever comes later the whole state first', async () => {
    const { hub, look, counts } = scene();
    const gone = new AbortController();
    const first = hub.watch('e', gone.signal);
    look('RUNNING', { a: 'RUNNING', b: 'PENDING' });
    expect(await next(first)).toEqual(['RUNNING', { a: 'RUNNING', b: 'PENDING' }]);
    look('RUNNING', { a: 'COMPLETED' });
    expect(await next(first)).toEqual(['RUNNING', { a: 'COMPLETED' }]);
    const second = hub.watch('e', gone.signal);
    expect(await next(second)).toEqual(['RUNNING', { a: 'COMPLETED', b: 'PENDING' }]);
    expect({ pollers: hub.pollers, ...counts() }).toMatchObject({ pollers: 1, opened: 1 });
  });

  it('tells a look that found nothing new only now and then, as a sign of life', async () => {
    const told = async (quietMs: number) => {
      const { hub, look } = scene({ lookMs: 60_000, againMs: 0, quietMs });
      const updates = hub.watch('e', new AbortController().signal);
      look('RUNNING', { a: 'RUNNING' });
      expect(await next(updates)).toEqual(['RUNNING', { a: 'RUNNING' }]);
      look('RUNNING', {});
      const second = next(updates);
      await settled();
      look('PAUSED', {});
      return await second;
    };
    expect(await told(60_000)).toEqual(['PAUSED', {}]);
    expect(await told(0)).toEqual(['RUNNING', {}]);
  });

  it('merges what a slow reader has not taken, and keeps no old state', async () => {
    const { hub, look } = scene();
    const updates = hub.watch('e', new AbortController().signal);
    look('RUNNING', { a: 'PENDING', b: 'PENDING' });
    await next(updates);
    for (const status of ['SCHEDULED', 'RUNNING', 'COMPLETED'] as const) {
      look('RUNNING', { a: status });
      await settled();
    }
    look('COMPLETED', { b: 'COMPLETED' });
    await settled();
    expect(await next(updates)).toEqual(['COMPLETED', { a: 'COMPLETED', b: 'COMPLETED' }]);
    expect(await next(updates)).toBe('end');
  });

  it('stops its poller with the last reader, and starts another for the next', async () => {
    const { hub, look, counts } = scene();
    const readers = [new AbortController(), new AbortController()];
    const updates = readers.map(({ signal }) => hub.watch('e', signal));
    look('RUNNING', { a: 'RUNNING' });
    for (const one of updates) await next(one);
    readers[0]?.abort();
    expect(await next(updates[0] as AsyncGenerator<ExecutionUpdate>)).toBe('end');
    expect({ pollers: hub.pollers, ...counts() }).toEqual({ pollers: 1, opened: 1, stopped: 0 });
    readers[1]?.abort();
    expect(await next(updates[1] as AsyncGenerator<ExecutionUpdate>)).toBe('end');
    expect({ pollers: hub.pollers, ...counts() }).toEqual({ pollers: 0, opened: 1, stopped: 1 });
    const again = hub.watch('e', new AbortController().signal);
    const first = next(again);
    expect(counts().opened).toBe(2);
    look('COMPLETED', {});
    look('COMPLETED', {});
    expect(await first).toEqual(['COMPLETED', {}]);
  });

  it('tells every reader what went wrong', async () => {
    const { hub, look, fail } = scene({ lookMs: 60_000, againMs: 0, quietMs: 60_000 });
    const updates = [1, 2].map(() => hub.watch('e', new AbortController().signal));
    look('RUNNING', {});
    for (const one of updates) await next(one);
    const both = updates.map((one) => next(one));
    fail(new Error('no worker'));
    look('RUNNING', {});
    const results = await Promise.allSettled(both);
    const more = await Promise.allSettled(updates.map((one) => next(one)));
    expect([...results, ...more].filter(({ status }) => status === 'rejected')).toHaveLength(2);
    expect(hub.pollers).toBe(0);
  });

  it('looks again where a look fails: no reader is told, and each gets the end', async () => {
    const { hub, look, fail, counts } = scene({ lookMs: 60_000, againMs: 0, quietMs: 60_000 });
    const updates = [1, 2].map(() => hub.watch('e', new AbortController().signal));
    look('RUNNING', { a: 'RUNNING' });
    for (const one of updates) await next(one);
    const ends = updates.map((one) => next(one));
    fail(new Error('Workflow Task in failed state'));
    look('RUNNING', { b: 'PENDING' }); // the look after it fails
    await Promise.all(ends);
    fail(undefined);
    look('COMPLETED', { a: 'COMPLETED' });
    for (const one of updates) expect(await next(one)).toEqual(['COMPLETED', { a: 'COMPLETED' }]);
    expect(counts().opened).toBeGreaterThan(1);
  });

  it('asks again where nobody answers, so that the last update is not lost', async () => {
    const { hub, look, counts } = scene({ lookMs: 20, againMs: 0, quietMs: 60_000 });
    const updates = hub.watch('e', new AbortController().signal);
    look('RUNNING', { a: 'RUNNING' });
    await next(updates);
    const end = next(updates);
    await until(() => counts().opened === 2, 'another look');
    look('COMPLETED', { a: 'COMPLETED' });
    expect(await end).toEqual(['COMPLETED', { a: 'COMPLETED' }]);
  });
});
