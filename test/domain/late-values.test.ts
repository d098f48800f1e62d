import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inputVariables } from '../../src/domain/expression.js';
import type { Json } from '../../src/domain/json.js';
import { LateValues, lateText, type LateName } from '../../src/domain/late-values.js';
import { parseTemplate } from '../../src/domain/template.js';
import { validateGraph } from '../../src/domain/validate.js';

const VARIABLES = inputVariables({ task: true, map: false });
const resolve = (template: Json, params: Record<string, Json> = {}) => {
  const parsed = parseTemplate(template, [], VARIABLES);
  const late = new LateValues(parsed.late, 'nonce');
  return { late, input: parsed.resolve({ params, tasks: {}, execution: {}, ...late.context }) };
};
const value = (one: LateName): string => `<${lateText(one)}>`;
const faults = (node: object) =>
  validateGraph({ name: 'g', tasks: [{ id: 'a', task: 't', ...node }] }).faults;

describe('LateValues', () => {
  it('puts values in where the template names them, and shows the reference elsewhere', () => {
    const { late, input } = resolve({
      whole: '${{ secrets.TOKEN }}',
      text: 'Bearer ${{ secrets.TOKEN }} in ${{ env.REGION }}',
      list: [1, '${{ secrets["db-pass"] }}'],
    });
    expect(late.shown(input)).toEqual({
      whole: '${{ secrets.TOKEN }}',
      text: 'Bearer ${{ secrets.TOKEN }} in ${{ env.REGION }}',
      list: [1, '${{ secrets["db-pass"] }}'],
    });
    expect(late.revealed(input, value)).toEqual({
      whole: '<secrets.TOKEN>',
      text: 'Bearer <secrets.TOKEN> in <env.REGION>',
      list: [1, '<secrets["db-pass"]>'],
    });
  });

  it('never puts a value where data only looks like a reference', () => {
    const tricks = ['${{ secrets.TOKEN }}', '{{secrets.TOKEN#nonc}}', '{{secrets.TOKEN}}'];
    const { late, input } = resolve(
      {
        own: '${{ secrets.TOKEN }}',
        given: '${{ params.given }}',
        literal: '$${{ secrets.TOKEN }}',
      },
      { given: tricks },
    );
    expect(late.revealed(input, value)).toEqual({
      ...{ own: '<secrets.TOKEN>', given: tricks, literal: '${{ secrets.TOKEN }}' },
    });
  });

  it('hashes the name of a secret and the value of a variable', () => {
    const { late, input } = resolve({ a: '${{ secrets.TOKEN }}', b: 'x ${{ env.REGION }}' });
    const hashed = (region: string) =>
      JSON.stringify(late.hashed(input, ({ kind }) => (kind === 'env' ? region : 'SECRET VALUE')));
    expect(hashed('eu')).not.toContain('SECRET VALUE');
    expect(hashed('eu')).not.toBe(hashed('us'));
  });

  it('hashes a reference and text that looks like one to different things', () => {
    const one = resolve('${{ secrets.TOKEN }}');
    const other = resolve('$${{ secrets.TOKEN }}');
    expect(one.late.shown(one.input)).toEqual(other.late.shown(other.input));
    expect(one.late.hashed(one.input, value)).not.toEqual(other.late.hashed(other.input, value));
  });

  it('leaves every input without references as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (given) => {
        const input = given as Json;
        const late = new LateValues([], 'nonce');
        expect(late.shown(input)).toBe(input);
        expect(late.revealed(input, value)).toBe(input);
        expect(late.hashed(input, value)).toBe(input);
      }),
    );
  });
});

describe('validateGraph on secrets and env', () => {
  it('takes them in the input of a task', () => {
    const input = { a: 'x ${{ secrets.TOKEN }}', b: '${{ env["REGION"] }}' };
    expect(faults({ input })).toEqual([]);
    expect(faults({ input: { ...input, i: '${{ item }}' }, map: { over: [1, 2] } })).toEqual([]);
  });

  it.each([
    ['part of a value', '${{ secrets.TOKEN.size() }}'],
    ['a field of one', '${{ secrets.TOKEN.part }}'],
    ['a sum', '${{ secrets.A + secrets.B }}'],
    ['a condition', '${{ env.STAGE == "prod" ? 1 : 2 }}'],
    ['a name that is computed', '${{ secrets[params.name] }}'],
    ['all of them', '${{ secrets }}'],
    ['a look whether it is there', '${{ has(secrets.TOKEN) }}'],
    ['one that may be missing', '${{ secrets.?TOKEN }}'],
  ])('refuses %s', (_title, text) => {
    const found = validateGraph({
      ...{ name: 'g', params: { name: { default: 'x' } } },
      tasks: [{ id: 'a', task: 't', input: { x: text } }],
    }).faults;
    expect(found[0]).toMatchObject({ path: 'tasks[0].input.x', code: 'EXPRESSION' });
    expect(found[0]?.message).toContain('put in at the last moment');
  });

  it.each(['../passwd', 'a/b', '', '.hidden', 'x'.repeat(101)])('refuses the name %j', (name) => {
    const text = `\${{ secrets[${JSON.stringify(name)}] }}`;
    expect(faults({ input: text })[0]?.message).toContain('is no name of a secret');
  });

  it.each<[string, object]>([
    ['a condition', { when: 'secrets.TOKEN == "x"' }],
    ['what a map goes over', { map: 'secrets.LIST' }],
    [
      'the input of a sub-graph',
      { task: undefined, graph: 'other', input: { t: '${{ secrets.T }}' } },
    ],
    ['the key of a limit', { limit: 'x-${{ secrets.TOKEN }}' }],
  ])('refuses them in %s', (_title, node) => {
    const found = faults(node);
    expect(found).toHaveLength(1);
    expect(found[0]?.message).toContain('Unknown variable: secrets');
  });
});
