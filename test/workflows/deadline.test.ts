import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';

const tellsTime = defineTask({
  name: 'tells-time',
  run: (_input, { deadline }) => deadline.getTime() - Date.now(),
});

const untilAsked = defineTask({
  name: 'until-asked',
  run: (_input, { signal }) =>
    new Promise<never>((_done, failed) => {
      signal.addEventListener('abort', () => failed(signal.reason as Error));
    }),
});

describe("a graph's deadline", () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness({ tasks: [tellsTime, untilAsked] })));
  afterAll(() => harness.stop());

  it('is what is left of the time for a node, in a sub-graph and a map too', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'timed',
      deadline: '2m',
      tasks: [
        { id: 'a', task: 'tells-time', timeout: '1h' },
        { id: 'm', task: 'tells-time', map: { over: [1] } },
        { id: 's', graph: { name: 'inner', tasks: [{ id: 'x', task: 'tells-time' }] } },
      ],
    });
    const { a, m, s } = (await handle.resultOrThrow()).output as {
      a: number;
      m: number[];
      s: { x: number };
    };
    for (const left of [a, m[0], s.x]) {
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(120_000);
    }
  });

  it('keeps a node from starting that could not be done by then, and says so', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'short',
      deadline: '2m',
      tasks: [{ id: 'long', task: 'noop', expectedDuration: '10m' }],
    });
    const { status, nodes } = await handle.result();
    expect({ status, node: nodes['long'] }).toMatchObject({
      node: { status: 'TIMEOUT', reason: 'deadline', attempts: 0 },
    });
    expect(nodes['long']?.error?.message).toMatch(
      /usually runs for 600000 ms, and the deadline is in/,
    );
  });

  it('is missed by a graph whose last attempt is asked to stop a moment before it', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'stopped',
      deadline: '2s',
      tasks: [
        { id: 'a', task: 'noop' },
        { id: 'b', task: 'until-asked' },
      ],
    });
    const { status, nodes } = await handle.result();
    expect({ status, b: nodes['b'] }).toMatchObject({
      status: 'TIMEOUT',
      b: { status: 'TIMEOUT', reason: 'deadline' },
    });
  });

  it.each([
    ['its own time-out', { timeout: '1s' }, /not done within 1000 ms; /],
    ['totalTimeout', { totalTimeout: '1s' }, /not done when totalTimeout had passed; /],
    ['the deadline', { deadline: '1s' }, /not done at the deadline of its graph; /],
  ])('is told from the other bounds of an attempt: %s', async (_what, said, text) => {
    const { deadline, ...node } = said as { deadline?: string };
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'bounded',
      tasks: [{ id: 'b', task: 'until-asked', retry: 'NONE', ...node }],
      ...(deadline === undefined ? {} : { deadline }),
    });
    const { nodes } = await handle.result();
    expect(nodes['b']?.status).toBe('TIMEOUT');
    expect(nodes['b']?.error?.message).toMatch(text);
  });

  it('ends a node whose next attempt would come after it', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'late',
      deadline: '2m',
      tasks: [
        {
          id: 'a',
          task: 'fail',
          input: { times: 1 },
          retry: { strategy: 'FIXED_DELAY', delay: '5m' },
        },
      ],
    });
    const { nodes } = await handle.result();
    expect(nodes['a']).toMatchObject({ status: 'TIMEOUT', attempts: 1 });
    expect(nodes['a']?.error?.message).toMatch(
      /no time left for another attempt|after the deadline/,
    );
  });
});
