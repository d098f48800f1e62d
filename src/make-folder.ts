/**
 * Folders, with those above them. Node's own `mkdir` with `recursive` never returns where a folder answers ENOENT to what
 * is to be made in it, as `/proc` does.
 */
import { mkdirSync, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes a folder, where it is not there. @throws Error naming the folder that cannot be made */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (lacksParent(error, path)) {
      await makeFolder(dirname(path));
      // Somebody else may have made it meanwhile.
      await mkdir(path).catch(async (again: unknown) =>
        assertThere(path, again, await isFolder(path)),
      );
    } else assertThere(path, error, await isFolder(path));
  }
}

/** The same, at once. */
export function makeFolderSync(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (!lacksParent(error, path)) return assertThere(path, error, isFolderSync(path));
    makeFolderSync(dirname(path));
    try {
      mkdirSync(path);
    } catch (again) {
      assertThere(path, again, isFolderSync(path));
    }
  }
}

const lacksParent = (error: unknown, path: string): boolean =>
  (error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(path) !== path;

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

function isFolderSync(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function assertThere(path: string, error: unknown, there: boolean): void {
  if (there) return;
  const { code, message } = error as NodeJS.ErrnoException;
  const made = new Error(`the folder ${path} cannot be made: ${message}`, { cause: error });
  throw Object.assign(made, { code });
}
