import { QuickTasks } from '../../src/activities/quick-tasks.js';
import type { Stats, StatsQuery } from '../../src/store/stats.js';
import { createLogger } from '../../src/telemetry.js';

describe('QuickTasks', () => {
  const setup = (p95: number) => {
    const it = { now: 1_000_000_000, p95, fails: false, asked: [] as StatsQuery[] };
    const said: string[] = [];
    const log = createLogger('debug', { write: (line) => void said.push(line) });
    const stats: Stats = {
      getExecutionStats: async (query = {}) => {
        it.asked.push(query);
        await Promise.resolve();
        if (it.fails) throw new Error('the store is away');
        const group = { key: { task: 'work' }, successful: 50, runMs: { p95: it.p95 } };
        return { groups: [group] } as never;
      },
    };
    return { it, said, quick: new QuickTasks(stats, log, () => it.now) };
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('says no at first, and once it has looked what the last day says', async () => {
    const { it, quick } = setup(10);
    expect(quick.has('work')).toBe(false);
    await turn();
    expect([quick.has('work'), quick.has('other')]).toEqual([true, false]);
    expect(it.asked).toMatchObject([{ by: 'task', since: it.now - 86_400_000 }]);
  });

  it('looks once a minute at most, and takes back what is slower by then', async () => {
    const { it, quick } = setup(10);
    quick.has('work');
    await turn();
    it.p95 = 500;
    it.now += 59_999;
    expect(quick.has('work')).toBe(true);
    await turn();
    expect(it.asked).toHaveLength(1);
    it.now += 1;
    quick.has('work');
    await turn();
    expect([quick.has('work'), it.asked.length]).toEqual([false, 2]);
  });

  it('keeps what it knew where the store does not answer, and says so', async () => {
    const { it, said, quick } = setup(10);
    quick.has('work');
    await turn();
    [it.now, it.fails] = [it.now + 60_000, true];
    quick.has('work');
    await turn();
    expect(quick.has('work')).toBe(true);
    expect(said.join()).toContain('the store is away');
  });
});
