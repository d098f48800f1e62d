/** One process at a time: a lock folder that its holder keeps fresh, so that a killed holder's lock goes stale. */
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import lockfile from 'proper-lockfile';
import { makeFolder } from '../make-folder.js';
import type { ProgressReporter } from './progress.js';

/** A lock that its holder has not touched for this long belongs to nobody. The holder touches it every 5 s. */
const STALE_MS = 10_000;
const POLL_MS = 250;
/** Longer than any build may take; a holder that hangs must not hold up everybody for ever. */
const WAIT_MS = 45 * 60_000;

/**
 * Runs `work` while holding the lock at `path`; waits for another holder, with progress.
 *
 * Two holders are possible after a holder was suspended for longer than a lock lives (a laptop's sleep). So `work` must
 * be safe against a second one: prepare aside, then rename.
 *
 * @throws Error when the folder cannot be written, or after 45 minutes of waiting
 */
export async function withLock<T>(
  path: string,
  report: ProgressReporter,
  work: () => Promise<T>,
): Promise<T> {
  await makeFolder(dirname(path));
  const release =
    (await tryLock(path, report)) ??
    (await report.during(
      'wait',
      () => `another process is getting it (${path})`,
      () => waitForLock(path, report),
    ));
  try {
    return await work();
  } finally {
    // It may have been taken over meanwhile, and then it is not ours to release.
    await release().catch(() => undefined);
  }
}

async function waitForLock(path: string, report: ProgressReporter): Promise<() => Promise<void>> {
  const giveUpAt = Date.now() + WAIT_MS;
  while (Date.now() < giveUpAt) {
    await delay(POLL_MS);
    const release = await tryLock(path, report);
    if (release) return release;
  }
  throw new Error(
    `another process has held ${path} for ${WAIT_MS / 60_000} minutes; end it, or remove that folder`,
  );
}

async function tryLock(
  path: string,
  report: ProgressReporter,
): Promise<(() => Promise<void>) | undefined> {
  try {
    return await lockfile.lock(path, {
      lockfilePath: path,
      realpath: false,
      stale: STALE_MS,
      // The default throws out of a timer, which would end the process.
      onCompromised: () => report.say('wait', `lost the lock ${path}; going on`),
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOCKED') return undefined;
    throw error;
  }
}
