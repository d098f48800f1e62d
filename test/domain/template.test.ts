import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TaskError } from '../../src/domain/errors.js';
import type { Json, JsonObject } from '../../src/domain/json.js';
import { parseTemplate, templateProblems } from '../../src/domain/template.js';

const CONTEXT: JsonObject = {
  params: { n: 3, name: 'rio', list: [1, 'a', null], ok: true, none: null },
  tasks: { a: { status: 'COMPLETED', output: { id: 7 } } },
  execution: { id: 'run-1' },
};
const resolve = (template: Json): Json => parseTemplate(template).resolve(CONTEXT);

describe('Template.resolve', () => {
  it.each<[string, Json]>([
    ['${{ params.n }}', 3],
    ['${{params.n}}', 3],
    ['${{ params.list }}', [1, 'a', null]],
    ['${{ params.ok }}', true],
    ['${{ params.none }}', null],
    ['${{ tasks.a.output }}', { id: 7 }],
  ])('keeps the type where %s is the whole string', (template, expected) => {
    expect(resolve(template)).toEqual(expected);
  });

  it.each<[string, Json]>([
    [' ${{ params.n }}', ' 3'],
    ['${{ params.n }} ', '3 '],
    ['${{ params.n }}${{ params.n }}', '33'],
    ['hi ${{ params.name }}, ${{ params.list }}!', 'hi rio, [1,"a",null]!'],
    ['${{ params.ok }}/${{ params.none }}', 'true/null'],
    ['${{ tasks.a.output }}.', '{"id":7}.'],
  ])('puts values into text: %s', (template, expected) => {
    expect(resolve(template)).toBe(expected);
  });

  it.each<[string, Json]>([
    ['$${{ params.n }}', '${{ params.n }}'],
    ['a $${{ b }} ${{ params.n }}', 'a ${{ b }} 3'],
    ['$${{$${{${{ params.n }}', '${{${{3'],
    ['$$${{ x', '$${{ x'],
    ['$${{', '${{'],
  ])('takes $${{ for a literal ${{: %s', (template, expected) => {
    expect(resolve(template)).toBe(expected);
  });

  it.each<[string, Json]>([
    ['${{ "}}" }}', '}}'],
    ["${{ 'a}}b' }}", 'a}}b'],
    ['${{ "\\"}}" }}', '"}}'],
    ['${{ "it\'s }}" }}', "it's }}"],
    ['${{ {"a": {"b": 1}} }}', { a: { b: 1 } }],
    ['${{ {"a": {"b": 1}}}}', { a: { b: 1 } }],
    ['${{ {"a": 1}}}}', '{"a":1}}'],
    ['${{ [{"a": "}}"}] }}', [{ a: '}}' }]],
  ])('does not end an expression inside a string or a map: %s', (template, expected) => {
    expect(resolve(template)).toEqual(expected);
  });

  it('resolves strings wherever they stand, and leaves keys alone', () => {
    const template = {
      '${{ params.n }}': ['${{ params.n }}', { deep: 'n=${{ params.n }}' }, 5, null],
    };
    expect(resolve(template)).toEqual({ '${{ params.n }}': [3, { deep: 'n=3' }, 5, null] });
  });

  it.each(['', '$', '{{ params.n }}', '$ {{ x }}', '${ x }', '}}', '$$', '${params}'])(
    'leaves %j as it is',
    (text) => {
      expect(resolve(text)).toBe(text);
    },
  );

  it('names the place of an expression that fails', () => {
    const template = parseTemplate({ files: ['a', '${{ params.nope }}'] }, ['input']);
    expect(() => template.resolve(CONTEXT)).toThrow(TaskError);
    expect(() => template.resolve(CONTEXT)).toThrow(/^input\.files\[1\]: .*No such key: nope/);
  });

  it('keeps an own __proto__ and pollutes nothing', () => {
    const template = JSON.parse(
      '{"__proto__": {"x": "${{ params.n }}"}, "constructor": 1}',
    ) as Json;
    const value = resolve(template) as JsonObject;
    expect(JSON.stringify(value)).toBe('{"__proto__":{"x":3},"constructor":1}');
    expect(value['x']).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it('gives back any JSON without expressions as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        fc.pre(!JSON.stringify(value).includes('${{'));
        expect(JSON.stringify(resolve(value as Json))).toBe(JSON.stringify(value));
      }),
    );
  });

  it('gives back any text whose ${{ are escaped', () => {
    const texts = fc.array(fc.constantFrom('${{', '}}', '{', '}', 'a', ' ', '"', "'"), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(texts, (pieces) => {
        const escaped = pieces.map((piece) => (piece === '${{' ? '$${{' : piece)).join('');
        expect(resolve(escaped)).toBe(pieces.join(''));
      }),
    );
  });

  it('puts any text through an expression unharmed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const context = { params: { name } };
        expect(parseTemplate('${{ params.name }}').resolve(context)).toBe(name);
        expect(parseTemplate('<${{ params.name }}>').resolve(context)).toBe(`<${name}>`);
      }),
    );
  });

  it('walks a template of a thousand levels', () => {
    let template: Json = '${{ params.n }}';
    for (let level = 0; level < 1_000; level++) template = [template];
    expect(JSON.stringify(resolve(template))).toBe(`${'['.repeat(1_000)}3${']'.repeat(1_000)}`);
  });
});

describe('parseTemplate', () => {
  it.each([
    ['an expression without end', '${{ params.n', /"\$\{\{" at character 1 has no closing "}}"/],
    ['an end inside a text only', '${{ "}}" ', /has no closing/],
    ['a text without end', '${{ "abc }}', /has no closing/],
    ['a second expression without end', '${{ 1 }} ${{ 2', /at character 10 has no closing/],
    ['an empty expression', '${{ }}', /expression ""/],
    ['a bad expression', 'a ${{ 1 + }} b', /expression "1 \+"/],
    ['an unknown variable', '${{ parms.n }}', /Unknown variable: parms/],
  ])('refuses %s, naming the place', (_title, text, message) => {
    const parse = (): unknown => parseTemplate({ a: [text] }, ['tasks', 0, 'input']);
    expect(parse).toThrow(/^tasks\[0\]\.input\.a\[0\]: /);
    expect(parse).toThrow(message);
  });

  it('gathers what all expressions read, once each', () => {
    const { references, heavy } = parseTemplate({
      a: '${{ tasks.x.output }} ${{ tasks["y-1"].status }}',
      b: ['${{ params.p }}', '${{ tasks.x.output + params.p }}'],
    });
    expect(references).toMatchObject({ tasks: ['x', 'y-1'], params: ['p'], dynamic: false });
    expect(heavy).toBe(false);
  });

  it('reads nothing of an escaped expression', () => {
    expect(parseTemplate('$${{ tasks.x.output }}').references.tasks).toEqual([]);
  });

  it('is heavy and dynamic where one of its expressions is', () => {
    expect(parseTemplate(['${{ 1 }}', '${{ [1].map(x, x) }}']).heavy).toBe(true);
    expect(parseTemplate(['${{ 1 }}', '${{ tasks[params.x] }}']).references.dynamic).toBe(true);
  });
});

describe('templateProblems', () => {
  it('finds every expression that does not parse, each at its place', () => {
    const { problems, template } = templateProblems({
      a: '${{ 1 + }}',
      b: ['${{', 'ok ${{ tasks.t.output }}'],
    });
    expect(problems.map(({ path }) => path)).toEqual([['a'], ['b', 0]]);
    expect(template.references.tasks).toEqual(['t']);
  });
});
