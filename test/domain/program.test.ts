import fc from 'fast-check';
import { formatBytes, parseBytes } from '../../src/domain/bytes.js';
import { grantsOf } from '../../src/domain/grants.js';
import {
  ContainerSchema,
  DEFAULT_LIMITS,
  FaasSchema,
  limitsOf,
  overLimits,
  ProcessSchema,
  ResourcesSchema,
  SecuritySchema,
  type Program,
} from '../../src/domain/program.js';
import { validateGraph } from '../../src/domain/validate.js';

describe('sizes', () => {
  it.each([
    [0, 0],
    [1_024, 1_024],
    ['128Mi', 134_217_728],
    ['1.5Gi', 1_610_612_736],
    ['500M', 500_000_000],
    [' 2 k ', 2_000],
    ['1.0001Ki', 1_025],
  ])('%j is %d bytes', (size, bytes) => expect(parseBytes(size)).toBe(bytes));

  it.each([NaN, Infinity, -1, '-1', '', 'Mi', '1Pi', '1e9', '128 MB', '0x10', '9'.repeat(20)])(
    'refuses %j, saying what was expected',
    (size) => expect(() => parseBytes(size)).toThrow(/such as 128Mi.*got/),
  );

  it('are written so that they read back the same', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 40 }), (bytes) => {
        expect(parseBytes(formatBytes(bytes).replace(' bytes', ''))).toBe(bytes);
      }),
    );
  });
});

describe('what is said of a program', () => {
  it('has the defaults of document 004', () => {
    expect(limitsOf(ResourcesSchema.parse({}))).toEqual(DEFAULT_LIMITS);
    expect(DEFAULT_LIMITS).toMatchObject({
      cpu: 0.1,
      memoryBytes: 128 * 2 ** 20,
      diskBytes: 500 * 2 ** 20,
    });
  });

  const node = { runtime: 'node', code: '1' };
  it.each<[string, unknown]>([
    ['neither runtime nor command', {}],
    ['both', { ...node, command: ['ls'] }],
    ['no code', { runtime: 'node' }],
    ['code and a file', { ...node, file: 'a.mjs' }],
    ['an unknown runtime', { runtime: 'cobol', code: '1' }],
    ['an empty command', { command: [] }],
    ['a NUL in an argument', { command: ['ls', 'a\0b'] }],
    ['one of our variables', { ...node, env: { TEMPOGRAPH_INPUT: 'x' } }],
    ['a name that is none', { ...node, env: { 'A=B': 'x' } }],
    [
      'a variable that a runtime reads before it begins',
      { ...node, env: { NODE_OPTIONS: '-r x' } },
    ],
    ['a variable of the loader', { ...node, env: { LD_PRELOAD: 'x' } }],
    ['a file that climbs', { ...node, files: { '../x': '' } }],
    ['a file below the root', { ...node, files: { '/etc/passwd': '' } }],
    ['a host without a port', { ...node, network: ['example.com'] }],
    ['a field of no process', { ...node, image: 'x' }],
    ['a module for a command', { command: ['ls'], preload: ['fs'] }],
    ['a module for a runtime that loads none', { ...node, runtime: 'java', preload: ['x'] }],
    ['a module by a path that climbs', { ...node, preload: ['../x'] }],
    ['a module by a path that climbs later on', { ...node, preload: ['x/../../y'] }],
    ['a module by no name', { ...node, preload: ['import os'] }],
  ])('refuses %s', (_name, said) => expect(ProcessSchema.safeParse(said).success).toBe(false));

  it('takes a program of each kind', () => {
    expect(
      ProcessSchema.safeParse({ ...node, network: ['[::1]:80', '*.example.com:443'] }).success,
    ).toBe(true);
    const loads = { ...node, preload: ['node:zlib', 'node:fs/promises', 'xml.etree'] };
    expect(ProcessSchema.safeParse(loads).success).toBe(true);
    expect(ContainerSchema.safeParse({ image: 'alpine@sha256:abc', pull: 'never' }).success).toBe(
      true,
    );
    expect(FaasSchema.safeParse({ url: 'https://f.example/run' }).success).toBe(true);
    expect(
      FaasSchema.safeParse({ function: 'arn:aws:lambda:eu-central-1:123:function:f' }).success,
    ).toBe(true);
  });

  it.each(['a//b', 'a/../../info', 'a/./b', 'a/', 'A', 'žluť', 'a'.repeat(501), 'a b', ''])(
    'refuses %j as an image: it would be a path of the engine, or none',
    (image) => expect(ContainerSchema.safeParse({ image }).success).toBe(false),
  );

  it.each(['alpine', 'r.example:5000/a/b.c:1-x', 'a/..b', 'a..b/c...'])(
    'takes %j as an image',
    (image) => expect(ContainerSchema.safeParse({ image }).success).toBe(true),
  );

  it.each<[string, unknown]>([
    ['no target', {}],
    ['two targets', { url: 'https://f.example', function: 'f' }],
    ['another protocol', { url: 'ftp://f.example' }],
    ['a header for Lambda', { function: 'f', headers: { a: 'b' } }],
    ['a line break in a header', { url: 'https://f.example', headers: { 'a\r\nb': 'c' } }],
  ])('refuses a function with %s', (_name, said) =>
    expect(FaasSchema.safeParse(said).success).toBe(false),
  );

  it('refuses root and unknown permissions', () => {
    expect(SecuritySchema.safeParse({ runAs: 'root' }).success).toBe(false);
    expect(SecuritySchema.safeParse({ permissions: ['sudo:all'] }).success).toBe(false);
    expect(
      SecuritySchema.safeParse({ permissions: ['network:a.example:443', 'env:A'] }).success,
    ).toBe(true);
  });
});

