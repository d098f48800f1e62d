import { filledProgram } from '../../src/domain/program-expressions.js';
import type { Json } from '../../src/domain/json.js';
import type { ContainerSpec, ProcessSpec } from '../../src/domain/program.js';
import { validateGraph } from '../../src/domain/validate.js';

const container = (said: Partial<ContainerSpec>, input: Json) => {
  const program = { kind: 'container' as const, container: { image: 'i', ...said } };
  return filledProgram(program, input).container;
};
const process = (said: Partial<ProcessSpec>, input: Json) =>
  filledProgram({ kind: 'process' as const, process: said }, input).process;

describe('a program with expressions', () => {
  it('is started with what its input says, texts as they are and all else as JSON', () => {
    const input = { word: 'žluť "x"', n: 2.5, list: [1, 'a'], none: null, file: { path: '/in/a' } };
    const command = [
      'run',
      '${{ input.word }}',
      '--n=${{ input.n + 1.0 }}',
      '${{ input.list }}',
      '${{ input.none }}',
      '${{ input.file.path }}',
    ];
    expect(container({ command, entrypoint: ['${{ input.word }}'] }, input)).toEqual({
      image: 'i',
      command: ['run', 'žluť "x"', '--n=3.5', '[1,"a"]', 'null', '/in/a'],
      entrypoint: ['žluť "x"'],
    });
    const said = { runtime: 'python' as const, code: 'x', args: ['${{ input.n }}'] };
    expect(process({ ...said, env: { WORD: '<${{ input.word }}>' } }, input)).toEqual({
      ...{ runtime: 'python', code: 'x' },
      ...{ args: ['2.5'], env: { WORD: '<žluť "x">' } },
    });
  });

  it('is what it says where it holds none: code and files are never looked into', () => {
    const said = {
      code: 'print("${{ input.x }}")',
      files: { a: '${{ input.x }}' },
      args: ['$', '$${{ input.x }}', '{{x}}'],
    };
    expect(process(said, {})).toEqual({ ...said, args: ['$', '${{ input.x }}', '{{x}}'] });
  });

  it('keeps variables that are named as what objects have by themselves', () => {
    const env = JSON.parse('{"__proto__":"${{ input }}","constructor":"b"}') as ProcessSpec['env'];
    expect(JSON.stringify(process({ env }, 'a').env)).toBe('{"__proto__":"a","constructor":"b"}');
  });

  it.each<[string, string, Json, string, RegExp]>([
    [
      'reads what is not there',
      '${{ input.x }}',
      { y: 1 },
      'EXPRESSION',
      /^container\.command\[1\]: .*No such key: x; the input has "y"$/,
    ],
    ['makes a NUL', 'a${{ input }}', 'x\0y', 'INPUT_INVALID', /^container\.command\[1\]: .*NUL/],
    [
      'is too long',
      '${{ input }}',
      'ž'.repeat(65_536),
      'INPUT_INVALID',
      /has 131072 bytes, and an argument or a variable can have 131071/,
    ],
  ])('fails with its place where one %s', (_what, text, input, code, message) => {
    expect(() => container({ command: ['run', text] }, input)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error,
    );
  });

  it('may have what Linux takes to the byte: of a variable its name and "=" count too', () => {
    const most = 'x'.repeat(131_071);
    expect(container({ command: ['${{ input }}'] }, most).command).toEqual([most]);
    expect(() => container({ command: ['${{ input }}'] }, `${most}x`)).toThrow(/131072 bytes/);
    const env = { NAME: '${{ input }}' };
    expect(container({ env }, most.slice(5)).env).toEqual({ NAME: most.slice(5) });
    expect(() => container({ env }, most.slice(4))).toThrow(/131072 bytes/);
  });

  it.each<[Json, RegExp]>([
    [{}, /; the input is \{\}$/],
    [null, /; the input is null$/],
    [[1], /; the input is a list$/],
    ['secret', /; the input is a string$/],
    [Object.fromEntries([...'abcdefghijkl'].map((key) => [key, 'secret'])), /"j" and 2 more$/],
  ])('says what the input %j has, by its names only', (input, has) => {
    const filling = () => container({ command: ['${{ input.x }}'] }, input);
    expect(filling).toThrow(has);
    expect(filling).not.toThrow(/secret/);
  });

  it('fails where all that it is started with is too much for any system to start it', () => {
    const command = Array.from({ length: 11 }, () => '${{ input }}');
    expect(container({ command: command.slice(1) }, 'x'.repeat(100_000)).command).toHaveLength(10);
    expect(() => container({ command }, 'x'.repeat(100_000))).toThrow(
      /^container: what comes of it has 110\d{4} bytes, and all that it is started with may have 1048576/,
    );
  });
});

