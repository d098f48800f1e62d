import { totalmem } from 'node:os';
import { resolveSettings } from '../../src/config.js';
import { limitsOf } from '../../src/domain/program.js';

const MIB = 2 ** 20;

describe('the setting warm', () => {
  it('is none unless it is given', () => {
    expect(resolveSettings({}, {}).warm).toEqual([]);
  });

  it('is read from the environment', () => {
    const [python, java] = ['python', 'java'].map((runtime) => {
      return { runtime, level: 'LOW', limits: limitsOf() };
    });
    expect(resolveSettings({}, { TEMPOGRAPH_WARM: 'python, java:2' }).warm).toEqual([
      { key: python, count: 1 },
      { key: java, count: 2 },
    ]);
    expect(
      resolveSettings({}, { TEMPOGRAPH_WARM: 'python+numpy+xml.dom:2,node+node:zlib' }).warm,
    ).toEqual([
      { key: { ...python, preload: ['numpy', 'xml.dom'] }, count: 2 },
      { key: { ...python, runtime: 'node', preload: ['node:zlib'] }, count: 1 },
    ]);
    const json = '[{"runtime":"java","resources":{"memory":"256Mi"},"level":"HIGH"}]';
    expect(resolveSettings({}, { TEMPOGRAPH_WARM: json }).warm).toEqual([
      {
        key: { runtime: 'java', level: 'HIGH', limits: limitsOf({ memory: 256 * MIB }) },
        count: 1,
      },
    ]);
  });

  it.each([
    'ruby',
    'python:0',
    'python:x',
    'python:',
    'python,',
    '[1]',
    'python:1:2',
    'python+',
    'java+x',
    'python+a b',
    'python+../x',
  ])('refuses %s', (text) => {
    expect(() => resolveSettings({}, { TEMPOGRAPH_WARM: text })).toThrow(
      /^TEMPOGRAPH_WARM, warm\S*: .*, got .* or python,java:2 or python\+numpy$/,
    );
  });
});

describe('the setting warmBudget', () => {
  const budget = (text: string): number =>
    resolveSettings({}, { TEMPOGRAPH_WARM_BUDGET: text }).warmBudget;

  it('is a tenth of the memory unless it is given', () => {
    const { warmBudget } = resolveSettings({}, {});
    expect(warmBudget).toBeLessThanOrEqual(totalmem() / 10);
    expect(warmBudget).toBeGreaterThan(0);
    expect([budget('0.1'), budget('10%'), budget('10 %')]).toEqual(Array(3).fill(warmBudget));
  });

  it('is bytes, or none', () => {
    expect(budget('512Mi')).toBe(512 * MIB);
    expect(budget('2048')).toBe(2_048);
    expect(budget('0')).toBe(0);
    expect(resolveSettings({ warmBudget: 0 }, {}).warmBudget).toBe(0);
  });

  it.each(['-1', 'much', '200%'])('refuses %s', (text) => {
    expect(() => budget(text)).toThrow(
      /^TEMPOGRAPH_WARM_BUDGET, warmBudget: .*got .*a fraction of the machine's memory/,
    );
  });
});
