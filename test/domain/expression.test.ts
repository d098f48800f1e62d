import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TaskError } from '../../src/domain/errors.js';
import { parseExpression } from '../../src/domain/expression.js';
import type { Json, JsonObject } from '../../src/domain/json.js';

const CONTEXT: JsonObject = {
  params: { name: 'rio', list: [1, 2, 3], words: ['a', 'b'], big: 9_007_199_254_740_991 },
  tasks: {
    a: { status: 'COMPLETED', output: { n: 2, half: 1.5, none: null, nested: { deep: [10, 20] } } },
    'x-1': { status: 'FAILED', output: 7 },
  },
  execution: { id: 'run-1', metadata: { team: 'data' } },
};
const evaluate = (source: string, context: JsonObject = CONTEXT): Json =>
  parseExpression(source).evaluate(context);
const refusal = (source: string, context: JsonObject = CONTEXT): TaskError => {
  try {
    evaluate(source, context);
  } catch (error) {
    if (error instanceof TaskError) return error;
    throw error;
  }
  throw new Error(`${source} was not refused`);
};
/** `x.map(v0, x.map(v1, …))`, so deep. */
const nested = (macro: string, depth: number): string => {
  let body = macro === 'map' ? '1' : 'true';
  for (let level = depth; level > 0; level--) {
    body = `params.list.${macro}(v${level}, ${body})`;
    if (macro === 'filter' && level > 1) body = `size(${body}) > 0`;
  }
  return body;
};
const listOf = (length: number): JsonObject => ({
  ...CONTEXT,
  params: { list: Array.from({ length }, (_, i) => i) },
});

describe('string', () => {
  it('writes a time as it is written in an output, so that a day can be cut from it', () => {
    const at = 'timestamp("2027-03-01T00:30:00.000Z")';
    expect(evaluate(`string(${at})`)).toBe(evaluate(at));
    expect(evaluate(`string(${at} - duration("24h")).substring(0, 10)`)).toBe('2027-02-28');
    expect(evaluate('string(7) + string(true) + string("x")')).toBe('7truex');
  });
});

describe('fromJson', () => {
  const of = (text: string, source = 'fromJson(params.text)'): Json =>
    evaluate(source, { ...CONTEXT, params: { text } });

  it('gives the value of a document, as any other value', () => {
    expect(of('[{"n": 1}, 2.5, "x", null, true]')).toEqual([{ n: 1 }, 2.5, 'x', null, true]);
    expect(of('{"n": 1}', 'fromJson(params.text).n + 1')).toBe(2);
    expect(of('[1, 2]', 'fromJson(params.text).map(x, x * 2)')).toEqual([2, 4]);
    expect(JSON.stringify(of('{"__proto__":{"x":1}}'))).toBe('{"__proto__":{"x":1}}');
  });

  it.each([
    ['{', /fromJson: "\{" is no JSON/],
    ['', /fromJson: "" is no JSON/],
    [`"${'x'.repeat(1_048_576)}"`, /the text is longer than 1048576 characters/],
  ])('says what is wrong with %#', (text, message) => {
    expect(() => of(text)).toThrow(message);
  });

  it('is not asked of what is no text', () => {
    expect(refusal('fromJson(tasks.a.output.nested)').code).toBe('EXPRESSION');
  });
});

