/**
 * What a program left in `/out`, read when nothing of it runs any more: it may have put anything there.
 *
 * Only regular files with one name are taken: no link, pipe or device. Folders are walked by us, and a link among them is
 * not followed. What is refused fails the attempt: leaving it out would look like success.
 */
import { constants, type Stats } from 'node:fs';
import { lstat, open, opendir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { ARTIFACTS_LIMIT, assertArtifactName, invalid } from '../domain/artifact.js';
import { TaskError } from '../domain/errors.js';
import { preview } from '../domain/json.js';

/** NOFOLLOW: not through a link. NONBLOCK: a pipe without a writer must not hold us. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Folders within folders. */
const MAX_DEPTH = 16;
/** Entries that are looked at, folders included. */
const MAX_ENTRIES = 1_000;

/**
 * The program's output.
 *
 * @returns undefined where there is none; `too large` where it is larger than `maxBytes`
 * @throws TaskError OUTPUT_INVALID for what is no regular file
 */
export async function readOutput(
  out: string,
  maxBytes: number,
): Promise<Uint8Array | undefined | 'too large'> {
  let file: FileHandle;
  try {
    file = await open(join(out, 'output.json'), FLAGS);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw unfit(code === 'ELOOP' ? 'is a link' : `cannot be opened (${code})`);
  }
  try {
    const stats = await file.stat();
    const fault = faultOf(stats);
    if (fault !== undefined) throw unfit(fault);
    if (stats.size > maxBytes || stats.blocks * 512 > maxBytes + 65_536) return 'too large';
    return await file.readFile();
  } finally {
    await file.close();
  }
}

const unfit = (what: string): TaskError =>
  new TaskError(
    'OUTPUT_INVALID',
    `the program's output ${what}; write a regular file to the path in TEMPOGRAPH_OUTPUT`,
  );

/**
 * The files below `/out/artifacts`, by name.
 *
 * @throws TaskError ARTIFACT_INVALID for what is no regular file or has a name that cannot be kept, TOO_LARGE
 */
export async function listArtifacts(
  out: string,
  maxBytes: number,
): Promise<{ name: string; path: string }[]> {
  const top = join(out, 'artifacts');
  const found: { name: string; path: string }[] = [];
  let entries = 0;
  const walk = async (folder: string, prefix: string, depth: number): Promise<void> => {
    for await (const { name: part } of await opendir(folder)) {
      const [name, path] = [prefix + part, join(folder, part)];
      if (++entries > MAX_ENTRIES) throw invalid(`there are more than ${MAX_ENTRIES} of them`);
      assertArtifactName(name);
      // A name that is no UTF-8 is not found again.
      const stats = await lstat(path).catch((error: unknown) => {
        throw invalid(`${preview(name)} cannot be read`, error);
      });
      if (stats.isDirectory()) {
        if (depth === MAX_DEPTH) throw invalid(`${preview(name)} lies too deep in folders`);
        await walk(path, `${name}/`, depth + 1);
        continue;
      }
      assertKept(name, stats, maxBytes);
      if (found.length === ARTIFACTS_LIMIT) throw invalid(`more than ${ARTIFACTS_LIMIT} were left`);
      found.push({ name, path });
    }
  };
  const stats = await lstat(top).catch(() => undefined);
  if (stats === undefined) return found;
  if (!stats.isDirectory()) throw invalid('the place of the artifacts is no folder any more');
  await walk(top, '', 1);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function assertKept(name: string, stats: Stats, maxBytes: number): void {
  const fault = faultOf(stats);
  if (fault !== undefined) throw invalid(`${preview(name)} ${fault}`);
  const bytes = Math.max(stats.size, stats.blocks * 512 - 65_536);
  if (bytes <= maxBytes) return;
  throw new TaskError(
    'TOO_LARGE',
    `the artifact ${preview(name)} has ${bytes} bytes; at most ${maxBytes} are kept (maxArtifactBytes)`,
    { details: { bytes, limit: maxBytes } },
  );
}

function faultOf(stats: Stats): string | undefined {
  if (stats.isSymbolicLink()) return 'is a link';
  if (!stats.isFile()) return 'is no regular file';
  return stats.nlink === 1 ? undefined : 'has more than one name (a hard link)';
}
