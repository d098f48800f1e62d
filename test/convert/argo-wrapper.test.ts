/** The wrapper around converted programs, run by the shells that images have: dash, and that of busybox. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { entrypointOf, type Wrapped } from '../../src/convert/argo-wrapper.js';

/** A shell with the commands that stand beside it. */
interface Shell {
  file: string;
  path: string;
}

const folders: string[] = [];
const temporary = (name: string): string => {
  const folder = mkdtempSync(join(tmpdir(), name));
  folders.push(folder);
  return folder;
};

/** Busybox as Alpine has it, with all of its commands; undefined where this machine has none. */
function busybox(): Shell | undefined {
  const path = temporary('busybox-');
  const { status } = spawnSync('busybox', ['--install', '-s', path]);
  return status === 0 ? { file: join(path, 'sh'), path } : undefined;
}

const beside = busybox();
const SHELLS: [string, Shell][] = [
  ['/bin/sh', { file: '/bin/sh', path: process.env['PATH'] ?? '' }],
  ...(beside ? [['busybox sh', beside] as [string, Shell]] : []),
];
const NONE: Wrapped = {
  ...{ files: [], texts: [], parameters: [], artifacts: [] },
  ...{ result: false, exitCode: false },
};
/** What no quoting may let through. */
const HOSTILE = `it's "$HOME" \`id\` $(id) \\n \${{ x }}\n; exit 3 #`;

afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
  outputs: Record<string, string>;
  artifacts: string[];
  artifact(name: string): string;
}

function filesIn(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((one) => {
    const path = join(below, one.name);
    return one.isDirectory() ? filesIn(folder, path) : [path];
  });
}

/** Folders for the results, and one for the program's own files. */
function place() {
  const root = temporary("wrapper 'quoted' ");
  const [outputs, artifacts, work] = ['outputs', 'artifacts', 'work'].map((name) =>
    join(root, name),
  ) as [string, string, string];
  for (const folder of [outputs, artifacts, work]) mkdirSync(folder);
  return { outputs, artifacts, work };
}

/** Runs a program in its wrapper; what the input would fill in stands in `values`, by its expression. */
function ran(
  { file, path }: Shell,
  wrapped: Partial<Wrapped>,
  command: readonly string[],
  { outputs, artifacts, work }: ReturnType<typeof place>,
  values: Record<string, string> = {},
): Ran {
  const words = entrypointOf({ ...NONE, ...wrapped }).slice(1);
  const filled = words.map((word) =>
    word.replace(/\$?\$\{\{ ?(.*?) \}\}/g, (whole, cel: string) =>
      whole.startsWith('$$') ? whole.slice(1) : (values[cel] ?? ''),
    ),
  );
  const { status, stdout, stderr, error } = spawnSync(file, [...filled, ...command], {
    cwd: work,
    encoding: 'utf8',
    env: {
      PATH: path,
      TEMPOGRAPH_OUTPUT: join(work, 'output.json'),
      TEMPOGRAPH_OUTPUTS: outputs,
      TEMPOGRAPH_ARTIFACTS: artifacts,
    },
  });
  if (error) throw error;
  return {
    code: status,
    stdout,
    stderr,
    outputs: Object.fromEntries(
      filesIn(outputs).map((name) => [name, readFileSync(join(outputs, name), 'utf8')]),
    ),
    artifacts: filesIn(artifacts),
    artifact: (name) => readFileSync(join(artifacts, name), 'utf8'),
  };
}

