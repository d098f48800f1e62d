/**
 * Folders for files on their way, in places that others use too, such as the system's temporary folder. A process that is
 * killed leaves them; their names and times tell them from those that are in use.
 *
 * W1. A folder that is used bears the name of its process, and is touched every minute.
 * W2. In doubt a folder is left: one of another user, or of a process of which nobody here knows whether it lives, unless
 *     nobody has touched it for a week.
 */
import { lstat, mkdir, readdir, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from './make-folder.js';
import { isOwnName, ownName, stateOf } from './process-name.js';

const TOUCH_MS = 60_000;
const FORGOTTEN_MS = 7 * 86_400_000;

/**
 * Gives a new folder, for this user alone, for as long as it is used; then it is removed.
 *
 * @param place made where it is not there
 * @throws what `use` throws; Error where the folder cannot be made
 */
export async function withWorkFolder<T>(
  place: string,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = join(place, ownName());
  await makeFolder(place);
  await mkdir(folder, { mode: 0o700 });
  const touching = setInterval(() => void touch(folder), TOUCH_MS).unref();
  try {
    return await use(folder);
  } finally {
    clearInterval(touching);
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Removes what killed processes left of such folders.
 *
 * @param now epoch milliseconds
 * @returns the paths of what was removed; nothing where the place is not there, or cannot be read
 */
export async function sweepWorkFolders(place: string, now: number): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await readdir(place).catch(() => [])) {
    const path = join(place, name);
    if (!isOwnName(name) || !(await isLeft(path, stateOf(name), now))) continue;
    const gone = await rm(path, { recursive: true, force: true }).then(
      () => true,
      () => false,
    );
    if (gone) removed.push(path);
  }
  return removed;
}

async function isLeft(
  path: string,
  state: ReturnType<typeof stateOf>,
  now: number,
): Promise<boolean> {
  if (state === 'alive') return false;
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isDirectory() || found.uid !== process.getuid?.()) return false;
  return state === 'dead' || now - found.mtimeMs > FORGOTTEN_MS;
}

async function touch(folder: string): Promise<void> {
  const now = new Date();
  await utimes(folder, now, now).catch(() => undefined); // it is removed in this moment
}
