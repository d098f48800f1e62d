import fc from 'fast-check';
import { parsePipeline } from '../../src/index.js';
import { changedNodes, sameJson } from '../../src/domain/rerun-difference.js';
import {
  decideRerun,
  RERUN_SCOPES,
  RerunSchema,
  type RerunNode,
  type RerunScope,
} from '../../src/domain/rerun.js';
import { GraphSpecSchema, type GraphSpec } from '../../src/domain/spec.js';
import { TERMINAL_STATUSES, type StatusReason } from '../../src/domain/status.js';

const reasons = [
  'condition',
  'rule',
  'upstream_failed',
  'operator',
] as const satisfies StatusReason[];

/** A graph of any shape, each node after those that it waits for, with anything known of each. */
const anyNodes = fc
  .integer({ min: 1, max: 25 })
  .chain((count) =>
    fc.tuple(
      ...Array.from({ length: count }, (_, index) =>
        fc.record(
          {
            dependsOn: fc.uniqueArray(fc.nat(Math.max(0, index - 1)), { maxLength: index && 4 }),
            before: fc.record({
              status: fc.oneof(
                { weight: 4, arbitrary: fc.constant('COMPLETED' as const) },
                fc.constantFrom(...TERMINAL_STATUSES),
              ),
              reason: fc.constantFrom(...reasons),
            }),
            kind: fc.constantFrom('graph' as const, 'map' as const, 'approval' as const),
            asked: fc.constantFrom('whole' as const, 'inside' as const),
            differs: fc.constantFrom('changed' as const, 'version' as const, 'undone' as const),
            loose: fc.boolean(),
          },
          { requiredKeys: ['dependsOn'] },
        ),
      ),
    ),
  )
  // Most nodes are as they were.
  .chain((nodes) =>
    fc.array(fc.nat(9), { minLength: nodes.length, maxLength: nodes.length }).map((dice) =>
      nodes.map(({ asked, differs, loose, before, ...rest }, index): RerunNode => ({
        ...rest,
        before: before ?? { status: 'COMPLETED' },
        ...(dice[index] === 0 ? { asked } : {}),
        ...(dice[index] === 1 ? { differs } : {}),
        ...(dice[index] === 2 ? { loose: loose ?? false } : {}),
      })),
    ),
  );
const anyScope = fc.constantFrom(...RERUN_SCOPES);
const at = <T>(list: readonly T[], index: number): T => list[index] as T;

describe('the decision what a rerun keeps', () => {
  const check = (
    holds: (
      nodes: RerunNode[],
      scope: RerunScope,
      decisions: ReturnType<typeof decideRerun>,
    ) => void,
  ): void =>
    fc.assert(
      fc.property(anyNodes, anyScope, (nodes, scope) =>
        holds(nodes, scope, decideRerun(nodes, scope)),
      ),
      { numRuns: 500 },
    );

  it('keeps nothing below what runs or may run', () => {
    check((nodes, _scope, decisions) => {
      nodes.forEach(({ dependsOn }, index) => {
        if (at(decisions, index).choice !== 'keep') return;
        expect(dependsOn.every((on) => at(decisions, on).choice === 'keep')).toBe(true);
      });
    });
  });

  it('keeps only what completed, or was skipped by its own condition or rule', () => {
    check((nodes, _scope, decisions) => {
      nodes.forEach(({ before }, index) => {
        if (at(decisions, index).choice === 'run') return;
        const { status, reason } = before ?? {};
        if (at(decisions, index).choice === 'keep' && status === 'SKIPPED')
          expect(['condition', 'rule']).toContain(reason);
        else expect(status).toBe('COMPLETED');
      });
    });
  });

  it('runs for certain what was asked for, what differs and what did not complete', () => {
    check((nodes, _scope, decisions) => {
      nodes.forEach(({ asked, differs, before }, index) => {
        const failed = before && before.status !== 'COMPLETED' && before.status !== 'SKIPPED';
        if (asked || differs || failed) expect(at(decisions, index).choice).toBe('run');
      });
    });
  });

  it('runs with scope "descendants" all that follows what runs, and with "changed" no task for that', () => {
    check((nodes, scope, decisions) => {
      nodes.forEach(({ dependsOn, kind }, index) => {
        const { choice, reason } = at(decisions, index);
        const follows = dependsOn.some((on) => at(decisions, on).choice === 'run');
        if (scope === 'descendants' && follows) expect(choice).toBe('run');
        if (scope === 'changed') expect(reason).not.toBe('descendant');
        if (choice === 'perhaps') expect(kind).not.toBe('approval');
      });
    });
  });

  it('never runs less for a wider scope', () => {
    fc.assert(
      fc.property(anyNodes, (nodes) => {
        const narrow = decideRerun(nodes, 'changed');
        const wide = decideRerun(nodes, 'descendants');
        const kept = (list: typeof wide) => list.map(({ choice }) => choice === 'keep');
        expect(kept(wide)).toEqual(kept(narrow));
        narrow.forEach(({ choice }, index) => {
          if (choice === 'run') expect(at(wide, index).choice).toBe('run');
        });
      }),
    );
  });

  it('gives the result of a full run, where the input decides the output, and runs what it says at most', () => {
    const graphs = anyNodes.chain((nodes) =>
      fc.tuple(
        fc.constant(nodes.map(({ dependsOn }) => dependsOn)),
        fc.array(fc.nat(2), { minLength: nodes.length, maxLength: nodes.length }),
        fc.array(fc.nat(2), { minLength: nodes.length, maxLength: nodes.length }),
        fc.uniqueArray(fc.nat(nodes.length - 1), { maxLength: 2 }),
        anyScope,
      ),
    );
    fc.assert(
      fc.property(graphs, ([edges, before, after, failed, scope]) => {
        // A node gives its own number, and whether any above it gives more than 2: much is lost, so that cut-offs come.
        const give = (own: number, input: string): number => own + (/[3-9]/.test(input) ? 2 : 1);
        const inputs = (outputs: number[], index: number): string =>
          at(edges, index)
            .map((on) => outputs[on])
            .join();
        const full = (own: readonly number[]): number[] => {
          const outputs: number[] = [];
          edges.forEach((_, index) => outputs.push(give(at(own, index), inputs(outputs, index))));
          return outputs;
        };
        const [old, wanted] = [full(before), full(after)];
        const nodes = edges.map((dependsOn, index): RerunNode => ({
          dependsOn,
          before: { status: failed.includes(index) ? 'FAILED' : 'COMPLETED' },
          ...(before[index] === after[index] ? {} : { differs: 'changed' as const }),
        }));
        const got: number[] = [];
        decideRerun(nodes, scope).forEach(({ choice, looks }, index) => {
          const input = inputs(got, index);
          const same = looks && input === inputs(old, index);
          got.push(choice === 'keep' || same ? at(old, index) : give(at(after, index), input));
        });
        expect(got).toEqual(wanted);
      }),
      { numRuns: 500 },
    );
  });

  it('takes 50,000 nodes in a chain', () => {
    const nodes = Array.from({ length: 50_000 }, (_, index): RerunNode => ({
      dependsOn: index === 0 ? [] : [index - 1],
      before: { status: index === 49_998 ? 'FAILED' : 'COMPLETED' },
    }));
    const choices = decideRerun(nodes, 'changed').map(({ choice }) => choice);
    expect(choices.slice(-3)).toEqual(['keep', 'run', 'perhaps']);
  });
});