describe.each(SHELLS)('entrypointOf, run by %s', (_name, shell) => {
  it('what a program says is its result, and still its standard output', () => {
    const { code, stdout, outputs } = ran(shell, { result: true }, ['printf', 'a\\nb\n'], place());
    expect({ code, stdout, outputs }).toEqual({
      ...{ code: 0, stdout: 'a\nb\n', outputs: { result: 'a\nb\n' } },
    });
  });

  it.each([0, 1, 3, 127, 143])('the exit code %s stays as it is', (code) => {
    const exits = ['sh', '-c', `echo said; exit ${code}`];
    const parameters = [{ name: 'p', path: ['/nowhere'], or: ['x'] }];
    for (const wrapped of [{}, { result: true }, { parameters }, { result: true, parameters }])
      expect(ran(shell, wrapped, exits, place()).code).toBe(code);
  });

  it('nothing is taken of a program that failed but what it said', () => {
    const at = place();
    const file = join(at.work, 'p');
    const wrapped = {
      result: true,
      exitCode: true,
      parameters: [{ name: 'p', path: [file] }],
      artifacts: [{ name: 'a', path: [file], optional: false, pack: true }],
    };
    const { code, outputs, artifacts } = ran(shell, wrapped, ['sh', '-c', 'echo 1 > p; false'], at);
    expect({ code, outputs, artifacts }).toEqual({
      code: 1,
      outputs: { result: '' },
      artifacts: [],
    });
  });

  it('a program that is killed by a signal ends with 128 and its number', () => {
    expect(ran(shell, { result: true }, ['sh', '-c', 'kill -9 $$'], place()).code).toBe(137);
  });

  it('a program that is not there ends with 127', () => {
    expect(ran(shell, { result: true }, ['there-is-none'], place()).code).toBe(127);
  });

  it('a name that the shell or the wrapper has too is the program of the image', () => {
    const exits = ran(shell, { result: true }, ['exit', '0'], place());
    expect(exits.code).toBe(127);
    expect(ran(shell, { exitCode: true }, ['fail', 'x'], place()).code).toBe(127);
    const at = place();
    expect(ran(shell, { result: true }, ['echo', '-n', 'a\\tb'], at).stdout).toBe('a\\tb');
  });

  it('arguments come as they are', () => {
    const words = ['', ' two  words ', '*', HOSTILE, '-n'];
    for (const wrapped of [{}, { result: true }, { exitCode: true }]) {
      const { stdout } = ran(shell, wrapped, ['printf', '<%s>', ...words], place());
      expect(stdout).toBe(words.map((word) => `<${word}>`).join(''));
    }
  });

  it('a program gets no open file of the wrapper, which would wait for all that it leaves behind', () => {
    const open = 'for fd in 3 4; do (: >&$fd) 2>&- && echo "$fd"; done; true';
    expect(ran(shell, { result: true }, ['sh', '-c', open], place()).stdout).toBe('');
  });

  it('ends with the program, whatever that leaves behind, and keeps all that it said', () => {
    const at = place();
    const script = 'sleep 600 2>&- & echo $! > left; head -c 60000 /dev/zero | tr "\\0" x; exit 3';
    const { code, stdout, stderr, outputs } = ran(
      shell,
      { result: true },
      ['sh', '-c', script],
      at,
    );
    const left = Number(readFileSync(join(at.work, 'left'), 'utf8'));
    expect(process.kill(left, 'SIGKILL')).toBe(true); // it would throw had it ended
    const said = 'x'.repeat(60_000);
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect([stdout === said, outputs['result'] === said]).toEqual([true, true]);
  });

  it('standard error is no result', () => {
    const { outputs, stderr } = ran(
      shell,
      { result: true },
      ['sh', '-c', 'echo out; echo err >&2'],
      place(),
    );
    expect({ outputs, stderr }).toEqual({ outputs: { result: 'out\n' }, stderr: 'err\n' });
  });

  it('files are parameters, with their defaults where they are missing', () => {
    const at = place();
    const path = join(at.work, "it's $a");
    const { code, outputs } = ran(
      shell,
      {
        exitCode: true,
        parameters: [
          { name: 'there', path: [path], or: ['unused'] },
          { name: 'missing', path: [join(at.work, 'none')], or: [HOSTILE] },
          { name: 'empty', path: [join(at.work, 'none')], or: [''] },
          { name: 'filled', path: [join(at.work, 'none')], or: [{ cel: 'x', type: 'any' }] },
        ],
      },
      ['sh', '-c', 'printf "1\\n" > "$1"', 'sh', path],
      at,
      { x: HOSTILE },
    );
    expect({ code, outputs }).toEqual({
      code: 0,
      outputs: {
        exitCode: '0\n',
        'parameters/there': '1\n',
        'parameters/missing': `${HOSTILE}\n`,
        'parameters/empty': '\n',
        'parameters/filled': `${HOSTILE}\n`,
      },
    });
  });

  it('a file that is missing and has no default ends it with 64, in words', () => {
    const parameter = { name: 'p', path: ['/tmp/no such'] };
    const one = ran(shell, { parameters: [parameter] }, ['true'], place());
    expect([one.code, one.stderr]).toEqual([
      ...[64, 'output parameter p: there is no file /tmp/no such\n'],
    ]);
    const artifact = { name: 'a', path: ['/tmp/no such'], optional: false, pack: true };
    const other = ran(shell, { artifacts: [artifact] }, ['true'], place());
    expect([other.code, other.stderr]).toEqual([
      ...[64, 'output artifact a: there is nothing at /tmp/no such\n'],
    ]);
    const optional = ran(
      shell,
      { artifacts: [{ ...artifact, optional: true }] },
      ['true'],
      place(),
    );
    expect([optional.code, optional.stderr, optional.artifacts]).toEqual([0, '', []]);
  });

  /** Keeps what a program writes, and gives it to another one. */
  const passed = (script: string, path: string, { pack = true, unpack = true } = {}) => {
    const at = place();
    const artifacts = [{ name: 'a', path: [join(at.work, path)], optional: false, pack }];
    const first = ran(shell, { artifacts }, ['sh', '-c', script], at);
    expect([first.code, first.stderr]).toEqual([0, '']);
    const next = place();
    const to = join(next.work, 'deep/er', path);
    const file = [{ cel: 'at', type: 'text' as const }];
    const second = ran(shell, { files: [{ file, path: [to], unpack }] }, ['true'], next, {
      at: join(at.artifacts, 'a'),
    });
    expect([second.code, second.stderr]).toEqual([0, '']);
    return { to, kept: join(at.artifacts, 'a'), below: filesIn(dirname(to)).sort() };
  };

  it('a file goes from one program to the next as it is', () => {
    const { to, kept } = passed('printf "a\\n\\n" > out', 'out');
    expect(readFileSync(kept, 'utf8')).toBe('a\n\n');
    expect(readFileSync(to, 'utf8')).toBe('a\n\n');
    expect(readFileSync(passed(': > out', 'out').to, 'utf8')).toBe('');
  });

  it('a folder goes as an archive, also one with a single file or a name that begins with a dot', () => {
    expect(passed('mkdir -p o/p/.q; echo 1 > o/a; echo 2 > o/p/.q/b', 'o').below).toEqual([
      ...['o/a', 'o/p/.q/b'],
    ]);
    expect(passed('mkdir -p .o; echo 1 > .o/only', '.o').below).toEqual(['.o/only']);
    expect(passed('mkdir -p ..o; echo 1 > ..o/only', '..o').below).toEqual(['..o/only']);
    expect(passed("mkdir -- '-it s'; echo 1 > './-it s/a'", '-it s').below).toEqual(['-it s/a']);
  });

  it('an archive that the program made itself arrives as an archive', () => {
    const made = 'mkdir d; echo 1 > d/x; tar -czf out.tgz d; cp out.tgz same';
    for (const how of [{}, { pack: false, unpack: false }]) {
      const { to, below } = passed(made, 'out.tgz', how);
      expect(below).toEqual(['out.tgz']);
      expect(spawnSync('tar', ['-tzf', to], { encoding: 'utf8' }).stdout).toContain('d/x');
    }
  });

  it('an artifact that nobody gives is left out, and what cannot be put into place ends it with 64', () => {
    const at = place();
    const file = (path: string) => [
      { file: [{ cel: 'at', type: 'text' as const }], path: [path], unpack: true },
    ];
    const to = join(at.work, 'to');
    expect(ran(shell, { files: file(to) }, ['true'], at, { at: '' }).code).toBe(0);
    expect(existsSync(to)).toBe(false);
    writeFileSync(to, 'a file');
    const wrong = ran(shell, { files: file(`${to}/x`) }, ['true'], at, { at: to });
    expect([wrong.code, wrong.stderr]).toEqual([
      64,
      expect.stringContaining(`${to}/x: its folder cannot be made`),
    ]);
  });

  it('a text is written where the program looks for it, character for character, and can be run', () => {
    const at = place();
    const script = join(at.work, 'a b/script');
    const source = `#!/bin/sh\necho 'a'  "$1"\ncat <<'END'\n${HOSTILE}\nEND\n`;
    const texts = [{ text: [{ cel: 'source', type: 'text' as const }], path: [script] }];
    const { stdout } = ran(shell, { texts, result: true }, [script, 'x'], at, { source });
    expect(stdout).toBe(`a x\n${HOSTILE}\n`);
    expect(readFileSync(script, 'utf8')).toBe(source);
    const known = join(at.work, 'known');
    ran(shell, { texts: [{ text: [HOSTILE], path: [known] }] }, ['true'], at);
    expect(readFileSync(known, 'utf8')).toBe(HOSTILE);
  });
});
