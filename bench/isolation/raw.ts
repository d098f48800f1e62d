/** What somebody would write who has not got us: no limits, no deadline, no checks, the shortest code that gives the output. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUSYBOX, type PrivateDocker } from '../../test/support/docker.js';
import type { Answer, Side } from './programs.js';

export interface RawProgram {
  /** The code's name in its folder, which {@link argv} is run in. */
  file: string;
  code: string;
  argv: readonly string[];
}

/**
 * Gives the output of a program that has a folder made for it.
 *
 * @param seenAt where the program finds it; undefined for where it lies
 * @param run runs the program to its end, with those variables
 */
async function inFolder(
  bytes: number,
  seenAt: string | undefined,
  run: (folder: string, env: Record<string, string>) => Promise<void>,
): Promise<Answer> {
  const folder = await mkdtemp(join(tmpdir(), 'tempograph-raw-'));
  try {
    await writeFile(join(folder, 'input.json'), JSON.stringify({ bytes }));
    const inside = seenAt ?? folder;
    await run(folder, {
      TEMPOGRAPH_INPUT: join(inside, 'input.json'),
      TEMPOGRAPH_OUTPUT: join(inside, 'output.json'),
    });
    return JSON.parse(await readFile(join(folder, 'output.json'), 'utf8')) as Answer;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function toItsEnd(
  [command = '', ...args]: readonly string[],
  cwd: string,
  env: Record<string, string>,
): Promise<void> {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
}

const asProcess =
  ({ file, code, argv }: RawProgram, wrapper: (folder: string) => readonly string[]): Side =>
  (bytes) =>
    inFolder(bytes, undefined, async (folder, env) => {
      await writeFile(join(folder, file), code);
      await toItsEnd([...wrapper(folder), ...argv], folder, env);
    });

/** `child_process`, and nothing around it. */
export const plainly = (program: RawProgram): Side => asProcess(program, () => []);

/** The shortest command line of bubblewrap that keeps a program from writing anywhere else. */
export const bubblewrapped = (program: RawProgram): Side =>
  asProcess(program, (folder) => [
    ...['bwrap', '--unshare-all', '--die-with-parent', '--ro-bind', '/', '/'],
    ...['--dev', '/dev', '--proc', '/proc', '--bind', folder, folder, '--chdir', folder, '--'],
  ]);

const AT = '/data';

export const byDockerode =
  ({ docker }: PrivateDocker, script: string): Side =>
  (bytes) =>
    inFolder(bytes, AT, async (folder, env) => {
      const container = await docker.createContainer({
        ...{ Image: BUSYBOX, Cmd: ['sh', '-c', script] },
        Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
        HostConfig: { Binds: [`${folder}:${AT}`], NetworkMode: 'none' },
      });
      await container.start();
      const { StatusCode } = (await container.wait()) as { StatusCode: number };
      await container.remove();
      if (StatusCode !== 0) throw new Error(`the container ended with ${StatusCode}`);
    });

export const byDockerRun =
  ({ socketPath }: PrivateDocker, script: string): Side =>
  (bytes) =>
    inFolder(bytes, AT, (folder, env) => {
      const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
      return toItsEnd(
        [
          ...['docker', '-H', `unix://${socketPath}`, 'run', '--rm', '--network', 'none'],
          ...['-v', `${folder}:${AT}`, ...variables, BUSYBOX, 'sh', '-c', script],
        ],
        folder,
        {},
      );
    });

export const byFetch =
  (url: string): Side =>
  async (bytes) => {
    const response = await fetch(url, { method: 'POST', body: JSON.stringify({ bytes }) });
    return (await response.json()) as Answer;
  };
