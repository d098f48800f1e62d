/**
 * Removes what a killed worker left: processes, groups, mounts, folders. Never what a living worker of this host owns.
 *
 * Names are never given twice (P1 of process-name.ts), so two that sweep at once do no harm to each other.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removeTree } from './cgroup.js';
import { unmount } from './disk.js';
import { isOwnName, startOf } from '../process-name.js';
import { isAlive, type UidRange } from './owner.js';

const NOTE = 'groups.json';
const RETRY_MS = 5;
const GONE_WITHIN_MS = 30_000;

/** Writes down where a worker's groups are, for whoever sweeps after it. */
export async function noteGroups(folder: string, groups: readonly string[]): Promise<void> {
  await writeFile(join(folder, NOTE), JSON.stringify(groups));
}

export interface SweepOptions {
  /** Folder of the workers' folders. */
  root: string;
  /** Folders of our groups: those of dead workers lie beside them too. */
  groups: readonly string[];
  /** Ours: what has one of these users now was another's. */
  uids: UidRange | undefined;
}

/** @returns the names of the dead workers that left something */
export async function sweep({ root, groups, uids }: SweepOptions): Promise<string[]> {
  const dead = new Set<string>();
  if (uids) await endProcessesOf(uids);
  for (const group of groups)
    for (const name of await deadIn(dirname(group))) {
      dead.add(name);
      await removeTree(join(dirname(group), name)).catch(() => undefined);
    }
  for (const name of await deadIn(root)) {
    dead.add(name);
    await removeFolder(join(root, name));
  }
  return [...dead];
}

async function deadIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => isOwnName(name) && !isAlive(name));
}

/** A worker's folder with its groups and mounts. */
export async function removeFolder(folder: string): Promise<void> {
  for (const group of await notedGroups(folder)) await removeTree(group).catch(() => undefined);
  for (const point of mountsBelow(folder).reverse()) await unmount(point).catch(() => undefined);
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}

async function notedGroups(folder: string): Promise<string[]> {
  try {
    return JSON.parse(await readFile(join(folder, NOTE), 'utf8')) as string[];
  } catch {
    return []; // killed before it had any
  }
}

/** Mount points of this process's view, outermost first. */
export function mountsBelow(folder: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .filter((point) => point.startsWith(`${folder}/`));
}

async function endProcessesOf(uids: UidRange): Promise<void> {
  const deadline = Date.now() + GONE_WITHIN_MS;
  for (let left = processesOf(uids); left.length > 0; left = processesOf(uids)) {
    for (const pid of left)
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it has ended by itself
      }
    if (Date.now() > deadline) throw new Error(`processes ${left.join(', ')} do not end`);
    await delay(RETRY_MS);
  }
}

/** What runs as one of these users; the dead that nobody has reaped do not count. */
export function processesOf(uids: Pick<UidRange, 'has'>): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && uids.has(statSync(`/proc/${pid}`).uid) && startOf(pid) !== undefined;
      } catch {
        return false;
      }
    });
}
