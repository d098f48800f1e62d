/**
 * One dev server per database file. Temporal itself starts a second one on the same file without a word, and then the
 * two take each other's work.
 *
 * The owner's process id stands in `<file>.pid`. Unlike a lock, it is free at once when the owner was killed.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProgressReporter } from './progress.js';

/** A server that was told to stop needs 3 s; longer, and it is not stopping. */
const WAIT_MS = 5_000;
const POLL_MS = 100;

/**
 * Waits for an owner, which may be about to end, at most `waitMs` (5 s).
 *
 * @throws Error naming the owner's process id, when it goes on
 */
export async function assertUnowned(
  dbFile: string,
  report: ProgressReporter,
  waitMs = WAIT_MS,
): Promise<void> {
  const pid = await livingOwner(dbFile);
  if (pid === undefined) return;
  await report.during(
    'wait',
    () => `process ${pid} has ${dbFile}; waiting a moment, should it be ending`,
    () => waitForEnd(dbFile, waitMs),
  );
  if ((await livingOwner(dbFile)) === undefined) return;
  throw new Error(
    `${dbFile} is in use by a Temporal dev server, process ${pid}. Use that server, stop it, or choose another file.`,
  );
}

async function waitForEnd(dbFile: string, waitMs: number): Promise<void> {
  const giveUpAt = Date.now() + waitMs;
  while (Date.now() < giveUpAt && (await livingOwner(dbFile)) !== undefined) await delay(POLL_MS);
}

/** Notes that `pid` owns the file from now on. */
export async function own(dbFile: string, pid: number): Promise<void> {
  await writeFile(pidFile(dbFile), `${pid}\n`);
}

/** Gives the file up, if `pid` still owns it. */
export async function disown(dbFile: string, pid: number): Promise<void> {
  if ((await readOwner(dbFile)) === pid) await rm(pidFile(dbFile), { force: true });
}

function pidFile(dbFile: string): string {
  return `${dbFile}.pid`;
}

async function readOwner(dbFile: string): Promise<number | undefined> {
  const pid = Number(await readFile(pidFile(dbFile), 'utf8').catch(() => ''));
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

async function livingOwner(dbFile: string): Promise<number | undefined> {
  const pid = await readOwner(dbFile);
  return pid !== undefined && (await runsOn(pid, dbFile)) ? pid : undefined;
}

/** Whether that process lives and, where the system tells (Linux), is a server on this file and not a later namesake. */
async function runsOn(pid: number, dbFile: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  return command === undefined || command.includes(basename(dbFile));
}
