/** What `doctor` looks at on this machine: Node.js, the data folder, ports, and how `dev` would get its server. */
import { constants } from 'node:fs';
import { access, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { resolveSettings } from '../config.js';
import { bytesText } from '../domain/task-report.js';
import { cacheEntry, cacheRoot, readChecked } from '../servers/cache.js';
import type { Environment } from '../servers/environment.js';
import { findOnPath, temporalCliVersion } from '../servers/executable.js';
import { reasonOf } from '../servers/unavailable.js';
import { settingsOf, type CommonOptions } from './command.js';
import { fail, ok, warn, type Check } from './doctor-check.js';

/** As package.json says. */
const LEAST_NODE = [20, 19] as const;

export function nodeVersion(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_NODE;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor))
    return ok('node', version);
  return fail(
    'node',
    `${version}, needed is ${LEAST_NODE.join('.')} or later`,
    'install a current Node.js',
  );
}

/** What is written to try a folder: on a full disk a file can often be made as long as it is empty. */
const PROBE = Buffer.alloc(65_536);

/** Whether the data folder can be written, and has room, or can be made: where there is none, none is made. */
export async function dataFolder(options: CommonOptions): Promise<Check> {
  const name = 'data folder';
  const { dataDir, maxArtifactBytes } = resolveSettings(settingsOf(options));
  try {
    if (!(await tryFolder(dataDir)))
      return ok(name, `${dataDir} is not there yet; the first that writes to it makes it`);
    const { bavail, bsize } = await statfs(dataDir);
    return roomCheck(dataDir, bavail * bsize, maxArtifactBytes);
  } catch (error) {
    const hint = isFull(error)
      ? MAKE_ROOM
      : 'choose another with --data-dir or TEMPOGRAPH_DATA_DIR';
    return fail(name, `${dataDir} cannot be written: ${reasonOf(error)}`, hint);
  }
}

/** Writes a little there, and removes it. @returns false where there is none yet @throws Error where nothing can be written */
export async function tryFolder(dataDir: string): Promise<boolean> {
  if (!(await isFolder(dataDir))) {
    await assertMayMake(dataDir);
    return false;
  }
  const probe = join(dataDir, `.doctor-${process.pid}`);
  try {
    await writeFile(probe, PROBE);
  } finally {
    await rm(probe, { force: true });
  }
  return true;
}

/** Of a disk that takes nothing now, where somebody makes room. */
export const isFull = (error: unknown): boolean =>
  FULL.has((error as NodeJS.ErrnoException).code ?? '');

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);
const MAKE_ROOM =
  'make room there: on a full disk attempts fail with STORE, and the store of SQLite takes nothing; what has failed so goes on with "tempograph rerun ID --from failed"';

/** Whether a folder that can be written has room for what one task may keep. */
export function roomCheck(dataDir: string, freeBytes: number, maxArtifactBytes: number): Check {
  const name = 'data folder';
  const free = `${dataDir} can be written, ${bytesText(freeBytes)} are free`;
  if (freeBytes >= maxArtifactBytes) return ok(name, free);
  return warn(name, `${free}, and one artifact may have ${bytesText(maxArtifactBytes)}`, MAKE_ROOM);
}

/** False where there is nothing. @throws Error for what is no folder, or cannot be looked at */
async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  throw new Error(`${path} is no folder`);
}

/** @throws Error where the nearest folder above takes nothing new */
async function assertMayMake(path: string): Promise<void> {
  const above = dirname(path);
  if (await isFolder(above)) await access(above, constants.W_OK | constants.X_OK);
  else await assertMayMake(above);
}

/** Which way `dev` would get its server; nothing is got here. The order is `findDevServer`'s. */
export async function devServer(env: Environment): Promise<Check> {
  const name = 'dev server';
  const given = env['TEMPORAL_CLI_PATH'];
  if (given) {
    try {
      const version = await temporalCliVersion(given, env);
      return ok(name, `TEMPORAL_CLI_PATH: ${version}`);
    } catch (error) {
      const message = `TEMPORAL_CLI_PATH cannot be used: ${reasonOf(error)}`;
      return fail(name, message, 'set it to a Temporal CLI, or unset it');
    }
  }
  const installed = await findOnPath('temporal', env);
  if (installed) {
    try {
      const version = await temporalCliVersion(installed, env);
      return ok(name, `temporal on PATH: ${version}`);
    } catch {
      // as if it were not there
    }
  }
  const { CLI_VERSION } = await import('../servers/find-dev-server.js');
  const cached = await readChecked(
    cacheEntry(cacheRoot(env), 'temporal-cli', CLI_VERSION, 'temporal'),
  );
  if (cached) return ok(name, `in the cache: ${cached.version}`);
  return await obtainable(name, env);
}

async function obtainable(name: string, env: Environment): Promise<Check> {
  const go = await findOnPath('go', env);
  const build = 'a build by Go, which takes 3 to 15 minutes';
  if (!env['TEMPOGRAPH_NO_DOWNLOAD'])
    return ok(
      name,
      `the first "tempograph dev" gets it: by a download${go ? `, else by ${build}` : ''}`,
    );
  if (go) return ok(name, `the first "tempograph dev" gets it: by ${build}`);
  return warn(
    name,
    'none found, downloads are off and there is no Go to build one',
    'install the Temporal CLI, or set TEMPORAL_CLI_PATH; a server elsewhere needs none of it',
  );
}

/** For information: none of them is needed where a server was found. */
export async function tools(env: Environment): Promise<Check[]> {
  const uses: [name: string, use: string][] = [
    ['java', 'for the time-skipping test server, where it cannot be downloaded'],
    ['mvn', 'to get that server'],
    ['go', 'to build a dev server, where it cannot be downloaded'],
  ];
  return await Promise.all(
    uses.map(async ([name, use]): Promise<Check> => {
      const path = await findOnPath(name, env);
      return ok(name, path ?? `not found; only needed ${use}`);
    }),
  );
}
