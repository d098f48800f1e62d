/** What a container finds in our folder: its input, its files, and an empty folder for what it gives. */
import { dirname } from 'node:path/posix';
import { pack, type Headers } from 'tar-stream';

/** Of the volume, whoever the program is: nobody else sees the volume. */
const OPEN = 0o777;

export interface GivenFiles {
  /** JSON. */
  input: string;
  /** Texts by relative path. */
  files: Readonly<Record<string, string>>;
}

/**
 * An archive for our folder. All of it belongs to root and may only be read, except `out`.
 *
 * @param mtime of every file: the same archive for the same content
 */
export function packFiles(
  { input, files }: GivenFiles,
  mtime = new Date(0),
): NodeJS.ReadableStream {
  const archive = pack();
  const add = (headers: Headers, content?: string): void =>
    void archive.entry({ uid: 0, gid: 0, mtime, ...headers }, content);
  const folder = (name: string, mode: number): void => add({ name, type: 'directory', mode });
  add({ name: 'input.json', mode: 0o444 }, input);
  if (Object.keys(files).length > 0) {
    for (const name of foldersOf(Object.keys(files))) folder(name, 0o755);
    for (const [name, text] of Object.entries(files))
      add({ name: `files/${name}`, mode: 0o555 }, text);
  }
  folder('out', OPEN);
  folder('out/artifacts', OPEN);
  archive.finalize();
  return archive;
}

/** Every folder that the files lie in, the outer before the inner. */
function foldersOf(names: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const name of names)
    for (let at = dirname(`files/${name}`); at !== '.'; at = dirname(at)) folders.add(at);
  return [...folders].sort();
}
