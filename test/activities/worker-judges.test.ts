import { defineTask } from '../../src/registry.js';
import { createLogger } from '../../src/telemetry.js';
import { watchEventLoop } from '../../src/activities/event-loop.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const throws = (code: string) => () => {
  throw Object.assign(new Error('no'), { code });
};
const retry = { strategy: 'IMMEDIATE', maxRetries: 1 } as const;
const plain = defineTask({ name: 'plain', retry, run: throws('E_BILL') });
const other = defineTask({ name: 'other', retry, run: throws('E_OTHER') });
const own = defineTask({
  ...plain,
  name: 'own',
  classifyError: () => 'retry',
});

describe('the classifyError of a worker', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({
      tasks: [plain, other, own],
      classifyError: (error) =>
        (error as { code?: string }).code === 'E_BILL' ? { retry: false, code: 'BILL' } : undefined,
    });
  });
  afterAll(() => harness.stop());

  it.each([
    ['is asked of errors of which their task says nothing', 'plain', 1, 'BILL'],
    ['leaves to the lists what it says nothing of', 'other', 2, 'E_OTHER'],
    ['comes after the one of the task', 'own', 2, 'E_BILL'],
  ])('%s', async (_title, task, attempts, code) => {
    const handle = await harness.engine.scheduleTask({ task });
    const { nodes } = await handle.result();
    expect(nodes['task']).toMatchObject({ status: 'FAILED', attempts, error: { code } });
  });
});

describe('an event loop that was blocked', () => {
  it('is told of in the log, with the tasks that ran meanwhile', async () => {
    const lines: Record<string, unknown>[] = [];
    const log = createLogger('info', {
      write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
    });
    const stop = watchEventLoop({
      ...{ log, tasks: () => ['sums', 'sums', 'adds'], lookMs: 5, blockedMs: 100 },
    });
    const end = performance.now() + 200;
    while (performance.now() < end);
    await until(() => lines.length > 0, 'it is told');
    stop();
    expect(lines[0]).toMatchObject({ level: 40, tasks: ['adds', 'sums'] });
    expect(lines[0]?.['msg']).toMatch(
      /^the event loop was blocked for .* heartbeats neither; in it ran adds, sums\. /,
    );
  });
});

describe('a worker whose event loop was blocked', () => {
  it('says so, and names the task though that has ended', async () => {
    const real = performance.now.bind(performance);
    const blocks = defineTask({
      name: 'blocks',
      run: () => void jest.spyOn(performance, 'now').mockImplementation(() => real() + 6_000),
    });
    const harness = await startHarness({ tasks: [blocks] });
    await (await harness.engine.scheduleTask({ task: 'blocks' })).result();
    const told = () => harness.lines.find((line) => 'blockedMs' in line);
    await until(() => told() !== undefined, 'it is told');
    jest.restoreAllMocks();
    await harness.stop();
    expect(told()).toMatchObject({ tasks: ['blocks'] });
  });
});

describe('defineTask', () => {
  it('refuses a field that is none, naming the one that was meant', () => {
    const stated = { name: 'resize', run: () => 1, timout: '5s' } as object;
    expect(() => defineTask(stated as Parameters<typeof defineTask>[0])).toThrow(
      /^task "resize": there is no "timout" \(did you mean "?timeout"?\?\)/,
    );
  });

  it('takes what an instance of a class has beside its definition', () => {
    class Resize {
      readonly name = 'resize';
      readonly folder = '/tmp';
      run(): string {
        return this.folder;
      }
    }
    expect(defineTask(new Resize()).name).toBe('resize');
  });
});
