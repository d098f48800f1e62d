import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatFaults } from '../../src/domain/fault.js';
import type { Json } from '../../src/domain/json.js';
import { parsePipeline, pipelineToYaml } from '../../src/domain/pipeline.js';
import type { GraphSpec } from '../../src/domain/spec.js';
import { validateGraph } from '../../src/domain/validate.js';

/** A file's faults as a person sees them: `3:5 tasks[0].id: …`. */
const lines = (text: string): string[] => {
  const parsed = parsePipeline(text);
  const { spec, faults } = parsed;
  const all = faults.length > 0 ? faults : parsed.locate(validateGraph(spec).faults);
  return formatFaults(all).split('\n').filter(Boolean);
};
const BOMB = [
  'a: &a [x, x, x, x, x, x, x, x, x]',
  ...'bcdefghi'.split('').map((name, i) => {
    const before = 'abcdefgh'[i];
    return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}]`;
  }),
].join('\n');

const FILE = `# orders
name: orders
concurrency: 0
tasks:
  - id: load
    task: load-rows
  - id: store
    task: store-rows
    dependsOn:
      - lod
    retry: { maxRetries: 2, dely: 5s }
`;

describe('parsePipeline', () => {
  it('reads YAML, and JSON as YAML', () => {
    const spec = {
      name: 'x',
      tasks: [{ id: 'a', task: 't', input: { n: 1.5, s: 'yes', list: [null, true] } }],
    };
    expect(parsePipeline(JSON.stringify(spec))).toMatchObject({ spec, faults: [] });
    expect(
      parsePipeline(
        'name: x\ntasks:\n- {id: a, task: t, input: {n: 1.5, s: yes, list: [null, true]}}',
      ),
    ).toMatchObject({ spec, faults: [] });
  });

  it('takes the field that names the schema for editors, and forgets it', () => {
    expect(parsePipeline('{"$schema": "./pipeline.schema.json", "name": "x"}').spec).toEqual({
      name: 'x',
    });
    expect(parsePipeline('$schema: [1]\n').spec).toEqual({ $schema: [1] });
  });

  it.each([
    ['a key used twice', 'name: a\nname: b\n', /^2:1 the key "name" is there twice/],
    [
      'a key used twice in JSON',
      '{"name": "a",\n "name": "b"}',
      /^2:2 the key "name" is there twice/,
    ],
    [
      'a key used twice further in',
      'tasks:\n  - id: a\n    id: b\n',
      /^3:5 the key "id" is there twice/,
    ],
    ['two documents', 'name: a\n---\nname: b\n', /^2:1 expected one document, got another/],
    [
      'tabs for indentation',
      'name: x\ntasks:\n\t- id: a\n',
      /^3:1 Tabs are not allowed as indentation/,
    ],
    ['an open bracket', 'name: [a, b\n', /^2:1 Flow sequence/],
    ['an open text', 'name: "abc\n', /^2:1 Missing closing "quote/],
    ['two documents', 'name: a\n---\nname: b\n', /^2:1 expected one document, got another/],
    [
      'an unknown alias',
      'a: &nobody 1\nname: *nobdy\n',
      /^2:7 the alias \*nobdy stands for nothing: .* &nobdy; did you mean \*nobody\?$/,
    ],
    [
      'an alias before its anchor',
      'a: *x\nb: &x 1\n',
      /^1:4 .* no value before it has the anchor &x/,
    ],
    ['a bomb of aliases', BOMB, /^\d+:\d+ the aliases up to this one stand for too much/],
    [
      'many aliases',
      `a: &a x\nb: [${Array(150).fill('*a').join(', ')}]\n`,
      /^2:405 .* the limit is 100 values/,
    ],
    ['a list as a key', 'a: 1\n? [x, y]\n: 2\n', /^2:3 expected a text as a key, got a list/],
    [
      'an expression without quotes and its $',
      'input: {{ params.x }}\n',
      /^1:9 expected a text as a key, got a map; .*'\$\{\{ … \}\}', in quotes/,
    ],
    ['an empty key', 'a: 1\n: 2\n', /^2:\d+ expected a key before ":"/],
    ['null as a key', '~: 1\n', /^1:1 expected a key .* "null" in quotes/],
    [
      'a tag of another language',
      'a: !ruby/object {x: 1}\n',
      /^1:17 the tag "!ruby\/object" has no/,
    ],
    [
      'a tag of YAML that is no JSON',
      'a: !!binary aGk=\n',
      /^1:13 the tag "!!binary" has no value/,
    ],
    ['the same key as number and text', '1: a\n"1": b\n', /^2:1 the key "1" is there twice/],
    ['more errors than help', `a: ${'&a '.repeat(2_000)}`, /^(?:1:\d+ .*\n){99}1:\d+ .*$/],
    ['10,000 levels of brackets', '['.repeat(10_000), /nested too deep; the limit is 200 levels/],
    ['10,000 levels of maps', '{"a":'.repeat(10_000), /nested too deep/],
    ['10,000 levels of lists', `${'- '.repeat(10_000)}a`, /nested too deep/],
    ['5 MB', `# ${'x'.repeat(5_000_000)}`, /the file has 5000002 characters; the limit is 5000000/],
  ])('answers %s with a fault', (_title, text, says) => {
    const { spec, faults } = parsePipeline(text);
    expect(spec).toBeNull();
    expect(formatFaults(faults)).toMatch(says);
  });

  it('refuses whole numbers that would lose digits, and reads on for other faults', () => {
    const text = 'tasks:\n  - input: { n: 12345678901234567890, ok: 9007199254740991, e: 1e30 }\n';
    const { spec, faults } = parsePipeline(text);
    expect(formatFaults(faults)).toMatch(
      /^2:17 the number 12345678901234567890 is not exact in JSON, .* in quotes$/,
    );
    expect(spec).toMatchObject({ tasks: [{ input: { ok: 9007199254740991, e: 1e30 } }] });
  });

  it.each([
    ['0xffffffffffffffffff', 4_722_366_482_869_645_000_000],
    ['0o7777777777777777777777', 73_786_976_294_838_210_000],
  ])('refuses %s, which would lose digits, too', (number, inexact) => {
    const { faults } = parsePipeline(`a: ${number}\nb: [0xff, 0o17, 0x20000000000000]\n`);
    expect(formatFaults(faults)).toBe(
      `1:4 the number ${number} is not exact in JSON, it would be ${inexact}; write it in quotes`,
    );
  });

  it.each([
    ['nothing', '', /^(?:1:1 |\(root\): )expected object, got null/],
    ['a comment', '# nothing\n', /^(?:\d+:\d+ |\(root\): )expected object, got null/],
    ['prose', 'hello world', /^1:1 expected object, got "hello world"/],
    ['a list', '- a\n', /^1:1 expected object/],
    ['.nan', 'name: x\nconcurrency: .nan\ntasks: []', /^2:14 concurrency: NaN is not JSON/],
    ['an alias of what contains it', 'name: x\ntasks: &t\n  - *t\n', /tasks\[0\]: refers back/],
  ])('leaves %s to validation', (_title, text, says) => {
    expect(lines(text).join('\n')).toMatch(says);
  });

  it('merges what << names, under what is said beside it', () => {
    const { spec } = parsePipeline(
      'a: &a { x: 1, y: 2 }\nb: { <<: *a, y: 3 }\nc:\n  <<: [*a, { z: 4 }]\nd: { "<<": text }\n',
    );
    expect(spec).toMatchObject({ b: { x: 1, y: 3 }, c: { x: 1, y: 2, z: 4 }, d: { '<<': 'text' } });
  });

  it('takes the tags that JSON has values for', () => {
    expect(parsePipeline('a: !!str 12\nb: !!int "3"\nc: ! x\n')).toMatchObject({
      spec: { a: '12', b: 3, c: 'x' },
      faults: [],
    });
  });

  it('looks at each key of a map once: twenty thousand of them are read', () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `k${i}`);

    const { spec, faults } = parsePipeline(names.map((name) => `${name}: 1`).join('\n'));
    expect(faults).toEqual([]);
    expect(Object.keys(spec as object)).toHaveLength(20_000);
  });

  it('keeps an own __proto__ and numbers as keys', () => {
    const { spec } = parsePipeline('__proto__: {polluted: true}\n5: five\n');
    expect(Object.keys(spec as object).sort()).toEqual(['5', '__proto__']);
    expect((spec as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('never throws, whatever the text', () => {
    const pieces = fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '&a',
      '*a',
      '!!',
      '|',
      '>',
      '#',
      '---',
      '\t',
      '?',
      '%',
      '<<: ',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces, { maxLength: 30 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        for (const line of lines(text)) expect(line).not.toBe('');
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('ParsedPipeline.locate', () => {
  it('gives every fault its line and column in the file', () => {
    expect(lines(FILE)).toEqual([
      '3:14 concurrency: too small: expected number to be >=1, got 0',
      '11:29 tasks[1].retry.dely: unknown field "dely" (did you mean "delay"?)',
      '10:9 tasks[1].dependsOn[0]: unknown task "lod" (did you mean "load"?)',
    ]);
  });

  it('gives a fault about what is missing the place of what should hold it', () => {
    expect(lines('tasks:\n  - task: x\n    "a b": 1\n')).toEqual([
      '1:1 name: is required: expected string',
      '2:5 tasks[0].id: is required: expected string',
      '3:5 tasks[0]["a b"]: unknown field "a b"',
    ]);
  });

  it.each([
    ['an unknown field at its key', 'tasks: []\nnmae: x\n', '2:1 nmae: unknown field'],
    ['a wrong value at the value', 'name: x\nconcurrency:\n  - 1\n', '3:3 concurrency: expected'],
    ['an unknown field of an item', 'name: x\ntasks:\n  - {id: a, tsk: b}\n', '3:13 tasks[0].tsk:'],
    [
      'a fault behind an alias where it is written',
      'name: x\ndefaults:\n  retry: &r {dely: 1}\ntasks:\n  - {id: a, task: b, retry: *r}\n',
      '3:14 tasks[0].retry.dely: unknown field',
    ],
    ['a key that is a number', 'name: x\n5: y\ntasks: [{id: a, task: b}]\n', '2:1 ["5"]: unknown'],
    [
      'a name of a parameter at its key',
      'name: x\nparams:\n  a b: {}\ntasks: [{id: a, task: b}]\n',
      '3:3 params["a b"]: a parameter',
    ],
    [
      'a keyword that there is not',
      'name: x\nparams:\n  n: {type: integer, minimun: 1}\ntasks: [{id: a, task: b}]\n',
      '3:22 params.n.minimun: unknown keyword',
    ],
    [
      'a fault in a sub-graph that is written inside',
      'name: x\ntasks:\n  - id: a\n    graph:\n      name: y\n      tasks:\n        - {id: b, tsk: c}\n',
      '7:19 tasks[0].graph.tasks[0].tsk: unknown field',
    ],
  ])('puts %s', (_title, text, expected) => {
    const found = lines(text);
    expect(found.some((line) => line.startsWith(expected)) ? expected : found).toBe(expected);
  });

  it('finds nothing to add where a fault is not about the file', () => {
    const fault = { path: 'elsewhere', code: 'FILE', message: 'x' } as const;
    expect(parsePipeline('').locate([fault])).toEqual([fault]);
  });
});

describe('pipelineToYaml', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      'yes',
      'no',
      'null',
      '~',
      '1e3',
      '0x10',
      '.nan',
      '- a',
      'a: b',
      '# x',
      ' x ',
      'a\nb',
      '\ta',
      '',
      '2027-01-31',
      '${{ params.n }}',
      '*a',
      '!!x',
      '<<',
    ),
  );
  const values = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      texts,
      fc.constantFrom<Json>(null, true, false, 0, -1.5, 1e21, 5e-324),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
      fc.array(tie('value'), { maxLength: 4 }) as fc.Arbitrary<Json>,
      fc.dictionary(texts, tie('value'), {
        maxKeys: 4,
        noNullPrototype: true,
      }) as fc.Arbitrary<Json>,
    ),
  })).value;

  it('writes a spec that reads back as it was, whatever its inputs', () => {
    fc.assert(
      fc.property(values, texts, (input, description) => {
        const spec = {
          name: 'x',
          description,
          tasks: [{ id: 'a', task: 't', input }],
        } as GraphSpec;
        const { spec: again, faults } = parsePipeline(pipelineToYaml(spec));
        expect(faults).toEqual([]);
        expect(JSON.stringify(again)).toBe(JSON.stringify(spec));
      }),
      { numRuns: 500 },
    );
  });

  it('writes a valid graph as one that is as valid, and the same', () => {
    const spec: GraphSpec = {
      name: 'orders',
      params: { region: { type: 'string', default: 'eu' } },
      defaults: { retry: { delays: ['1s', '5s'] }, timeout: '5m' },
      tasks: [
        { id: 'load', task: 'load', input: { region: '${{ params.region }}' } },
        {
          id: 'store',
          task: 'store',
          dependsOn: ['load'],
          trigger: 'all_done',
          retry: 'NONE',
          input: '${{ tasks.load.output }}',
        },
      ],
    };
    const text = pipelineToYaml(spec);
    expect(text).toContain('trigger: all_done');
    expect(validateGraph(parsePipeline(text).spec)).toEqual(validateGraph(spec));
    expect(validateGraph(spec).faults).toEqual([]);
  });

  it('writes a thing that stands in two places twice, without anchors', () => {
    const retry = { maxRetries: 1 };
    const tasks = ['a', 'b'].map((id) => ({ id, task: 't', retry }));
    expect(pipelineToYaml({ name: 'x', tasks })).not.toMatch(/[&*]/);
  });
});