describe('expressions of a program, before anything runs', () => {
  const faultsOf = (node: object) =>
    validateGraph({ name: 'g', params: { x: {} }, tasks: [{ id: 'a', ...node }] }, {}, undefined, {
      depth: 0,
      paramsUnknown: true,
    }).faults.map(({ path, code, message, hint }) => ({
      path,
      code,
      text: `${message} (${hint})`,
    }));

  it.each([
    [{ process: { command: ['echo', '${{ input.x }}'], env: { A: '${{ input.y }}' } } }],
    [{ process: { runtime: 'node', code: '${{', args: ['${{ input[0] }}'] } }],
    [{ container: { image: 'i', command: ['${{ input }}'], entrypoint: ['${{ input }}'] } }],
  ])('are taken where they read the input: %j', (node) => {
    expect(faultsOf(node)).toEqual([]);
  });

  it.each([
    [
      { process: { command: ['echo', '${{ params.x }}'] } },
      'tasks[0].process.command[1]',
      'params',
    ],
    [
      { container: { image: 'i', env: { A: '${{ secrets.T }}' } } },
      'tasks[0].container.env.A',
      'secrets',
    ],
    [
      { container: { image: 'i', command: ['${{ tasks.b.output }}'] } },
      'tasks[0].container.command[0]',
      'tasks',
    ],
  ])('are refused where they read anything else, with what to do: %j', (node, path, name) => {
    expect(faultsOf(node)).toEqual([
      {
        ...{ path, code: 'EXPRESSION' },
        text: expect.stringMatching(
          new RegExp(`Unknown variable: ${name}.*input: \\{ x: "\\$\\{\\{ … \\}\\}" \\}`),
        ) as string,
      },
    ]);
  });

  it.each([
    [{ process: { command: ['echo', '${{ input.'] } }, 'tasks[0].process.command[1]'],
    [{ container: { image: 'i', workdir: '/${{ input.x }}' } }, 'tasks[0].container.workdir'],
    [{ faas: { url: 'https://a.example/${{input.x}}' } }, 'tasks[0].faas.url'],
  ])('are refused where they are none, or may not stand: %j', (node, path) => {
    expect(faultsOf(node)).toEqual([expect.objectContaining({ path, code: 'EXPRESSION' })]);
  });

  it('and what is written out may not come to more than any system starts a program with', () => {
    const command = (count: number) => ({
      process: { command: Array.from({ length: count }, () => 'x'.repeat(32_768)) },
    });
    expect(faultsOf(command(32))).toEqual([]);
    expect(faultsOf(command(33))).toEqual([
      {
        ...{ path: 'tasks[0].process', code: 'TOO_LARGE' },
        text: expect.stringContaining('1081344 bytes') as string,
      },
    ]);
  });

  it('are at most a hundred in one text: each may be as long as the input', () => {
    const command = (count: number) => ({
      process: { command: ['echo', '${{ input }}'.repeat(count), '${{ input }}'] },
    });
    expect(faultsOf(command(100))).toEqual([]);
    expect(faultsOf(command(101))).toEqual([
      {
        ...{ path: 'tasks[0].process.command[1]', code: 'TOO_LARGE' },
        text: expect.stringContaining('101 expressions, and one text may hold 100') as string,
      },
    ]);
  });
});
