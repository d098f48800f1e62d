/** Executables that are on this machine already: where they are, whether they run, what they say they are. */
import type { Environment } from './environment.js';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { runCommand } from './command.js';

const SUFFIX = process.platform === 'win32' ? '.exe' : '';

/** The file name of an executable on this platform. */
export function executableName(name: string): string {
  return name + SUFFIX;
}

/** A `--version` of a working binary answers in well under a second; a loaded machine gets this long. */
const VERSION_TIMEOUT_MS = 30_000;

/** The first executable file of that name in `PATH`, or undefined. */
export async function findOnPath(name: string, env: Environment): Promise<string | undefined> {
  for (const dir of (env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const path = join(dir, executableName(name));
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

/** Whether `path` is a file that this user may run. */
export async function isExecutable(path: string): Promise<boolean> {
  return (await whyNotExecutable(path)) === undefined;
}

/** @throws Error saying what is wrong with `path` as an executable: missing, a folder, no execute permission */
export async function assertExecutable(path: string): Promise<void> {
  const reason = await whyNotExecutable(path);
  if (reason) throw new Error(`${path} ${reason}`);
}

async function whyNotExecutable(path: string): Promise<string | undefined> {
  try {
    if (!(await stat(path)).isFile()) return 'is not a file';
  } catch {
    return 'does not exist';
  }
  return access(path, constants.X_OK).then(
    () => undefined,
    () => 'is not executable (chmod +x)',
  );
}

/**
 * What a Temporal CLI says it is, such as `1.5.1 (Server 1.29.1, UI 2.42.1)`.
 *
 * @throws Error when the file cannot be run or is some other program
 */
export async function temporalCliVersion(path: string, env: Environment): Promise<string> {
  await assertExecutable(path);
  const output = await runCommand(path, ['--version'], { env, timeoutMs: VERSION_TIMEOUT_MS });
  const version = /temporal version (.+)/.exec(output)?.[1]?.trim();
  if (!version)
    throw new Error(
      `${path} is not a Temporal CLI: \`--version\` prints ${JSON.stringify(output.slice(0, 200))}`,
    );
  return version;
}
