/**
 * What a program left in `/out`, read when nothing of it runs any more: it may have put anything there.
 *
 * Only regular files with one name are taken: no link, pipe or device. Folders are walked by us, and a link among them is
 * not followed. What is refused fails the attempt: leaving it out would look like success.
 */
import { constants, type Stats } from 'node:fs';
import { lstat, open, opendir, readFile, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  assertArtifactCount,
  assertArtifactName,
  assertArtifactSize,
  invalid,
} from '../domain/artifact.js';
import { TaskError } from '../domain/errors.js';
import { preview } from '../domain/json.js';
import {
  assertTextName,
  OUTPUT_TEXTS_LIMIT,
  unfitText,
  type OutputText,
} from '../domain/output-texts.js';

/** NOFOLLOW: not through a link. NONBLOCK: a pipe without a writer must not hold us. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Folders within folders. */
const MAX_DEPTH = 16;
/** Entries that are looked at, folders included. */
const MAX_ENTRIES = 2_000;

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
    throw unfit(code === 'ELOOP' ? LINK : `cannot be opened (${code})`);
  }
  try {
    const stats = await file.stat();
    const fault = faultOf(stats);
    if (fault !== undefined) throw unfit(fault);
    if (bytesOf(stats) > maxBytes) return 'too large';
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
 * The texts below `/out/outputs`, by name.
 *
 * @returns none where the folder is missing; `too large` where they are larger than `maxBytes` together
 * @throws TaskError OUTPUT_INVALID for what is no regular file, cannot be named or is one too many
 */
export async function readTexts(
  out: string,
  maxBytes: number,
): Promise<OutputText[] | 'too large'> {
  const found = await filesBelow(join(out, 'outputs'), {
    assertCount: (count, name) => {
      if (count > OUTPUT_TEXTS_LIMIT)
        throw unfitText(name, `is one of more than ${OUTPUT_TEXTS_LIMIT} files`);
    },
    assertName: assertTextName,
    wrong: unfitText,
  });
  let bytes = 0;
  const texts: OutputText[] = [];
  for (const { name, path, stats } of found) {
    bytes += bytesOf(stats);
    if (bytes > maxBytes) return 'too large';
    texts.push({ name, content: await readFile(path) });
  }
  return texts;
}

/**
 * The files below `/out/artifacts`, by name.
 *
 * @throws TaskError ARTIFACT_INVALID for what is no regular file or has a name that cannot be kept, TOO_LARGE for
 *   a file that is, or where there are too many
 */
export async function listArtifacts(
  out: string,
  maxBytes: number,
): Promise<{ name: string; path: string }[]> {
  const found = await filesBelow(join(out, 'artifacts'), {
    assertCount: assertArtifactCount,
    assertName: assertArtifactName,
    wrong: (name, why, cause) => invalid(`${preview(name)} ${why}`, cause),
  });
  for (const { name, stats } of found) assertArtifactSize(name, bytesOf(stats), maxBytes);
  return found.map(({ name, path }) => ({ name, path }));
}

interface FoundFile {
  name: string;
  path: string;
  stats: Stats;
}

interface Walk {
  /** Throws where so many files are too many. @param name of the last */
  assertCount: (count: number, name: string) => void;
  assertName: (name: string) => void;
  wrong: (name: string, why: string, cause?: unknown) => TaskError;
}

/** Every file below a folder, which may be missing. @throws what `wrong` makes, `assertCount` and `assertName` throw */
async function filesBelow(
  top: string,
  { assertCount, assertName, wrong }: Walk,
): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  let entries = 0;
  const walk = async (folder: string, prefix: string, depth: number): Promise<void> => {
    for await (const { name: part } of await opendir(folder)) {
      const [name, path] = [prefix + part, join(folder, part)];
      if (++entries > MAX_ENTRIES)
        throw wrong(name, `is one of more than ${MAX_ENTRIES} files and folders`);
      assertName(name);
      // A name that is no UTF-8 is not found again.
      const stats = await lstat(path).catch((error: unknown) => {
        throw wrong(name, 'cannot be read', error);
      });
      if (stats.isDirectory()) {
        if (depth === MAX_DEPTH) throw wrong(name, 'lies too deep in folders');
        await walk(path, `${name}/`, depth + 1);
        continue;
      }
      const fault = faultOf(stats);
      if (fault !== undefined) throw wrong(name, fault);
      assertCount(found.length + 1, name);
      found.push({ name, path, stats });
    }
  };
  const stats = await lstat(top).catch(() => undefined);
  if (stats === undefined) return found;
  if (!stats.isDirectory()) throw wrong(basename(top), 'is no folder any more');
  await walk(top, '', 1);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Bytes of a file: its length, or what it takes of the disk where that is more than file systems add by themselves. */
const bytesOf = ({ size, blocks }: Stats): number => Math.max(size, blocks * 512 - 65_536);

const LINK = 'is a link; write the file itself there, such as by cp -L';

/** Why a file is not taken, as a verb and its object; undefined where it is. */
function faultOf(stats: Stats): string | undefined {
  if (stats.isSymbolicLink()) return LINK;
  if (!stats.isFile()) return 'is no regular file';
  return stats.nlink === 1 ? undefined : 'has more than one name (a hard link); write a copy there';
}
