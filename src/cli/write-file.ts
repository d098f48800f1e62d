/** Files that commands write where people ask for them. */
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../make-folder.js';
import { UsageError } from './exit.js';

/**
 * Writes a file, and the folders above it.
 *
 * @throws UsageError for one that is there already, without `force`, and for a place that cannot be written
 */
export async function writeOut(
  path: string,
  data: Uint8Array | string,
  force: boolean,
): Promise<void> {
  try {
    await makeFolder(dirname(path));
    await writeFile(path, data, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new UsageError(`${path} is there already; say --force to write over it, or --output`);
    throw new UsageError(`cannot write ${path}: ${(error as Error).message}`);
  }
}
