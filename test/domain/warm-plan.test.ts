import { limitsOf, type Runtime } from '../../src/domain/program.js';
import {
  planWarm,
  textOf,
  WarmUses,
  type WarmKey,
  type WarmPlanOptions,
} from '../../src/domain/warm-plan.js';

const MIB = 2 ** 20;
const key = (runtime: Runtime, memory = 128 * MIB): WarmKey => ({
  ...{ runtime, level: 'LOW', limits: limitsOf({ memory }) },
});
const [NODE, PYTHON, JAVA, DENO] = [key('node'), key('python'), key('java'), key('javascript')];

const plan = (options: Partial<WarmPlanOptions>): string[] =>
  planWarm({
    ...{ named: [], uses: [], budgetBytes: 2 ** 31, most: 64, pays: () => true },
    ...options,
  }).map(({ key: { runtime }, count }) => `${runtime} ${count}`);

describe('planWarm', () => {
  it('keeps what is named, and as many as are asked for', () => {
    const named = [
      { key: PYTHON, count: 1 },
      { key: JAVA, count: 2 },
    ];
    expect(plan({ named })).toEqual(['python 1', 'java 2']);
  });

  it('keeps the three used most in the last hour, more of what is used more', () => {
    const uses = [
      { key: NODE, count: 61 },
      { key: DENO, count: 2 },
      { key: PYTHON, count: 1_000 },
      { key: JAVA, count: 3 },
    ];
    expect(plan({ uses })).toEqual(['python 4', 'node 2', 'java 1']);
  });

  it('keeps nothing that was used once, or where it does not pay', () => {
    const uses = [
      { key: NODE, count: 1 },
      { key: DENO, count: 50 },
    ];
    expect(plan({ uses, pays: (runtime) => runtime !== 'javascript' })).toEqual([]);
  });

  it('keeps what is named even where it does not pay', () => {
    expect(plan({ named: [{ key: DENO, count: 1 }], pays: () => false })).toEqual(['javascript 1']);
  });

  it('counts a key once that is named and used', () => {
    const uses = [{ key: key('node'), count: 500 }];
    expect(plan({ named: [{ key: NODE, count: 1 }], uses })).toEqual(['node 1']);
  });

  it('lets the least used go first where memory does not suffice, and the named last', () => {
    const named = [
      { key: JAVA, count: 1 },
      { key: DENO, count: 1 },
    ];
    const uses = [
      { key: NODE, count: 50 },
      { key: PYTHON, count: 100 },
      { key: DENO, count: 5 },
    ];
    const within = (n: number): string[] => plan({ named, uses, budgetBytes: n * 128 * MIB });
    expect(within(5)).toEqual(['javascript 1', 'java 1', 'python 2', 'node 1']);
    expect(within(4.5)).toEqual(['javascript 1', 'java 1', 'python 1', 'node 1']);
    expect(within(3)).toEqual(['javascript 1', 'java 1', 'python 1']);
    expect(within(2)).toEqual(['javascript 1', 'java 1']);
    expect(within(1)).toEqual(['javascript 1']);
    expect(within(0)).toEqual([]);
  });

  it('is within the memory and the places for every budget', () => {
    const named = [
      { key: key('java', 512 * MIB), count: 3 },
      { key: key('python', 64 * MIB), count: 5 },
    ];
    const uses = [
      { key: key('node', 256 * MIB), count: 400 },
      { key: PYTHON, count: 90 },
    ];
    for (let n = 0; n < 60; n++) {
      const options = { named, uses, budgetBytes: n * 64 * MIB, most: n % 11, pays: () => true };
      const planned = planWarm(options);
      const bytes = planned.reduce((sum, one) => sum + one.count * one.key.limits.memoryBytes, 0);
      expect(bytes).toBeLessThanOrEqual(options.budgetBytes);
      expect(planned.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(options.most);
      expect(planned.every(({ count }) => count > 0)).toBe(true);
    }
  });
});

describe('WarmUses', () => {
  const MINUTE = 60_000;

  it('counts the uses of the last hour by runtime, level and limits', () => {
    const uses = new WarmUses();
    uses.add(NODE, 0);
    uses.add(key('node'), 30 * MINUTE);
    uses.add(key('node', 64 * MIB), 30 * MINUTE);
    uses.add({ ...NODE, level: 'HIGH' }, 30 * MINUTE);
    const counts = (now: number): number[] => uses.list(now).map(({ count }) => count);
    expect(counts(59 * MINUTE)).toEqual([2, 1, 1]);
    expect(counts(60 * MINUTE)).toEqual([1, 1, 1]);
    expect(counts(90 * MINUTE)).toEqual([]);
  });

  it('forgets what was used longest ago of very many', () => {
    const uses = new WarmUses();
    for (let n = 0; n < 500; n++) uses.add(key('node', 5 * MIB + n), n);
    const kept = uses.list(500).map((use) => textOf(use.key));
    expect(kept).toHaveLength(200);
    expect(kept).toContain(textOf(key('node', 5 * MIB + 499)));
    expect(kept).not.toContain(textOf(key('node', 5 * MIB)));
  });
});
