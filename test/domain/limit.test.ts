import { describe, expect, it } from '@jest/globals';
import { limiterId, resolveLimit } from '../../src/domain/limit.js';
import { makePlan } from '../../src/domain/make-plan.js';
import { formatFaults, SpecInvalidError, validateGraph, type GraphSpec } from '../../src/index.js';

const planOf = (tasks: GraphSpec['tasks'], more: Partial<GraphSpec> = {}, params = {}) => {
  const { faults, valid } = validateGraph({ name: 'g', ...more, tasks }, { params });
  if (!valid) throw new SpecInvalidError(faults);
  return makePlan(valid, { task: () => undefined, postHooks: false, postHooksOnSkipped: false });
};

describe('limiterId', () => {
  it.each([
    ['db', undefined, 'tempograph-limit/-/db'],
    ['db', 'shop', 'tempograph-limit/shop/db'],
    ['db', '-', 'tempograph-limit/%2D/db'],
    ['a/b c%', 'x/y', 'tempograph-limit/x%2Fy/a%2Fb%20c%25'],
    ['naïve ☕', undefined, 'tempograph-limit/-/naïve%20☕'],
    ['half \ud800', undefined, 'tempograph-limit/-/half%20\ufffd'],
  ])('of %j in project %j is %s', (key, project, id) => {
    expect(limiterId(key, project)).toBe(id);
  });

  it('stays within what a server takes, and tells long keys apart', () => {
    const [a, b] = ['x', 'y'].map((end) =>
      limiterId(`${'漢'.repeat(199)}${end}`, '漢'.repeat(200)),
    );
    expect(Buffer.byteLength(a ?? '')).toBeLessThan(1_000);
    expect(a).not.toBe(b);
  });
});

describe('resolveLimit', () => {
  it('takes a key alone, or with max and weight, and resolves its parameters', () => {
    expect(resolveLimit('db', {})).toEqual({ key: 'db', weight: 1 });
    expect(resolveLimit({ key: 'db', max: 3, weight: 2 }, {})).toEqual({
      ...{ key: 'db', max: 3, weight: 2 },
    });
    expect(resolveLimit('db-${{ params.tenant }}', { tenant: 7 })).toEqual({
      ...{ key: 'db-7', weight: 1 },
    });
  });

  it.each([
    ['${{ params.n }}', 'a string of 1 to 200 characters, got 7'],
    ['${{ params.empty }}', 'a string of 1 to 200 characters'],
    ['${{ params.long }}', 'at most 200 characters, got 201'],
  ])('refuses %s', (key, message) => {
    const params = { n: 7, empty: '', long: 'x'.repeat(201) };
    expect(() => resolveLimit(key, params)).toThrow(message);
  });
});

describe('limits in a spec', () => {
  it.each<[string, unknown, string]>([
    ['an output', '${{ tasks.b.output }}', 'may read only params'],
    ['an unknown parameter', 'x-${{ params.nope }}', 'no parameter "nope"'],
    ['a bad expression', '${{ 1 + }}', 'tasks[0].limit'],
    ['an empty key', '', 'tasks[0].limit'],
    ['a weight over max', { key: 'k', max: 1, weight: 2 }, 'can never get into'],
    ['a max of nothing', { key: 'k', max: 0 }, 'tasks[0].limit.max'],
    ['a field too many', { key: 'k', mx: 3 }, 'did you mean "max"?'],
    ['a number', 3, 'tasks[0].limit'],
  ])('are refused for %s', (_name, limit, message) => {
    const tasks = [
      { id: 'a', task: 't', limit, dependsOn: ['b'] },
      { id: 'b', task: 't' },
    ];
    expect(formatFaults(validateGraph({ name: 'g', tasks }).faults)).toContain(message);
  });

  it('become lanes: one for each key and weight, shared by nodes, strongest layer first', () => {
    const plan = planOf(
      [
        { id: 'a', task: 't' },
        { id: 'b', task: 't', limit: { key: 'db', max: 4, weight: 2 } },
        { id: 'c', task: 't', limit: '${{ params.api }}' },
        { id: 'd', task: 't' },
      ],
      { defaults: { limit: 'db' }, params: { api: {} } },
      { api: 'api' },
    );
    expect(plan.limits).toEqual([
      { key: 'db', node: 0, max: 4 },
      { key: 'api', node: 2 },
    ]);
    expect(plan.lanes).toEqual([
      { limit: 0, weight: 1 },
      { limit: 0, weight: 2 },
      { limit: 1, weight: 1 },
    ]);
    expect(plan.nodes.map((node) => plan.classes[node.class]?.lane)).toEqual([0, 1, 2, 0]);
  });

  it('leave a plan without them as it was', () => {
    const plan = planOf([{ id: 'a', task: 't' }]);
    expect([plan.limits, plan.lanes, plan.classes[0]?.lane]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
