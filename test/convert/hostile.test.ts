import { describe, expect, it } from '@jest/globals';
import { convert } from '../../src/convert/convert.js';
import { FORMATS } from '../../src/convert/conversion.js';
import { TaskError } from '../../src/domain/errors.js';

const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
  .concat(
    Array.from({ length: 9 }, (_none, at) => {
      const [own, before] = [String.fromCharCode(98 + at), String.fromCharCode(97 + at)];
      return `${own}: &${own} [${Array(10).fill(`*${before}`).join(', ')}]`;
    }),
  )
  .join('\n');
const matrix = (size: number): string => {
  const list = JSON.stringify(Array.from({ length: size }, (_none, at) => at));
  return `jobs: { a: { strategy: { matrix: { a: ${list}, b: ${list} } }, steps: [] } }`;
};
const argo = (templates: string): string =>
  `{ apiVersion: argoproj.io/v1alpha1, kind: Workflow, spec: { entrypoint: a, templates: ${templates} } }`;
const leaf = '{ name: z, container: { image: i } }';
/** Each template is ten steps of the next: ten to the power of their number. */
const powers = argo(
  `[${'abcde'
    .split('')
    .map((name, at) => {
      const steps = Array.from(
        { length: 10 },
        (_none, step) => `{ name: s${step}, template: ${'bcdez'[at]} }`,
      );
      return `{ name: ${name}, dag: { tasks: [${steps.join(', ')}] } }`;
    })
    .join(', ')}, ${leaf}]`,
);