describe('Expression.evaluate', () => {
  it.each<[string, Json]>([
    ['tasks.a.output.n + 1', 3],
    ['1 + tasks.a.output.n', 3],
    ['tasks.a.output.n - 1', 1],
    ['tasks.a.output.n * 2.5', 5],
    ['tasks.a.output.n * 3', 6],
    ['tasks.a.output.n / 4', 0.5],
    ['tasks.a.output.half + 1', 2.5],
    ['7 % tasks.a.output.n', 1],
    ['7 / 2', 3],
    ['7.0 / 2', 3.5],
    ['-tasks.a.output.n', -2],
    ['tasks.a.output.n == 2', true],
    ['2 == tasks.a.output.n', true],
    ['tasks.a.output.n != 2', false],
    ['tasks.a.output.n > 1 && 3 >= tasks.a.output.n', true],
    ['tasks.a.output.n in [1, 2]', true],
    ['2 in params.list', true],
    ['1.0', 1],
  ])('mixes whole and other numbers: %s', (source, expected) => {
    expect(evaluate(source)).toBe(expected);
  });

  it.each<[string, Json]>([
    ['params.name', 'rio'],
    ['"hello " + params.name', 'hello rio'],
    ['tasks["x-1"].output', 7],
    ["tasks['x-1'].status == 'FAILED'", true],
    ['tasks.a.output.none', null],
    ['tasks.a.output.nested.deep[1]', 20],
    ['execution.id', 'run-1'],
    ['has(params.nope) ? 1 : 2', 2],
    ['params.?nope.orValue("x")', 'x'],
    ['params.list.map(x, x * 2)', [2, 4, 6]],
    ['params.list.filter(x, x > 1).map(x, x + 1).exists(x, x == 4)', true],
    [
      'params.list.map(x, params.list.map(y, x * y))',
      [
        [1, 2, 3],
        [2, 4, 6],
        [3, 6, 9],
      ],
    ],
    ['{"a": {"b": [1, "x", null]}}', { a: { b: [1, 'x', null] } }],
    ['size(params.list)', 3],
    ['"a,b".split(",")', ['a', 'b']],
  ])('gives the value of %s', (source, expected) => {
    expect(evaluate(source)).toEqual(expected);
  });

  it.each<[string, Json]>([
    ['9007199254740991', 9_007_199_254_740_991],
    ['-9007199254740991', -9_007_199_254_740_991],
    ['2u + 3u', 5],
    ['string(9007199254740993)', '9007199254740993'],
    ['timestamp("2024-01-01T00:00:00Z")', '2024-01-01T00:00:00.000Z'],
    ['timestamp("2024-01-01T00:00:00Z") + duration("1h")', '2024-01-01T01:00:00.000Z'],
    ['b"ab"', '6162'],
    ['duration("90m")', '5400s'],
    ['duration("1.5s")', '1.5s'],
    ['duration("-1.5s")', '-1.5s'],
    ['duration("-500ms")', '-0.5s'],
    ['[timestamp("2024-01-01T00:00:00Z")]', ['2024-01-01T00:00:00.000Z']],
  ])('turns %s into JSON', (source, expected) => {
    expect(evaluate(source)).toEqual(expected);
  });

  it.each([
    ['a whole number beyond 2^53', '9007199254740992', /beyond 2\^53/],
    ['a negative one', '-9007199254740992', /beyond 2\^53/],
    ['one inside a list', '[9007199254740992]', /beyond 2\^53/],
    ['an overflow', '9223372036854775807 + 1', /overflow/],
    ['NaN', 'double("NaN")', /the result is NaN/],
    ['Infinity', 'tasks.a.output.n / 0', /the result is Infinity/],
    ['a division of whole numbers by zero', '1 / 0', /division by zero/],
    ['a type', 'type(1)', /the result is a Type/],
    ['an optional value', 'optional.of(1)', /the result is a Optional/],
    ['a missing key', 'params.nope', /No such key: nope/],
    ['a task that is not there', 'tasks.b.output', /No such key: b/],
    ['an index out of bounds', 'params.list[9]', /index 9/],
    ['text and a number added', 'params.name + params.list[0]', /no such overload/],
  ])('refuses %s', (_title, source, message) => {
    expect(refusal(source)).toMatchObject({ code: 'EXPRESSION', retriable: false });
    expect(refusal(source).message).toMatch(message);
    expect(refusal(source).message).toContain('expression "');
  });
});

