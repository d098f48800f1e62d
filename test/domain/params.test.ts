import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { paramFromText, paramSpecFaults, resolveParams } from '../../src/domain/params.js';
import { validateGraph } from '../../src/domain/validate.js';
import { faultsOf, graph, inWords, node, places } from './support/specs.js';

const withParams = (params: unknown): object => graph({ params });
const BOMB = `${'a'.repeat(40)}!`;

describe('validateGraph on the specs of parameters', () => {
  it.each<[string, unknown, string, RegExp]>([
    ['a list', [], 'params INVALID_TYPE', /record/],
    ['a name with a blank', { 'a b': {} }, 'params["a b"] INVALID_VALUE', /a letter, then letters/],
    ['a name that starts with a digit', { '1a': {} }, 'params["1a"] INVALID_VALUE', /got "1a"/],
    [
      'a name of underscores',
      JSON.parse('{"__proto__": {}}'),
      'params.__proto__ INVALID_VALUE',
      /a letter/,
    ],
    [
      'a spec that is a type',
      { n: 'string' },
      'params.n INVALID_TYPE',
      /expected object, got "string"/,
    ],
    [
      'a default of another type',
      { n: { type: 'integer', default: 'x' } },
      'params.n.default PARAM_INVALID',
      /got "x"/,
    ],
    [
      'a default that is no whole number',
      { n: { type: 'integer', default: 1.5 } },
      'params.n.default PARAM_INVALID',
      /got 1.5/,
    ],
    [
      'a default out of range',
      { n: { type: 'number', minimum: 3, default: 1 } },
      'params.n.default PARAM_INVALID',
      />= 3/,
    ],
    [
      'a default not in the list',
      { n: { enum: ['a', 'b'], default: 'c' } },
      'params.n.default PARAM_INVALID',
      /expected one of "a", "b"/,
    ],
    [
      'a default that does not match',
      { n: { type: 'string', pattern: '^a+$', default: 'b' } },
      'params.n.default PARAM_INVALID',
      /does not match \^a\+\$/,
    ],
    [
      'a pattern that is none',
      { n: { type: 'string', pattern: '(' } },
      'params.n.pattern INVALID_VALUE',
      /no usable regular expression/,
    ],
    [
      'a pattern that is a number',
      { n: { type: 'string', pattern: 5 } },
      'params.n.pattern INVALID_VALUE',
      /expected string, got 5/,
    ],
    [
      'a pattern inside that is none',
      { n: { type: 'array', items: { pattern: '(?<=a)b' } } },
      'params.n.items.pattern INVALID_VALUE',
      /no usable regular expression/,
    ],
    [
      'a pattern for properties that is none',
      { n: { type: 'object', patternProperties: { '(': {} } } },
      'params.n.patternProperties["("] INVALID_VALUE',
      /no usable regular expression/,
    ],
    [
      'a keyword that is nearly right',
      { n: { type: 'object', properties: { a: { minimun: 1 } } } },
      'params.n.properties.a.minimun UNKNOWN_FIELD',
      /unknown keyword "minimun" of JSON Schema \(did you mean "minimum"\?\)/,
    ],
    [
      'a format that nobody knows',
      { n: { type: 'string', format: 'datetime' } },
      'params.n.format INVALID_VALUE',
      /unknown format "datetime" \(did you mean "date-time"\?\)/,
    ],
    [
      'a schema of another draft',
      { n: { $schema: 'http://json-schema.org/draft-07/schema#' } },
      'params.n["$schema"] INVALID_VALUE',
      /only JSON Schema 2020-12 is known/,
    ],
    [
      'a reference to elsewhere',
      { n: { $ref: 'https://example.com/schema.json' } },
      'params.n INVALID_VALUE',
      /can't resolve reference/,
    ],
    [
      'an unresolvable $ref',
      { n: { $ref: '#/nope' } },
      'params.n INVALID_VALUE',
      /no usable JSON Schema/,
    ],
    [
      'items that are no schema',
      { n: { type: 'array', items: 5 } },
      'params.n.items INVALID_VALUE',
      /no usable JSON Schema/,
    ],
    [
      'a schema that is itself',
      { n: { $ref: '#', default: 1 } },
      'params.n INVALID_VALUE',
      /no usable JSON Schema/,
    ],
    [
      'a definition that is itself',
      { n: { $defs: { a: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a', default: 1 } },
      'params.n INVALID_VALUE',
      /no usable JSON Schema/,
    ],
  ])('refuses %s', (_title, params, place, says) => {
    const faults = faultsOf(withParams(params));
    expect(places(faults)).toEqual([place]);
    expect(inWords(faults)).toMatch(says);
  });

  it('says once of a schema of them all how they are written, and what else is wrong', () => {
    const params = {
      type: 'object',
      properties: { day: { type: 'string', default: 'today' }, n: { type: 'nombre' } },
      required: ['day'],
    };
    const faults = faultsOf(withParams(params));
    expect(new Set(places(faults))).toEqual(
      new Set(['params INVALID_VALUE', 'params.n.type INVALID_VALUE']),
    );
    expect(faults[0]?.message).toContain('expected a schema for each, by its name');
    expect(faults[0]?.hint).toContain('params: { day: { type: string } }');
  });

  it('refuses an unknown type, listing those that there are', () => {
    const faults = faultsOf(withParams({ n: { type: 'text' } }));
    expect(places(faults)).toEqual(['params.n.type INVALID_VALUE']);
    expect(inWords(faults)).toContain('expected one of string, number, integer');
  });

  it.each([
    ['a parameter', { n: { type: 'sting' } }, 'params.n.type'],
    ['one of several types', { n: { type: ['null', 'sting'] } }, 'params.n.type[1]'],
    ['a field', { n: { properties: { a: { type: 'sting' } } } }, 'params.n.properties.a.type'],
  ])('says once of %s whose type is misspelt which one is near', (_of, params, place) => {
    const faults = faultsOf(withParams(params));
    expect(places(faults)).toEqual([`${place} INVALID_VALUE`]);
    expect(faults[0]?.hint).toBe('did you mean "string"?');
  });

  it('tells beside a type that is none what else is wrong', () => {
    const faults = faultsOf(withParams({ n: { type: 'sting', minimun: 3 } }));
    expect(places(faults).sort()).toEqual([
      'params.n.minimun UNKNOWN_FIELD',
      'params.n.type INVALID_VALUE',
    ]);
  });

  it.each<[string, object, object]>([
    ['nothing said', { n: {} }, { n: 5 }],
    ['several types', { n: { type: ['string', 'null'], default: null } }, {}],
    [
      'patterns inside that would backtrack elsewhere',
      { n: { type: 'array', items: { pattern: '^(a+)+$' } } },
      { n: [BOMB.slice(0, -1)] },
    ],
    [
      'references, conditions and conjunctions',
      {
        n: {
          $defs: { port: { type: 'integer', minimum: 1 } },
          type: 'object',
          properties: { kind: { enum: ['tcp', 'unix'] } },
          if: { properties: { kind: { const: 'tcp' } } },
          then: { properties: { port: { $ref: '#/$defs/port' } }, required: ['port'] },
          unevaluatedProperties: false,
        },
      },
      { n: { kind: 'tcp', port: 80 } },
    ],
    [
      'a property called pattern',
      { n: { type: 'object', properties: { pattern: { type: 'string' } } } },
      { n: { pattern: 'x' } },
    ],
    [
      'a pattern among the values',
      { n: { enum: ['x'], default: 'x', description: 'pattern' } },
      {},
    ],
    ['a default of null', { n: { type: 'null', default: null } }, {}],
    [
      'a pattern that backtracks elsewhere',
      { n: { type: 'string', pattern: '^(a+)+$' } },
      { n: 'aaa' },
    ],
  ])('takes %s', (_title, params, given) => {
    expect(faultsOf(withParams(params), { params: given })).toEqual([]);
  });

  it('never throws, whatever the schema and the value', () => {
    const keyword = fc.constantFrom(
      ...[
        'type',
        'enum',
        'const',
        'items',
        'properties',
        'required',
        'pattern',
        'minLength',
        'minimum',
        'anyOf',
        'allOf',
      ],
      ...[
        'oneOf',
        'not',
        '$ref',
        '$defs',
        'format',
        'default',
        'additionalProperties',
        'prefixItems',
        'multipleOf',
        'contains',
      ],
    );
    const value = fc.letrec<{ any: unknown }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        fc.jsonValue({ maxDepth: 1 }),
        fc.constantFrom('string', 'array', 'object', '#', '#/$defs/a', 'date-time', '(', 'email'),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(keyword, tie('any'), { maxKeys: 4 }),
      ),
    })).any;
    const schemas = fc.dictionary(keyword, value, { maxKeys: 4 });
    fc.assert(
      fc.property(schemas, fc.jsonValue(), (schema, given) => {
        const faults = faultsOf(withParams({ n: schema }), { params: { n: given } });
        for (const { path, message } of faults) expect([path, message]).not.toContain('');
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('validateGraph on the values of parameters', () => {
  const params = {
    region: { type: 'string', enum: ['eu', 'us'] },
    count: { type: 'integer', minimum: 1, default: 3 },
    name: { type: 'string', pattern: '^(a+)+$', default: 'a' },
  };

  it.each<[string, object, string, RegExp]>([
    ['a missing one', {}, 'params.region MISSING', /must be given: it has no default/],
    [
      'an unknown one',
      { region: 'eu', reg: 1 },
      'params.reg UNKNOWN_PARAM',
      /it has region, count, name/,
    ],
    [
      'an unknown one that is near',
      { region: 'eu', cont: 1 },
      'params.cont UNKNOWN_PARAM',
      /did you mean "count"\?/,
    ],
    [
      'another type',
      { region: 'eu', count: '3' },
      'params.count PARAM_INVALID',
      /expected .*, got "3"/,
    ],
    ['one out of range', { region: 'eu', count: 0 }, 'params.count PARAM_INVALID', />= 1, got 0/],
    [
      'one that is not in the list',
      { region: 'asia' },
      'params.region PARAM_INVALID',
      /got "asia"/,
    ],
    ['null', { region: null }, 'params.region PARAM_INVALID', /expected string, got null/],
    [
      'a text that would take a backtracking engine for ever',
      { region: 'eu', name: BOMB },
      'params.name PARAM_INVALID',
      /does not match/,
    ],
  ])('refuses %s', (_title, given, place, says) => {
    const faults = faultsOf(withParams(params), { params: given });
    expect(places(faults)).toEqual([place]);
    expect(inWords(faults)).toMatch(says);
  });

  it('fills in defaults, which what is given overrides', () => {
    const { valid } = validateGraph(withParams(params), { params: { region: 'eu', count: 9 } });
    expect(valid?.params).toEqual({ region: 'eu', count: 9, name: 'a' });
  });

  it('tells an unknown one beside what is wrong with the nodes, or with the submission', () => {
    const spec = { ...withParams(params), tasks: [node('a', { dependOn: [] })] };
    const faults = faultsOf(spec, { params: { region: 'eu', cont: 1 }, options: { nope: 1 } });
    expect(places(faults).sort()).toEqual([
      'params.cont UNKNOWN_PARAM',
      'submission.options.nope UNKNOWN_FIELD',
      'tasks[0].dependOn UNKNOWN_FIELD',
    ]);
  });

  it('says nothing of values while the specs are unsound', () => {
    const faults = faultsOf(withParams({ ...params, n: { type: 'integer', default: 'x' } }));
    expect(places(faults)).toEqual(['params.n.default PARAM_INVALID']);
  });

  it('answers thousands of unknown ones, with suggestions for the first hundred', () => {
    const given = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`p${i}`, i]));
    const { faults } = resolveParams({ q: { default: 1 } }, given);
    expect(faults).toHaveLength(5_000);
    expect(faults.filter(({ hint }) => hint !== undefined)).toHaveLength(100);
  });
});

describe('paramSpecFaults', () => {
  it('finds the faults of every parameter', () => {
    const faults = paramSpecFaults({
      'a b': {},
      n: { pattern: '(' },
      m: { type: 'string', default: 1 },
    });
    expect(faults.map(({ path }) => path)).toEqual([
      'params["a b"]',
      'params.n.pattern',
      'params.m.default',
    ]);
  });
});

describe('paramFromText', () => {
  it.each([
    [{ type: 'string' as const }, '5', '5'],
    [{ type: 'integer' as const }, '5', 5],
    [{ type: 'array' as const }, '[1,2]', [1, 2]],
    [{}, 'true', true],
    [undefined, 'eu', 'eu'],
    [{ type: 'integer' as const }, 'x', 'x'],
  ])('for %j reads %s as %j', (spec, text, expected) => {
    expect(paramFromText(spec, text)).toEqual(expected);
  });
});
