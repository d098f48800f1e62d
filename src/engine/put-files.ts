/** What a container finds in our folder: its input, its files, and an empty folder for what it gives. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dirname } from 'node:path/posix';
import { pipeline } from 'node:stream/promises';
import { pack, type Headers, type Pack } from 'tar-stream';
import type { FileSource } from '../domain/input-files.js';
import { withWorkFolder } from '../work-folder.js';

/** Of the volume, whoever the program is: nobody else sees the volume. */
const OPEN = 0o777;

export interface GivenFiles {
  /** JSON. */
  input: string;
  /** Texts by relative path. */
  files: Readonly<Record<string, string>>;
  /** Files of this host, by path below the folder of such files. */
  inputFiles?: readonly SavedFile[];
}

/** A file that is brought from elsewhere, on this host. */
export interface SavedFile {
  path: string;
  source: string;
}

/**
 * Brings files to this host for as long as they are handed on.
 *
 * @param signal gives up the bringing
 * @throws what bringing one of them throws
 */
export async function withSaved<T>(
  files: readonly FileSource[],
  signal: AbortSignal,
  use: (saved: readonly SavedFile[]) => Promise<T>,
): Promise<T> {
  if (files.length === 0) return await use([]);
  return await withWorkFolder(tmpdir(), async (folder) => {
    const saved: SavedFile[] = [];
    for (const [nth, file] of files.entries()) {
      const source = join(folder, String(nth));
      await file.save(source, signal);
      saved.push({ path: file.path, source });
    }
    return await use(saved);
  });
}

/**
 * An archive for our folder. All of it belongs to root and may only be read, except `out`.
 *
 * @param mtime of every file: the same archive for the same content
 */
export function packFiles(
  { input, files, inputFiles = [] }: GivenFiles,
  mtime = new Date(0),
): NodeJS.ReadableStream {
  const archive = pack();
  const add = (headers: Headers, content?: string): void =>
    void archive.entry({ uid: 0, gid: 0, mtime, ...headers }, content);
  const folder = (name: string, mode: number): void => add({ name, type: 'directory', mode });
  add({ name: 'input.json', mode: 0o444 }, input);
  if (Object.keys(files).length > 0) {
    for (const name of foldersOf('files', Object.keys(files))) folder(name, 0o755);
    for (const [name, text] of Object.entries(files))
      add({ name: `files/${name}`, mode: 0o555 }, text);
  }
  folder('out', OPEN);
  folder('out/outputs', OPEN);
  folder('out/artifacts', OPEN);
  for (const name of foldersOf(
    'in',
    inputFiles.map(({ path }) => path),
  ))
    folder(name, 0o755);
  void addSaved(archive, inputFiles, mtime).then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(error as Error),
  );
  return archive;
}

async function addSaved(archive: Pack, files: readonly SavedFile[], mtime: Date): Promise<void> {
  for (const { path, source } of files) {
    const { size } = await stat(source);
    const headers = { name: `in/${path}`, mode: 0o444, uid: 0, gid: 0, mtime, size };
    await pipeline(createReadStream(source), archive.entry(headers));
  }
}

/** Every folder that the files lie in, the outer before the inner. */
function foldersOf(root: string, names: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const name of names)
    for (let at = dirname(`${root}/${name}`); at !== '.'; at = dirname(at)) folders.add(at);
  return [...folders].sort();
}
