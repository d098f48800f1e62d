import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatFaults } from '../../src/domain/fault.js';
import { jsonFaults } from '../../src/domain/json-faults.js';
import { NODE_ID } from '../../src/domain/spec.js';
import { validateGraph } from '../../src/domain/validate.js';
import { realDataFolder } from '../support/real-graphs.js';
import { faultsOf, graph, lone, node, places } from './support/specs.js';

const circular = (): object => {
  const value: Record<string, unknown> = {};
  value['self'] = [value];
  return value;
};
const deep = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = { a: value };
  return value;
};
class Row {
  id = 1;
}
const input = (value: unknown): object => lone({ input: { rows: [value] } });

describe('validateGraph on what is no JSON', () => {
  it('refuses a list of tasks with a hole in it, which is no null and no end of the list', () => {
    const tasks: unknown[] = [];
    tasks[1] = node('b');
    expect(places(faultsOf(graph({ tasks })))).toEqual(['tasks[0] MISSING']);
  });

  it.each<[string, unknown, string, string]>([
    ['NaN', NaN, 'INVALID_VALUE', 'NaN is not JSON'],
    ['Infinity', -Infinity, 'INVALID_VALUE', '-Infinity is not JSON'],
    ['a bigint', 5n, 'INVALID_TYPE', 'a bigint is not JSON, got 5'],
    ['a function', () => 1, 'INVALID_TYPE', 'a function is not JSON'],
    ['a symbol', Symbol('x'), 'INVALID_TYPE', 'a symbol is not JSON, got Symbol(x)'],
    ['a Date', new Date(0), 'INVALID_TYPE', 'a Date is not JSON'],
    ['a Map', new Map(), 'INVALID_TYPE', 'a Map is not JSON'],
    ['bytes', new Uint8Array(2), 'INVALID_TYPE', 'a Uint8Array is not JSON'],
    ['a promise', Promise.resolve(1), 'INVALID_TYPE', 'a Promise is not JSON'],
    ['an error', new Error('x'), 'INVALID_TYPE', 'a Error is not JSON'],
    ['an instance of a class', new Row(), 'INVALID_TYPE', 'a Row is not JSON'],
    [
      'an instance of a class without a name',
      new (class {})(),
      'INVALID_TYPE',
      'an object of a class is not JSON',
    ],
    [
      'an object with parents that are no classes',
      Object.create(Object.create(Object.create(null) as object) as object),
      'INVALID_TYPE',
      'an object of a class is not JSON',
    ],
    [
      'an object that contains itself',
      circular(),
      'INVALID_VALUE',
      'refers back to something that contains it',
    ],
  ])('refuses %s, naming its place', (_title, value, code, message) => {
    const [found, ...others] = faultsOf(input(value));
    expect(others).toEqual([]);
    expect(found).toMatchObject({ code, message: expect.stringContaining(message) as unknown });
    expect(found?.path).toMatch(/^tasks\[0\]\.input\.rows\[0\]/);
  });

  it.each([
    ['a boxed node', new Row()],
    ['a function', () => graph()],
    ['a Date', new Date(0)],
  ])('refuses %s as a spec', (_title, spec) => {
    expect(faultsOf(spec).map(({ path }) => path)).toEqual(['(root)']);
  });

  it('takes objects without prototype, holes and fields left undefined', () => {
    const bare = Object.assign(Object.create(null) as object, { a: 1 });
    // eslint-disable-next-line no-sparse-arrays
    expect(faultsOf(lone({ input: [bare, [, 1], undefined], timeout: undefined }))).toEqual([]);
  });

  it('takes the same object in two places', () => {
    const shared = { a: [1] };
    expect(faultsOf(lone({ input: [shared, { shared }] }))).toEqual([]);
  });
});

describe('validateGraph on what is too large', () => {
  it.each([
    ['65 levels', lone({ input: deep(62) })],
    ['100,000 levels', lone({ input: deep(100_000) })],
  ])('refuses a spec of %s', (_title, spec) => {
    const [found, ...others] = faultsOf(spec);
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      code: 'TOO_LARGE',
      message: 'is nested too deep; the limit is 64 levels',
    });
  });

  it('takes a spec of 64 levels', () => {
    expect(faultsOf(lone({ input: deep(61) }))).toEqual([]);
  });

  it('takes 5 MB', () => {
    expect(faultsOf(lone({ input: 'x'.repeat(5_000_000) }))).toEqual([]);
  });

  it('refuses more than 200 MB, with the place, the number, the limit and what to do', () => {
    const faults = faultsOf(lone({ input: 'x'.repeat(200_000_000) }));
    expect(formatFaults(faults)).toMatch(
      /^tasks\[0\]\.input: is 200,000,\d{3} bytes of JSON; the limit is 200,000,000 \(pass large values by/,
    );
  });

  it('refuses a submission of 5 MB at what is too large of it', () => {
    const big = { metadata: { x: 'x'.repeat(5_000_000) } };
    expect(places(faultsOf(graph(), big))).toEqual(['submission.metadata.x TOO_LARGE']);
    const many = { metadata: { x: 'x'.repeat(1_000_000), y: 'y'.repeat(1_000_000) } };
    expect(places(faultsOf(graph(), many))).toEqual(['submission.metadata TOO_LARGE']);
  });

  it('refuses a list of 250,001 things that are no tasks, each by its place', () => {
    const faults = faultsOf(graph({ tasks: Array.from({ length: 250_001 }, () => 1) }));
    expect(faults.filter(({ code }) => code === 'INVALID_TYPE')).toHaveLength(250_001);
    expect(places(faults)).toContain('tasks TOO_LARGE');
  });
});

