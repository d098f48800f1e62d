import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTemplate, readPipelineFile } from '../../src/index.js';

describe('programs that a pipeline names by file', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tempograph-files-'));
    mkdirSync(join(folder, 'here/code'), { recursive: true });
    writeFileSync(join(folder, 'outside.py'), 'secret');
    writeFileSync(join(folder, 'here/code/a.py'), 'print("žluť")\n');
    writeFileSync(join(folder, 'here/large.py'), 'x'.repeat(1_048_577));
    writeFileSync(join(folder, 'here/latin.py'), Buffer.from([0xff, 0xfe, 0x00]));
    symlinkSync('../outside.py', join(folder, 'here/link.py'));
    symlinkSync('code/a.py', join(folder, 'here/inside.py'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const pipeline = (file: string): string => {
    const path = join(folder, 'here/p.yaml');
    const program = (name: string): string => `{ runtime: python, file: ${JSON.stringify(name)} }`;
    const node = (indent: string): string =>
      `${indent}- id: a\n${indent}  process: ${program(file)}\n${indent}  compensate: { process: ${program(file)} }\n`;
    writeFileSync(
      path,
      `name: p\ntasks:\n${node('  ')}  - id: b\n    graph:\n      name: q\n      tasks:\n${node('        ')}`,
    );
    return path;
  };

  it.each(['code/a.py', './code/../code/a.py', 'inside.py'])(
    'have the text of the file as their code, in sub-graphs and where they undo, too: %s',
    (file) => {
      const { spec, faults } = readPipelineFile(pipeline(file));
      expect(faults).toEqual([]);
      const process = { runtime: 'python', code: 'print("žluť")\n' };
      const code = { process, compensate: { process } };
      expect(spec).toMatchObject({ tasks: [code, { graph: { tasks: [code] } }] });
    },
  );

  it('are read from a folder of templates, beside each template', () => {
    pipeline('code/a.py');
    expect(loadTemplate(join(folder, 'here'), 'p')).toMatchObject({
      tasks: [{ process: { code: 'print("žluť")\n' } }, {}],
    });
  });

  it.each([
    ['../outside.py', /leads out of the pipeline's folder/],
    ['/etc/passwd', /leads out of the pipeline's folder/],
    ['link.py', /leads out of the pipeline's folder/],
    ['code', /is no file/],
    ['nowhere.py', /is not there, in/],
    ['large.py', /has 1048577 bytes; the limit is 1048576/],
    ['latin.py', /encoded data was not valid/],
  ])('are refused with the place in the pipeline: %s', (file, message) => {
    const { faults } = readPipelineFile(pipeline(file));
    expect(faults.map(({ path }) => path)).toEqual([
      'tasks[0].process.file',
      'tasks[0].compensate.process.file',
      'tasks[1].graph.tasks[0].process.file',
      'tasks[1].graph.tasks[0].compensate.process.file',
    ]);
    expect(faults[0]).toMatchObject({ line: 4 });
    expect(faults[0]?.message).toMatch(message);
  });
});