describe('what is no sound text of a format', () => {
  it.each(
    FORMATS.flatMap(
      (from) =>
        [
          [from, 'nothing', ''],
          [from, 'spaces', ' \n\t '],
          [from, 'an image', '\u0089PNG\r\n\u001a\n\u0000\u0000'],
          [from, 'a word', 'hello'],
          [from, 'a number', '42'],
          [from, 'an empty list', '[]'],
          [from, 'an empty object', '{}'],
          [from, 'a bomb', bomb],
          [from, 'brackets in brackets', '['.repeat(20_000)],
          [from, 'five megabytes', 'x'.repeat(5_000_001)],
          [from, 'half a quote', '"'],
          [from, 'a text with a null', 'a: null\nb: ~'],
        ] as const,
    ),
  )('%s: %s is refused in words', (from, _what, text) => {
    expect(() => convert(text, { from })).toThrow(TaskError);
    expect(() => convert(text, { from })).toThrow(/\w{3}/);
  });

  it.each([
    [
      'argo',
      '{ kind: Deployment }',
      'this is no Argo workflow: expected a document with "kind" Workflow',
    ],
    ['argo', argo('[]'), 'spec.entrypoint: no template "a"; there are none'],
    ['argo', argo('[{ name: a, dag: { tasks: [] } }]'), 'the template "a" has no steps'],
    [
      'argo',
      argo(
        `[{ name: a, dag: { tasks: [{ name: x, template: z, depends: y }, { name: y, template: z, depends: x }] } }, ${leaf}]`,
      ),
      'the graph has a cycle',
    ],
    ['argo', powers, 'more than 20000 nodes'],
    ['github', 'jobs: {}', 'jobs: the workflow has none'],
    ['github', 'jobs: { a: 1 }', 'jobs.a: expected an object, got 1'],
    ['github', 'jobs: { a: { needs: b }, b: { needs: a } }', 'the graph has a cycle: a → b → a'],
    ['github', 'jobs: { a: { needs: a } }', 'the graph has a cycle: a → a'],
    ['github', matrix(17), 'the matrix makes 289 jobs'],
    ['github', matrix(2_000), 'the matrix makes 4000000 jobs'],
    ['github', 'jobs: { a: {} }\n---\njobs: { b: {} }', 'expected one document, got 2'],
    ['github', 'jobs: { a: {}, a: {} }', 'line 1, column 16: the key "a" is there twice'],
    ['argo', `${argo(`[{ name: a, container: {} }]`)}\n---\na: [`, 'line 3'],
    ['pipeline', 'name: x\ntasks: [{ id: a, task: noop, dependsOn: [b] }]', 'unknown task "b"'],
  ] as const)('%s: %s is refused: %s', (from, text, message) => {
    expect(() => convert(text, { from })).toThrow(message);
  });

  it('names that objects have by themselves are only names', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const jobs = names.map(
      (name) => `"${name}": { steps: [{ run: "x" }], env: { "__proto__": "y" } }`,
    );
    const github = convert(`jobs: { ${jobs.join(', ')} }`, { from: 'github' });
    expect(github.pipeline.tasks.map(({ id }) => id)).toEqual(names);
    const steps = names.map(
      (name) =>
        `{ name: "${name}", template: a2, arguments: { parameters: [{ name: "${name}", value: "v" }] } }`,
    );
    const flow = convert(
      argo(
        `[{ name: a, dag: { tasks: [${steps.join(', ')}] } }, { name: a2, container: { image: i } }]`,
      ),
      { from: 'argo' },
    );
    expect(flow.pipeline.tasks.map(({ id }) => id)).toEqual(names);
    for (const from of ['mermaid', 'dot'] as const) {
      const text =
        from === 'dot'
          ? 'digraph { __proto__ -> constructor }'
          : 'graph TD\n__proto__ --> constructor';
      expect(convert(text, { from }).pipeline.tasks).toMatchObject([
        { id: '__proto__' },
        { id: 'constructor', dependsOn: ['__proto__'] },
      ]);
    }
    expect(({} as Record<string, unknown>)['y']).toBeUndefined();
  });

  it('expressions of any length and depth are a loss, not a crash', () => {
    for (const condition of [
      Array(2_500).fill('true').join(' && '),
      '('.repeat(5_000),
      '!'.repeat(9_000),
      'a'.repeat(30_000),
    ]) {
      const { losses } = convert(`jobs: { a: { if: "${condition}", steps: [] } }`, {
        from: 'github',
      });
      expect(losses[0]?.path).toBe('jobs.a.if');
    }
  });

  it('programs of any text are read in time, or stay inputs', () => {
    const many = Array.from({ length: 200_000 }, (_none, at) => `{{${at}}}`).join('');
    const slashes = '/'.repeat(500_000);
    const spaces = ' '.repeat(500_000);
    const template = (fields: string) =>
      convert(argo(`[{ name: a, ${fields} }]`), { from: 'argo' }).pipeline.tasks[0];
    expect(template(`script: { image: i, command: [sh], source: "${many}" }`)?.task).toBe('noop');
    const opens = '{{ '.repeat(160_000);
    expect(template(`script: { image: i, command: [sh], source: "${opens}" }`)?.id).toBe('a');
    const container = 'container: { image: i, command: [c] }';
    expect(
      template(`${container}, outputs: { artifacts: [{ name: x, path: "${slashes}x" }] }`)?.task,
    ).toBe('noop');
    expect(
      template(
        `${container}, inputs: { artifacts: [{ name: x, path: /tmp/x, from: "{{${spaces}x" }] }`,
      )?.container,
    ).toEqual({ image: 'i', entrypoint: ['c'] });
  });

  it('a chain of thousands of jobs is read', () => {
    const jobs = Array.from(
      { length: 3_000 },
      (_none, at) => `j${at}: { needs: [${at > 0 ? `j${at - 1}` : ''}] }`,
    );
    const { pipeline } = convert(`jobs: { ${jobs.join(', ')} }`, { from: 'github' });
    expect(pipeline.tasks.at(-1)?.dependsOn).toEqual(['j2998']);
  });

  it('inputs that would come to gigabytes are refused', () => {
    const run = 'x'.repeat(100_000);
    const text = `jobs: { a: { strategy: { matrix: { n: [${Array.from({ length: 200 }, (_none, at) => at).join(', ')}] } }, steps: [{ run: ${run} }] } }`;
    expect(() => convert(text, { from: 'github' })).toThrow("the nodes' inputs come to more than");
  });

  it('a text that looks like nothing known is refused with the names of the formats', () => {
    expect(() => convert('hello: world')).toThrow(`say which it is: ${FORMATS.join(', ')}`);
    expect(() => convert('x', { from: 'airflow' as never })).toThrow('from: expected one of argo');
    expect(() => convert(5 as never)).toThrow('expected text, got number');
  });
});