describe('Expression.evaluate on names that objects inherit', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'])(
    'does not find %s where it is not in the data',
    (name) => {
      expect(refusal(`params.${name}`).message).toContain(`No such key: ${name}`);
      expect(evaluate(`has(params.${name})`)).toBe(false);
    },
  );

  const hostile = JSON.parse(
    `{"params": {"list": [{"constructor": {"name": "UnsignedInt"}, "v": 1}],
      "__proto__": {"polluted": true}, "constructor": null, "n": 4},
      "tasks": {"constructor": {"output": 5}}, "execution": {}}`,
  ) as JsonObject;

  it.each<[string, Json]>([
    ['params.n + 1', 5],
    ['params.constructor', null],
    ['params.list[0].v', 1],
    ['params.list[0].constructor.name', 'UnsignedInt'],
    ['params.list.map(x, x.v)', [1]],
    ['params.list.exists(x, has(x.constructor))', true],
    ['tasks.constructor.output', 5],
  ])('reads them where they are data: %s', (source, expected) => {
    expect(evaluate(source, hostile)).toEqual(expected);
  });

  it('hands on data with such keys whole, as own keys', () => {
    const whole = evaluate('params', hostile);
    expect(JSON.stringify(whole)).toBe(JSON.stringify(hostile['params']));
    expect(Object.getPrototypeOf(whole)).toBe(Object.prototype);
    expect((whole as JsonObject)['polluted']).toBeUndefined();
  });

  it('hands on any JSON as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const output = value as Json;
        const text = JSON.stringify(output);
        expect(JSON.stringify(evaluate('tasks.a.output', { tasks: { a: { output } } }))).toBe(text);
      }),
    );
  });
});

describe('Expression.evaluate with macros', () => {
  it.each(['map', 'filter', 'all', 'exists', 'exists_one'])(
    'lets %s nest once, not twice',
    (macro) => {
      expect(() => parseExpression(nested(macro, 2))).not.toThrow();
      expect(() => parseExpression(nested(macro, 3))).toThrow(/may nest only once/);
    },
  );

  it('counts a chain of macros as one level, however long', () => {
    const chain = 'params.list.filter(x, x > 1).map(x, x + 1).map(x, x * 2).filter(x, x > 6)';
    expect(evaluate(chain)).toEqual([8]);
  });

  it('counts bindings as macros, so that no text can double itself for long', () => {
    const bind = 'cel.bind(a, "xx", cel.bind(b, a + a, cel.bind(c, b + b, c)))';
    expect(() => parseExpression(bind)).toThrow(/may nest only once/);
  });

  it('takes lists of 10,000 items, 1,000 where macros nest', () => {
    expect(evaluate(nested('all', 1), listOf(10_000))).toBe(true);
    expect(refusal(nested('all', 1), listOf(10_001)).message).toContain('the limit is 10000');
    expect(evaluate(nested('all', 2), listOf(1_000))).toBe(true);
    expect(refusal(nested('all', 2), listOf(1_001)).message).toContain('the limit is 1000');
  });

  it('has no limit for a list that enters no macro', () => {
    expect(evaluate('size(params.list)', listOf(50_000))).toBe(50_000);
  });
});

describe('Expression.evaluate with matches', () => {
  const text = (name: string): JsonObject => ({ ...CONTEXT, params: { name } });

  it('answers a pattern that backtracks without end elsewhere', () => {
    expect(evaluate('params.name.matches("^(a+)+$")', text(`${'a'.repeat(40)}!`))).toBe(false);
    expect(evaluate('params.name.matches("^(a+)+$")', text('a'.repeat(40)))).toBe(true);
  });

  it('is such also inside a macro and in a pattern that is data', () => {
    const source = '[params.name].exists(x, x.matches(tasks.a.output))';
    const context = {
      params: { name: `${'a'.repeat(40)}!` },
      tasks: { a: { output: '^(a|aa)+$' } },
    };
    expect(evaluate(source, context)).toBe(false);
  });

  it.each([
    ['a raw text', String.raw`"a1".matches(r"^a\d$")`],
    ['an escaped text', String.raw`"a1".matches("^a\\d$")`],
    ['quotes', String.raw`'say "hi"'.matches('"h[aeiou]"')`],
    ['a part of the text', '"xaby".matches("ab")'],
  ])('takes a pattern in %s', (_title, source) => {
    expect(evaluate(source)).toBe(true);
  });

  it('refuses a pattern that is none', () => {
    expect(refusal('params.name.matches("(")').message).toMatch(/missing closing \)/);
  });

  it('refuses a text over 64 KiB', () => {
    const long = text('a'.repeat(65_537));
    expect(refusal('params.name.matches("b")', long).message).toContain('longer than 65536');
  });
});

