/**
 * The user's cache of servers: one folder per server and version.
 *
 *     <cache>/temporal-cli/1.5.1/temporal        the executable (and what it needs, beside it)
 *     <cache>/temporal-cli/1.5.1/checked.json    it was started and answered
 *     <cache>/temporal-cli/1.5.1.lock            somebody is getting it
 *     <cache>/temporal-cli/1.5.1.tmp-XXXXXX      being filled
 *
 * C1. A version's folder appears by one rename, so it is whole or absent.
 * C2. Only a folder with a marker that fits its executable and this platform is used without a check.
 * C3. Unfinished folders are removed by the next holder of the lock.
 */
import { chmod, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import envPaths from 'env-paths';
import { makeFolder } from '../make-folder.js';
import type { Environment } from './environment.js';
import { executableName, isExecutable } from './executable.js';

const MARKER = 'checked.json';

/** Where servers are kept: `cacheDir`, else `TEMPOGRAPH_CACHE_DIR`, else the user's cache folder. */
export function cacheRoot(env: Environment, cacheDir?: string): string {
  return cacheDir ?? (env['TEMPOGRAPH_CACHE_DIR'] || envPaths('tempograph', { suffix: '' }).cache);
}

/** Where one version of one server is or will be. */
export interface CacheEntry {
  dir: string;
  executable: string;
  lockPath: string;
}

/** @param name the executable's name without a platform's suffix */
export function cacheEntry(
  root: string,
  server: string,
  version: string,
  name: string,
): CacheEntry {
  const dir = join(root, server, version);
  return { dir, executable: join(dir, executableName(name)), lockPath: `${dir}.lock` };
}

/** What the check of an executable found. */
export interface Checked {
  /** What the server says it is. */
  version: string;
}

interface Marker extends Checked {
  platform: string;
  bytes: number;
  checkedAt: string;
}

const PLATFORM = `${process.platform}-${process.arch}`;

/** The entry's check, or undefined when it was never checked, has changed since or is another platform's (C2). */
export async function readChecked(entry: CacheEntry): Promise<Checked | undefined> {
  try {
    const marker = JSON.parse(await readFile(join(entry.dir, MARKER), 'utf8')) as Partial<Marker>;
    const { size } = await stat(entry.executable);
    if (marker.platform !== PLATFORM || marker.bytes !== size || !marker.version) return undefined;
    return { version: marker.version };
  } catch {
    return undefined; // absent or unreadable is the same as unchecked
  }
}

/** Notes that the entry's executable works, so that it is not checked again. */
export async function markChecked(entry: CacheEntry, { version }: Checked): Promise<void> {
  const { size: bytes } = await stat(entry.executable);
  const marker: Marker = {
    version,
    platform: PLATFORM,
    bytes,
    checkedAt: new Date().toISOString(),
  };
  const path = join(entry.dir, MARKER);
  await writeFile(`${path}.tmp`, JSON.stringify(marker, null, 2) + '\n');
  await rename(`${path}.tmp`, path);
}

/** Whether there is something to check: put there by hand, or by a process that was killed before its check. */
export function isPresent(entry: CacheEntry): Promise<boolean> {
  return isExecutable(entry.executable);
}

/** A new folder to fill, on the cache's own disk so that it can be renamed into place. */
export async function openStaging(entry: CacheEntry): Promise<string> {
  await makeFolder(dirname(entry.dir));
  return mkdtemp(`${entry.dir}.tmp-`);
}

/**
 * Moves a filled folder into place (C1).
 *
 * @throws Error when the executable is not in it
 */
export async function publish(staging: string, entry: CacheEntry): Promise<void> {
  const executable = join(staging, basename(entry.executable));
  if (!(await isExecutable(executable)))
    throw new Error(`it made no ${basename(entry.executable)}`);
  await removeEntry(entry);
  await chmod(staging, 0o777 & ~process.umask()); // mkdtemp's is for us alone, a cache may be shared
  await rename(staging, entry.dir);
}

/** Removes the entry. The marker goes first, so that an interrupted removal leaves nothing that looks good. */
export async function removeEntry(entry: CacheEntry): Promise<void> {
  await rm(join(entry.dir, MARKER), { force: true });
  await removeFolder(entry.dir);
}

/** Removes what killed processes left unfinished (C3). Only for the holder of the lock. */
export async function removeLeftovers(entry: CacheEntry): Promise<void> {
  const prefix = `${basename(entry.dir)}.tmp-`;
  for (const name of await readdir(dirname(entry.dir))) {
    if (name.startsWith(prefix)) await removeFolder(join(dirname(entry.dir), name));
  }
}

/** Removes a folder that an orphaned build may still be writing to: then once is not always enough. */
export async function removeFolder(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
}
