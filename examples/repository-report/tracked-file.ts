/** Reading a file that git tracks: it may be gone, huge, or no file at all. */
import { lstat, readFile } from 'node:fs/promises';

/** Why a file was not read; `notAFile` is a symbolic link or a submodule. */
export type Unread = 'tooLarge' | 'unreadable' | 'notAFile';

/**
 * Deleted since, left out by a sparse checkout, not ours to read, or a name that this file system cannot hold.
 * Any other error is the machine's, and may be gone when the task is tried again.
 */
const UNREADABLE = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ENAMETOOLONG', 'EILSEQ', 'EINVAL'];

/** The file's bytes, or why there are none. A link is not followed: it may lead out of the repository. */
export async function readTrackedFile(file: string, maxBytes: number): Promise<Buffer | Unread> {
  try {
    const stats = await lstat(file);
    if (!stats.isFile()) return 'notAFile';
    return stats.size > maxBytes ? 'tooLarge' : await readFile(file);
  } catch (error) {
    if (UNREADABLE.includes((error as NodeJS.ErrnoException).code ?? '')) return 'unreadable';
    throw error;
  }
}