describe('parseExpression', () => {
  it.each([
    ['nothing', ''],
    ['half an expression', '1 +'],
    ['two expressions', '1 2'],
    ['an open bracket', '(1'],
    ['an open text', '"abc'],
    ['an unknown variable', 'foo.bar'],
    ['an unknown variable in a macro', 'params.list.map(x, y)'],
    ['an unknown function', 'now()'],
    ['text and a number added', '"a" + 1'],
    ['an assignment', 'params.x = 1'],
    ['over 64 KiB', `"${'a'.repeat(65_536)}"`],
    ['61 brackets', `${'('.repeat(61)}1${')'.repeat(61)}`],
    ['100,000 brackets', '('.repeat(30_000)],
    ['a long sum', Array.from({ length: 2_500 }).fill('1').join('+')],
  ])('refuses %s before anything runs', (_title, source) => {
    expect(() => parseExpression(source)).toThrow(TaskError);
    expect(() => parseExpression(source)).toThrow(/^expression "/);
  });

  it('shows the start of a long expression only', () => {
    expect(() => parseExpression(`foo${'o'.repeat(500)}`)).toThrow(/^.{0,700}$/s);
  });

  it.each([
    ['tasks.a.output.n', ['a'], []],
    ['tasks["x-1"].output + tasks.a.status', ['x-1', 'a'], []],
    ['tasks["a"].output + tasks.a.output', ['a'], []],
    ['tasks.?a.?output.orValue(1)', ['a'], []],
    ['tasks[?"a"].hasValue()', ['a'], []],
    ['params.list.map(x, tasks.b.output + x + params.y)', ['b'], ['list', 'y']],
    ['has(tasks.c.output) ? params.p : "tasks.no"', ['c'], ['p']],
    ['execution.id', [], []],
    ['tasks.lines-1', ['lines'], []],
  ])('finds what %s reads', (source, tasks, params) => {
    expect(parseExpression(source).references).toMatchObject({ tasks, params, dynamic: false });
  });

  it.each([
    'tasks',
    'params',
    'size(tasks)',
    'tasks[params.x]',
    'params["a" + "b"]',
    'tasks[1]',
    'tasks.map(k, k)',
  ])('says that %s reads what cannot be known', (source) => {
    expect(parseExpression(source).references.dynamic).toBe(true);
  });

  it.each([
    ['params.name', false],
    ['params.list[0] + 1', false],
    ['params.list.map(x, x)', true],
    ['params.name.matches("a")', true],
  ])('knows whether %s may take long', (source, heavy) => {
    expect(parseExpression(source).heavy).toBe(heavy);
  });

  it('gives an expression or an EXPRESSION error for any text', () => {
    const pieces = fc.constantFrom(
      'params',
      '.',
      'tasks',
      '[',
      ']',
      '(',
      ')',
      '"',
      "'",
      '1',
      '+',
      ' ',
      'a',
      '?',
      ':',
      '{',
      '}',
      ',',
      'map',
      '\\',
      '-',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 20 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(texts, (source) => {
        try {
          parseExpression(source).evaluate(CONTEXT);
        } catch (error) {
          expect(error).toMatchObject({ name: 'TaskError', code: 'EXPRESSION' });
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    [
      'tasks.b.outptu',
      ['tasks.b has output, status, artifacts, and no "outptu" (did you mean "output"?)'],
    ],
    [
      'tasks["b"].state + tasks.b.output.n',
      ['tasks.b has output, status, artifacts, and no "state" (did you mean "status"?)'],
    ],
    [
      'execution.scheduldTime',
      [
        'execution has id, graph, project, sessionId, scheduledTime, metadata, and no "scheduldTime" (did you mean "scheduledTime"?)',
      ],
    ],
    ['has(tasks.b.outptu) || tasks.b.?outptu.hasValue() || tasks.b.output.outptu', []],
  ])('knows what there never is in %s', (source, unknown) => {
    expect(parseExpression(source).references.unknown).toEqual(unknown);
  });
});
