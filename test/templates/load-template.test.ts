import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SpecInvalidError } from '../../src/domain/errors.js';
import {
  listTemplates,
  loadTemplate,
  templateFile,
  templateGraph,
} from '../../src/templates/load-template.js';

const GOOD = (name: string, node = 'task: noop'): string =>
  `name: ${name}\ntasks:\n  - { id: a, ${node} }\n`;

/** A folder with these files. */
function folder(files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), 'tempograph-templates-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

describe('loadTemplate', () => {
  it('reads YAML and JSON, in the folder and in folders below', () => {
    const dir = folder({
      'a.yaml': GOOD('first'),
      'b.json': '{"name": "second", "tasks": [{"id": "a", "task": "noop"}]}',
      'deep/er/c.yml': GOOD('third'),
    });
    const names = ['a', 'b', 'deep/er/c'].map((name) => loadTemplate(dir, name).name);
    expect(names).toEqual(['first', 'second', 'third']);
  });

  it("finds those of this package behind the folder's own, also where there is no folder", () => {
    expect(loadTemplate('/nowhere', 'notify').name).toBe('notify');
    expect(loadTemplate(folder({ 'notify.yaml': GOOD('own') }), 'notify').name).toBe('own');
  });

  it.each([
    '../a',
    '..',
    'a/../../a',
    '/etc/passwd',
    'a//b',
    '.hidden',
    'deep/.hidden',
    '',
    'a\0b',
    'a\\..\\b',
    'x'.repeat(201),
  ])('refuses the name %j', (name) => {
    const dir = folder({ 'a.yaml': GOOD('a'), '.hidden.yaml': GOOD('h'), 'deep/.hidden.yaml': '' });
    expect(() => loadTemplate(dir, name)).toThrow(/is no name of a template/);
    expect(templateFile(dir, name)).toBeUndefined();
  });

  it('says what is near, or what there is, and where it looked', () => {
    const dir = folder({ 'nightly.yaml': GOOD('n') });
    expect(() => loadTemplate(dir, 'nightli')).toThrow(/did you mean "nightly"\?/);
    expect(() => loadTemplate(dir, 'zzz')).toThrow(`in ${dir} (templatesDir)`);
    expect(() => loadTemplate(dir, 'zzz')).toThrow(/there are .*nightly.*wait-for-url/);
    expect(() => loadTemplate(dir, '__proto__')).toThrow(/no template "__proto__"/);
  });

  it('refuses a faulty file with file, line and column of every fault', () => {
    const dir = folder({ 'bad.yaml': 'name: bad\ntasks:\n  - { id: a, tsk: noop }\n' });
    const thrown = (() => {
      try {
        return loadTemplate(dir, 'bad');
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toBeInstanceOf(SpecInvalidError);
    expect((thrown as SpecInvalidError).faults[0]).toMatchObject({
      ...{ code: 'UNKNOWN_FIELD', line: 3, column: 14 },
    });
    expect(String(thrown)).toContain(`"bad" (${join(dir, 'bad.yaml')}) refused`);
    expect(String(thrown)).toContain('3:14 tasks[0].tsk: unknown field "tsk"');
  });

  it('refuses text that is no YAML, two files of one name, and a folder in place of a file', () => {
    const dir = folder({ 'a.yaml': 'name: [', 'b.yaml': GOOD('b'), 'b.json': '{}' });
    mkdirSync(join(dir, 'c.yaml'));
    expect(() => loadTemplate(dir, 'a')).toThrow(/\d:\d/);
    expect(() => loadTemplate(dir, 'b')).toThrow(/is there twice: .*b\.yaml and .*b\.json/);
    expect(() => loadTemplate(dir, 'c')).toThrow(/no template "c"/);
  });

  it('leaves parameters that must be given open, and checks those that are there', () => {
    const open = 'name: a\nparams: { n: { type: integer } }\ntasks: [{ id: a, task: noop }]\n';
    const dir = folder({
      'a.yaml': open,
      'b.yaml': open.replace('integer }', 'integer, default: x }'),
    });
    expect(loadTemplate(dir, 'a').params).toEqual({ n: { type: 'integer' } });
    expect(() => loadTemplate(dir, 'b')).toThrow(/params\.n\.default: expected integer, got "x"/);
  });

  it('follows the graphs that it names, and tells a cycle', () => {
    const dir = folder({
      'a.yaml': GOOD('a', 'graph: b'),
      'b.yaml': GOOD('b', 'graph: { name: inline, tasks: [{ id: x, graph: c }] }'),
      'c.yaml': GOOD('c', 'graph: a'),
      'd.yaml': GOOD('d', 'graph: lost'),
    });
    expect(() => loadTemplate(dir, 'a')).toThrow('template "a" runs itself: a → b → c → a');
    expect(() => loadTemplate(dir, 'd')).toThrow(/no template "lost"/);
    expect(templateGraph(dir, 'a')).toEqual({
      problem: expect.stringContaining('runs itself') as string,
    });
  });

  it('takes graphs that are five deep in each other, and refuses the sixth', () => {
    const chain = (length: number) =>
      folder(
        Object.fromEntries(
          Array.from({ length }, (_, i) => [
            `t${i}.yaml`,
            GOOD(`t${i}`, i === length - 1 ? 'task: noop' : `graph: t${i + 1}`),
          ]),
        ),
      );
    expect(loadTemplate(chain(6), 't0').name).toBe('t0');
    expect(() => loadTemplate(chain(7), 't0')).toThrow(/at most 5 deep .*: t0 → t1 → .* → t6/);
  });
});

describe('listTemplates', () => {
  it('gives every template with its description and parameters, faulty ones with their faults', () => {
    const dir = folder({
      'own.yaml': `description: mine\n${GOOD('own')}`,
      'bad.yaml': 'name: 5',
      'notes.txt': 'no template',
      '.git/x.yaml': GOOD('x'),
    });
    const list = listTemplates(dir);
    const byName = new Map(list.map((one) => [one.name, one]));
    expect([...byName.keys()].slice(0, 2)).toEqual(['approved-call', 'bad']);
    expect(byName.get('own')).toMatchObject({ builtIn: false, description: 'mine', params: {} });
    expect(byName.get('bad')?.faults?.[0]).toMatchObject({ line: 1, path: 'name' });
    expect(byName.get('notify')).toMatchObject({
      builtIn: true,
      params: { webhook: { type: 'string' } },
    });
    expect([...byName.keys()]).not.toContain('.git/x');
  });
});
