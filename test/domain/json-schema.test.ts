import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Json } from '../../src/domain/json.js';
import { compileSchema, SchemaFault } from '../../src/domain/json-schema.js';
import { realDataFolder } from '../support/real-graphs.js';

interface Group {
  description: string;
  schema: boolean | Record<string, unknown>;
  tests: { description: string; data: Json; valid: boolean }[];
}

const data = realDataFolder();
const folder = join(data ?? '', 'json-schema-test-suite', 'tests', 'draft2020-12');
const files = data !== undefined && existsSync(folder) ? readdirSync(folder).sort() : [];

describe(`compileSchema on the JSON Schema test suite${files.length > 0 ? '' : ' (skipped: no shared/data next to this checkout)'}`, () => {
  /** A parameter's schema is an object; these say the same as `true` and `false`. */
  const asObject = (schema: Group['schema']): Record<string, unknown> =>
    schema === true ? {} : schema === false ? { not: {} } : schema;

  (files.length > 0 ? it : it.skip)('decides every value of every file as the suite does', () => {
    const wrong: string[] = [];
    const refused: string[] = [];
    let decided = 0;
    for (const file of files) {
      for (const group of JSON.parse(readFileSync(join(folder, file), 'utf8')) as Group[]) {
        let check;
        try {
          check = compileSchema(asObject(group.schema));
        } catch (error) {
          refused.push(`${file}: ${group.description}: ${(error as Error).message}`);
          continue;
        }
        for (const { description, data: value, valid } of group.tests) {
          decided++;
          const problems = check(value);
          if ((problems.length === 0) !== valid)
            wrong.push(`${file}: ${group.description}: ${description}: ${problems.join('; ')}`);
        }
      }
    }
    expect(wrong).toEqual([]);
    // What docs/pipelines.md says is not supported, and nothing else.
    expect(refused).toEqual([
      'enum.json: empty enum: enum must have non-empty array',
      'pattern.json: pattern with Unicode property escape requires unicode mode: no usable regular expression: error parsing regexp: invalid character class range: `\\p{Letter}`',
      'properties.json: properties whose names are Javascript object property names: a property called "__proto__" cannot be checked',
    ]);
    expect(decided).toBeGreaterThan(300);
  });
});

describe('compileSchema', () => {
  it('says what was expected, where, and what was there', () => {
    const check = compileSchema({
      type: 'object',
      properties: { files: { type: 'array', items: { type: 'object', required: ['name'] } } },
      additionalProperties: false,
    });
    expect(check({ files: [{ name: 'a' }, 5, {}], more: true })).toEqual([
      'unknown field "more", got {"files":[{"name":"a"},5,{}],"more":true}',
      'files[1]: expected object, got 5',
      'files[2]: "name" is required, got {}',
    ]);
  });

  it.each([
    ['2026-11-22', 'date', '22.11.2026'],
    ['2026-11-22T08:00:00Z', 'date-time', '2026-11-22 08:00'],
    ['a@example.com', 'email', 'a at example.com'],
    ['https://example.com/a', 'uri', 'example com'],
    ['10.0.0.1', 'ipv4', '10.0.0.256'],
    ['2f1b0a1e-7c0b-4e0f-9d35-0a4b8f0e6d11', 'uuid', 'x'],
    ['P1DT2H', 'duration', '1d'],
  ])('takes %s as %s, and not %s', (good, format, bad) => {
    const check = compileSchema({ type: 'string', format });
    expect(check(good)).toEqual([]);
    expect(check(bad)).toEqual([`expected the format ${format}, got ${JSON.stringify(bad)}`]);
  });

  it('gives up a check whose references double with every level', () => {
    const level = (i: number) => ({ $ref: `#/$defs/a${i + 1}` });
    const $defs = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`a${i}`, { allOf: [level(i), level(i)] }]),
    );
    const check = compileSchema({ $defs: { ...$defs, a60: {} }, ...level(-1) });
    expect(check(1)).toEqual(['cannot be checked: the check takes too many steps']);
    expect(check(1)).toHaveLength(1); // each check counts its own steps
  });

  it('compares the items of a list of 20,000 objects, whatever the order of their fields', () => {
    const check = compileSchema({ type: 'array', uniqueItems: true });
    const items = Array.from({ length: 20_000 }, (_, n) => ({ n, list: [n] }));
    expect(check(items)).toEqual([]);
    expect(check([...items, { list: [7], n: 7 }])[0]).toMatch(/must hold no item twice/);
  });

  it('does not let one schema see what another names', () => {
    compileSchema({ $id: 'https://example.com/a', $defs: { b: { $id: 'b', type: 'string' } } });
    expect(() => compileSchema({ $ref: 'https://example.com/b' })).toThrow(SchemaFault);
    const other = { $id: 'https://example.com/a', type: 'integer' };
    expect(compileSchema(other)('x')).toEqual(['expected integer, got "x"']);
  });

  it('sees own fields only', () => {
    const check = compileSchema({ type: 'object', required: ['constructor', '__proto__'] });
    expect(check({})).toHaveLength(2);
    expect(check(JSON.parse('{"__proto__": 1, "constructor": 2}') as Json)).toEqual([]);
  });
});