describe('what makes a node another one', () => {
  const graph = (tasks: GraphSpec['tasks'], more: Partial<GraphSpec> = {}) =>
    GraphSpecSchema.parse({ name: 'g', tasks, ...more });
  const node = { id: 'a', task: 'echo', input: { x: 1, y: '${{ params.p }}' } };
  const changed = (after: object, more: Partial<GraphSpec> = {}): string[] => [
    ...changedNodes({ graph: graph([node]) }, { graph: graph([{ ...node, ...after }], more) }),
  ];

  it.each([
    ['task', { task: 'noop' }],
    ['input', { input: { x: 2, y: '${{ params.p }}' } }],
    ['condition', { when: 'params.p' }],
    ['trigger rule', { trigger: 'always' as const }],
    ['list', { map: 'params.list' }],
    ['what is made of its output', { result: { select: 'output.x' } }],
  ])('is its %s', (_what, after) => expect(changed(after)).toEqual(['a']));

  it.each([
    ['retries', { retry: { maxRetries: 9 } }],
    ['times', { timeout: '5m', totalTimeout: '1h' }],
    [
      'priority, limit, cache and circuit',
      { priority: 'HIGH', limit: { key: 'k', max: 2 }, cache: true, circuit: 'c' },
    ],
    ['words', { description: 'other', tags: ['x'], metadata: { a: 1 } }],
    ['keys in another order', { input: { y: '${{ params.p }}', x: 1 } }],
  ])('is not its %s', (_what, after) => expect(changed(after)).toEqual([]));

  it('is what the defaults make of its output', () => {
    expect(changed({}, { defaults: { result: { select: 'output.x' } } })).toEqual(['a']);
    expect(changed({}, { defaults: { retry: 'NONE' }, concurrency: 3 })).toEqual([]);
  });

  it('is what it waits for, in whatever order', () => {
    const two = (dependsOn: string[]) =>
      graph([
        { ...node, id: 'b' },
        { ...node, id: 'c' },
        { ...node, dependsOn },
      ]);
    const of = (one: string[], other: string[]) => [
      ...changedNodes({ graph: two(one) }, { graph: two(other) }),
    ];
    expect(of(['b', 'c'], ['c', 'b'])).toEqual([]);
    expect(of(['b'], ['b', 'c'])).toEqual(['a']);
  });

  it('takes names that objects have', () => {
    const { spec } = parsePipeline('{"a": {"__proto__": 1}}');
    expect(sameJson(spec, { a: {} })).toBe(false);
    expect(sameJson(spec, parsePipeline('{"a": {"__proto__": 1}}').spec)).toBe(true);
  });
});

describe('what a submission says of a rerun', () => {
  it.each([
    [{ of: 'a/b' }, 'of'],
    [{ of: 'a', from: ['x/../y z'] }, 'from'],
    [{ of: 'a', from: 'failed' }, 'from'],
    [{ of: 'a', scope: 'all' }, 'scope'],
    [{ of: 'a', manifest: 'sha256-0' }, ''],
  ])('%j is refused', (given, field) => {
    const { error } = RerunSchema.safeParse(given);
    expect(error?.issues[0]?.path[0] ?? '').toBe(field);
  });
});