describe('what a program is granted', () => {
  const program: Program = {
    kind: 'process',
    process: { command: ['true'], network: ['a.example:443'], secrets: ['TOKEN'] },
  };

  it('is what it asks for, at LOW', () => {
    expect(grantsOf(program, 'LOW', [])).toEqual({
      ...{ network: ['a.example:443'], secrets: ['TOKEN'], env: [] },
    });
  });

  it('is nothing that no permission names, from MEDIUM up', () => {
    expect(grantsOf(program, 'MEDIUM', [])).toEqual({
      refused: expect.stringContaining('"network:a.example:443"') as string,
    });
    expect(grantsOf(program, 'HIGH', ['network:a.example:443'])).toEqual({
      refused: expect.stringContaining('"secret:TOKEN"') as string,
    });
    const permissions = ['network:a.example:443', 'secret:TOKEN', 'env:REGION'];
    expect(grantsOf(program, 'HIGH', permissions)).toMatchObject({ env: ['REGION'] });
  });

  it('is a function only where its host is granted, from MEDIUM up', () => {
    const faas: Program = { kind: 'faas', faas: { url: 'https://f.example/run' } };
    expect(grantsOf(faas, 'LOW', [])).not.toHaveProperty('refused');
    expect(grantsOf(faas, 'MEDIUM', [])).toHaveProperty('refused');
    expect(grantsOf(faas, 'MEDIUM', ['network:f.example:443'])).not.toHaveProperty('refused');
  });

  it('is never a path of the host', () => {
    expect(grantsOf(program, 'LOW', ['read:/etc'])).toHaveProperty('refused');
  });
});

describe('what a worker gives to a program at most', () => {
  const most = limitsOf({ cpu: 2, memory: 1_024, disk: 2_048, processes: 8, logs: 4_096 });
  it.each<[string, object, string | undefined]>([
    [
      'as much as there is',
      { cpu: 2, memory: 1_024, disk: 2_048, processes: 8, logs: 4_096 },
      undefined,
    ],
    ['more memory', { memory: 2_048 }, 'resources.memory: 2Ki is more than'],
    [
      'more CPUs',
      { cpu: 3, memory: 1, disk: 1, processes: 1, logs: 1 },
      'resources.cpu: 3 is more than',
    ],
  ])('is told where a program asks for %s', (_name, asked, expected) => {
    const small = { memory: 1, disk: 1, processes: 1, logs: 1 };
    const said = overLimits(limitsOf({ ...small, ...asked }), most);
    if (expected === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(expected);
  });
});

describe('a graph with programs', () => {
  const faultsOf = (node: object) =>
    validateGraph({ name: 'g', tasks: [{ id: 'a', ...node }] }).faults.map(
      ({ path, code, message }) => ({
        ...{ path, code, message },
      }),
    );
  const python = { runtime: 'python', code: 'print(1)' };

  it('is sound', () => {
    const sound = {
      process: python,
      inputSchema: { type: 'object' },
      resources: { memory: '64Mi' },
    };
    expect(faultsOf({ ...sound, input: { token: '${{ secrets.X }}' } })).toEqual([]);
    expect(faultsOf({ ...sound, map: { over: [1, 2] }, input: { n: '${{ item }}' } })).toEqual([]);
  });

  it.each<[string, object, string]>([
    ['two kinds of work', { task: 'noop', process: python }, 'tasks[0].process'],
    [
      'a schema that is none',
      { process: python, inputSchema: { type: 'car' } },
      'tasks[0].inputSchema.type',
    ],
    ['a schema beside a task', { task: 'noop', inputSchema: {} }, 'tasks[0].inputSchema'],
    [
      'a file that nobody read',
      { process: { runtime: 'node', file: 'a.mjs' } },
      'tasks[0].process.file',
    ],
    [
      'an expression in a variable',
      { process: { ...python, env: { A: '${{ params.a }}' } } },
      'tasks[0].process.env.A',
    ],
    [
      'an expression in a command',
      { container: { image: 'busybox', command: ['echo', '${{ params.a }}'] } },
      'tasks[0].container.command[1]',
    ],
    [
      'too little memory',
      { process: python, resources: { memory: '1k' } },
      'tasks[0].resources.memory',
    ],
    ['a field that is nearly right', { process: { ...python, arg: [] } }, 'tasks[0].process.arg'],
  ])('is refused for %s', (_name, node, path) => {
    expect(faultsOf(node).map((one) => one.path)).toContain(path);
  });
});
