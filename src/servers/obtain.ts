/**
 * Gets a server into the cache once, whoever asks first: lock, fill a folder aside, rename, check by starting.
 *
 * Knows nothing of any particular server: those are `find-dev-server.ts` and `find-time-skipping-server.ts`.
 */
import { basename, join } from 'node:path';
import {
  type CacheEntry,
  type Checked,
  isPresent,
  markChecked,
  openStaging,
  publish,
  readChecked,
  removeEntry,
  removeFolder,
  removeLeftovers,
} from './cache.js';
import { withLock } from './lock.js';
import type { ProgressReporter } from './progress.js';
import { type FailedWay, reasonOf } from './unavailable.js';

/** One way to get a server: a download, a build. */
export interface Way<Source extends string> {
  source: Source;
  /** For the error that lists the ways. */
  name: string;
  /** Makes the file `executable`, and beside it what it needs. The folder is new and empty. */
  make: (executable: string, report: ProgressReporter) => Promise<void>;
}

/** Starts an executable, sees it answer and stops it; throws with the reason when it does not work. */
export type Check = (executable: string, report: ProgressReporter) => Promise<Checked>;

export interface Obtained<Source extends string> extends Checked {
  path: string;
  source: Source | 'cache';
}

export interface ObtainOptions<Source extends string> {
  entry: CacheEntry;
  ways: readonly Way<Source>[];
  check: Check;
  report: ProgressReporter;
  /** Gets a line for each way that failed. */
  failed: FailedWay[];
}

/** The server from the cache, else by the first way that works, else undefined with the reasons in `failed`. */
export async function obtain<Source extends string>(
  options: ObtainOptions<Source>,
): Promise<Obtained<Source> | undefined> {
  const { entry, report, failed } = options;
  const warm = await fromCache(entry);
  if (warm) return warm;
  try {
    return await withLock(
      entry.lockPath,
      report,
      // Another process may have got it while we waited.
      async () => (await fromCache(entry)) ?? (await adopt(options)) ?? (await getAnew(options)),
    );
  } catch (error) {
    failed.push({ way: `the cache in ${entry.dir}`, reason: reasonOf(error) });
    return undefined;
  }
}

async function fromCache(entry: CacheEntry): Promise<Obtained<never> | undefined> {
  const checked = await readChecked(entry);
  return checked && { ...checked, path: entry.executable, source: 'cache' };
}

/** Checks what lies in the cache unchecked; what does not work is removed. */
async function adopt<Source extends string>({
  entry,
  check,
  report,
  failed,
}: ObtainOptions<Source>): Promise<Obtained<Source> | undefined> {
  await removeLeftovers(entry);
  const way = `the cache in ${entry.dir}`;
  if (!(await isPresent(entry))) {
    failed.push({ way, reason: 'nothing there' });
    return undefined;
  }
  try {
    return { ...(await checkInPlace(entry, check, report)), source: 'cache' };
  } catch (error) {
    failed.push({ way, reason: reasonOf(error) });
    return undefined;
  }
}

async function getAnew<Source extends string>({
  entry,
  ways,
  check,
  report,
  failed,
}: ObtainOptions<Source>): Promise<Obtained<Source> | undefined> {
  for (const { name, source, make } of ways) {
    const staging = await openStaging(entry);
    try {
      await make(join(staging, basename(entry.executable)), report);
      await publish(staging, entry);
      return { ...(await checkInPlace(entry, check, report)), source };
    } catch (error) {
      failed.push({ way: name, reason: reasonOf(error) });
    } finally {
      await removeFolder(staging);
    }
  }
  return undefined;
}

async function checkInPlace(
  entry: CacheEntry,
  check: Check,
  report: ProgressReporter,
): Promise<Checked & { path: string }> {
  try {
    const checked = await check(entry.executable, report);
    await markChecked(entry, checked);
    return { version: checked.version, path: entry.executable };
  } catch (error) {
    await removeEntry(entry);
    throw error;
  }
}
