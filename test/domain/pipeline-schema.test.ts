import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { parsePipeline } from '../../src/domain/pipeline.js';
import { pipelineSchema } from '../../src/domain/pipeline-schema.js';
import {
  GRAPH_WORDS,
  INNER_WORDS,
  NODE_WORDS,
  OPTION_WORDS,
} from '../../src/domain/pipeline-words.js';
import { validateGraph } from '../../src/domain/validate.js';
import { anySpec } from './support/any-spec.js';

const root = join(__dirname, '..', '..');
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
const check = ajv.compile(pipelineSchema());
const problems = (spec: unknown) => (check(spec) ? [] : check.errors);

/** Every pipeline that is shown to anybody: templates, examples, documentation. */
function pipelines(): [string, string][] {
  const files = ['templates', 'examples', 'docs', '.'].flatMap((folder) => {
    const names =
      folder === '.'
        ? ['README.md']
        : (readdirSync(join(root, folder), { recursive: true }) as string[]);
    return names.map((name) => join(folder, name)).filter((name) => !name.includes('node_modules'));
  });
  return files.flatMap((file): [string, string][] => {
    const path = join(root, file);
    if (/\.ya?ml$/.test(file)) return [[file, readFileSync(path, 'utf8')]];
    if (!file.endsWith('.md') || !existsSync(path)) return [];
    const blocks = [...readFileSync(path, 'utf8').matchAll(/^```yaml pipeline\n([\s\S]*?)^```/gm)];
    return blocks.map(([, text = ''], index) => [`${file} #${index + 1}`, text]);
  });
}

describe('pipelineSchema', () => {
  it('is the file of the package (npm run build && node lib/cli/main.js schema > schema/pipeline.schema.json)', () => {
    const file = readFileSync(join(root, 'schema', 'pipeline.schema.json'), 'utf8');
    expect(JSON.parse(file)).toEqual(JSON.parse(JSON.stringify(pipelineSchema())));
  });

  it.each(pipelines())('takes %s', (_name, text) => {
    const { spec } = parsePipeline(text);
    expect(problems(spec)).toEqual([]);
  });

  it('takes whatever validation takes', () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        expect(problems(spec)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it.each<[string, object]>([
    ['an unknown field', { nmae: 'x' }],
    ['an unknown field of a node', { tasks: [{ id: 'a', task: 't', dependOn: ['b'] }] }],
    ['an unknown field of retry', { tasks: [{ id: 'a', task: 't', retry: { dely: 1 } }] }],
    ['no tasks', { tasks: [] }],
    ['a node of no kind', { tasks: [{ id: 'a' }] }],
    ['a node of two kinds', { tasks: [{ id: 'a', task: 't', graph: 'g' }] }],
    ['a wrong trigger', { tasks: [{ id: 'a', task: 't', trigger: 'all' }] }],
    ['a wrong id', { tasks: [{ id: 'a b', task: 't' }] }],
    ['a duration that is none', { deadline: 'soon' }],
    [
      'a fault in a sub-graph',
      { tasks: [{ id: 'a', graph: { name: 'x', tasks: [{ id: 'b' }] } }] },
    ],
    ['a concurrency of 0', { concurrency: 0 }],
    ['an undo of no kind', { tasks: [{ id: 'a', task: 't', compensate: { input: 1 } }] }],
    [
      'an undo of two kinds',
      {
        tasks: [{ id: 'a', task: 't', compensate: { task: 'u', faas: { url: 'https://x.org' } } }],
      },
    ],
  ])('refuses %s, as validation does', (_title, more) => {
    const spec = { name: 'x', tasks: [{ id: 'a', task: 't' }], ...more };
    expect(problems(spec)).not.toEqual([]);
    expect(validateGraph(spec).faults).not.toEqual([]);
  });

  it('has words for every field', () => {
    type Fields = Record<string, { description?: string }>;
    const graph = pipelineSchema() as unknown as { properties: Fields };
    const { items } = graph.properties['tasks'] as unknown as { items: { properties: Fields } };
    const own = Object.entries(graph.properties);
    const nodes = Object.entries(items.properties);
    for (const [name, { description }] of [...own, ...nodes])
      expect([name, description]).not.toContain(undefined);
  });
});

describe('docs/pipelines.md', () => {
  it('has the fields in the words that editors show', () => {
    const row = ([name, words]: [string, string]) =>
      `| \`${name}\` | ${words.replaceAll('|', '\\|')} |`;
    const table = (words: object) =>
      [
        '| field | |',
        '| --- | --- |',
        ...Object.entries(words as Record<string, string>).map(row),
      ].join('\n');
    const sections = {
      'of the pipeline': GRAPH_WORDS,
      'of a node': NODE_WORDS,
      'of a task, anywhere': OPTION_WORDS,
      ...Object.fromEntries(Object.entries(INNER_WORDS).filter(([name]) => name !== 'byError')),
    };
    const expected = Object.entries(sections)
      .map(([name, words]) => `**${name}**\n\n${table(words)}`)
      .join('\n\n');
    const text = readFileSync(join(root, 'docs', 'pipelines.md'), 'utf8');
    const [, found = ''] = /<!-- fields -->\n([\s\S]*?)<!-- \/fields -->/.exec(text) ?? [];
    const plain = (table: string): string => table.replace(/[ -]*\|[ -]*/g, '|').trim();
    if (process.env['PRINT_FIELDS']) process.stdout.write(`${expected}\n`);
    expect(plain(found)).toBe(plain(expected));
  });
});
