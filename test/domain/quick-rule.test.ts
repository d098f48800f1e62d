import fc from 'fast-check';
import { makePlan, type PlanContext } from '../../src/domain/make-plan.js';
import { isQuick } from '../../src/domain/quick-rule.js';
import { validateGraph } from '../../src/domain/validate.js';

describe('a task is quick', () => {
  it.each<[boolean, number, number | null]>([
    [true, 20, 100],
    [true, 5_000, 0],
    [false, 19, 1],
    [false, 20, 101],
    [false, 0, null],
    [false, 1_000, null],
  ])('%s, where it completed %d times and p95 is %p ms', (expected, successful, p95) => {
    expect(isQuick({ successful, runMs: { p95 } })).toBe(expected);
  });

  it('no more once it is slower or was seen less often', () => {
    const figures = fc.record({ successful: fc.nat(1_000), p95: fc.nat(1_000) });
    fc.assert(
      fc.property(figures, fc.nat(1_000), fc.nat(1_000), ({ successful, p95 }, more, less) => {
        const worse = { successful: Math.max(0, successful - less), runMs: { p95: p95 + more } };
        if (isQuick(worse)) expect(isQuick({ successful, runMs: { p95 } })).toBe(true);
      }),
    );
  });
});

describe('a plan', () => {
  const isLight = (
    light: unknown,
    quick: boolean,
    more: Partial<ReturnType<PlanContext['task']>> = {},
    node: object = {},
  ): boolean => {
    const facts = {
      ...{ version: '1', options: {}, postHooks: false, postHooksOnSkipped: false },
      ...{ inProcess: true, quick, ...more },
    };
    const spec = { name: 'g', tasks: [{ id: 'a', task: 'work', ...node }], defaults: { light } };
    const { valid, faults } = validateGraph(spec, {}, undefined);
    if (!valid) throw new Error(JSON.stringify(faults));
    const plan = makePlan(valid, {
      ...{ task: () => facts, postHooks: false, postHooksOnSkipped: false },
    });
    return plan.classes[0]?.light === true;
  };

  it.each([
    [true, false, true],
    [false, true, false],
    ['auto', true, true],
    ['auto', false, false],
  ])('of light: %j, of a task that was quick: %p, is light: %p', (said, quick, light) => {
    expect(isLight(said, quick)).toBe(light);
  });

  it.each<[string, object, object]>([
    ['ends elsewhere', { external: true }, {}],
    ['runs in a thread', { inProcess: false }, {}],
    ['has a limit', {}, { limit: 'one' }],
    ['has a bound over all attempts', {}, { totalTimeout: '1h' }],
  ])('has none light by itself that %s', (_what, more, node) => {
    expect(isLight('auto', true, more, node)).toBe(false);
  });

  it('takes no other word', () => {
    expect(() => isLight('always', true)).toThrow(/true, false, auto/);
  });
});