describe('validateGraph on anything', () => {
  const readable = (spec: unknown): void => {
    const { faults, valid } = validateGraph(spec);
    expect(faults.length === 0).toBe(valid !== undefined);
    for (const { path, message } of faults) {
      expect(path).not.toBe('');
      expect(message).not.toBe('');
    }
  };

  it('never throws on JSON, and every fault has a place and a message', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 5 }), readable));
  });

  it('never throws on anything at all', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
        readable,
      ),
    );
  });

  const valid = {
    name: 'orders',
    version: '2',
    params: { n: { type: 'integer', default: 1 } },
    concurrency: 4,
    onFailure: 'failFast',
    deadline: '1h',
    hooks: { pre: ['audit'], post: [] },
    defaults: { retry: { delays: ['1s'], byError: { X: 'x' } }, timeout: 5 },
    tasks: [
      { ...node('a'), retry: 'NONE', scheduledTime: '5s', tags: ['x'] },
      {
        ...node('b'),
        dependsOn: ['a'],
        trigger: 'all_done',
        input: { q: ['${{ tasks.a.output }}'] },
      },
    ],
  };

  it('never throws on a spec of which one value was replaced', () => {
    const paths: (string | number)[][] = [];
    const collect = (value: unknown, path: (string | number)[]): void => {
      paths.push(path);
      if (typeof value !== 'object' || value === null) return;
      for (const [key, inner] of Object.entries(value))
        collect(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    };
    collect(valid, []);
    const replaced = fc.tuple(
      fc.constantFrom(...paths.slice(1)),
      fc.oneof(fc.jsonValue(), fc.anything()),
    );
    fc.assert(
      fc.property(replaced, ([path, value]) => {
        const spec = structuredClone(valid) as unknown as Record<string | number, never>;
        const parent = path.slice(0, -1).reduce((at, step) => at[step] as never, spec);
        Object.assign(parent, { [path.at(-1) as string]: value });
        readable(spec);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('jsonFaults', () => {
  it('finds nothing wrong with JSON within the limits, and something with JSON over them', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const size = JSON.stringify(value).length;
        expect(jsonFaults(value, { bytes: size, depth: 64 })).toEqual([]);
        expect(jsonFaults(value, { bytes: size - 1, depth: 64 })).toHaveLength(1);
      }),
    );
  });
});

const folder = realDataFolder();
const file = folder === undefined ? '' : join(folder, 'naughty-strings', 'blns.json');
const present = existsSync(file);
const title = present ? '' : ' (skipped: no shared/data next to this checkout)';

describe(`validateGraph on naughty strings${title}`, () => {
  const strings = present ? (JSON.parse(readFileSync(file, 'utf8')) as string[]) : [];
  const whenPresent = present ? it : it.skip;

  whenPresent(
    'refuses each as an id unless it is one, and as a dependency and task that are not there',
    () => {
      expect(strings.length).toBeGreaterThan(400);
      for (const text of strings) {
        const isId = NODE_ID.test(text) && text !== '.' && text !== '..';
        expect(faultsOf(lone({ id: text })).length === 0).toBe(isId);
        expect(faultsOf(lone({ dependsOn: [text] })).map(({ code }) => code)).toEqual([
          'UNKNOWN_DEPENDENCY',
        ]);
        expect(faultsOf(lone({ task: text })).length).toBeGreaterThan(0);
        expect(faultsOf({ ...graph(), [text]: 1 }).map(({ code }) => code)).toEqual([
          'UNKNOWN_FIELD',
        ]);
      }
    },
  );

  whenPresent('takes each as a value', () => {
    const holdsNoExpression = strings.filter((text) => !text.includes('${{'));
    const spec = lone({
      input: holdsNoExpression,
      metadata: { strings },
      tags: strings.slice(0, 50).map((text) => text.slice(0, 200)),
    });
    expect(faultsOf(spec)).toEqual([]);
  });
});
