/**
 * Artifacts that an input holds, as expressions give them (`tasks.<id>.artifacts["<name>"]`): which there are, and the input
 * as a program gets it. Who knows the reference of an artifact may read it: it is the hash of its content.
 */
import { assertArtifactName, type Artifact } from './artifact.js';
import { isObject, setOwn, type Json } from './json.js';

/** The reference of a blob: the SHA-256 of its content. */
export const BLOB_REF = /^sha256-[0-9a-f]{64}$/;
const FIELDS = 4;

/** The artifact that a value is: an object with the fields of one, all of them, and no other. */
export function artifactIn(value: unknown): Artifact | undefined {
  if (!isObject(value) || Object.keys(value).length !== FIELDS) return undefined;
  const { name, bytes, contentType, ref } = value;
  if (typeof ref !== 'string' || !BLOB_REF.test(ref) || typeof contentType !== 'string')
    return undefined;
  if (typeof name !== 'string' || !Number.isSafeInteger(bytes) || (bytes as number) < 0)
    return undefined;
  return { name, bytes: bytes as number, contentType, ref };
}

/** An artifact that a program finds as a file. */
export interface InputFile {
  artifact: Artifact;
  /** Below the folder of such files: a number of its own, so that equal names do not meet, and its name. */
  path: string;
}

/** A file that is brought from elsewhere. */
export interface FileSource {
  /** Below the folder of such files. */
  path: string;
  bytes: number;
  /**
   * Writes it into a new file of this host. Nothing writes to that any more once this has settled.
   *
   * @param signal gives it up
   * @throws TaskError ARTIFACT_INVALID, NOT_FOUND, STORE; an Error that names it where it was given up
   */
  save(to: string, signal: AbortSignal): Promise<void>;
}

/** Files by what they are of. */
type Files = ReadonlyMap<string, InputFile>;
const idOf = ({ ref, name }: Artifact): string => `${ref} ${name}`;

/**
 * The files that an input asks for, each once, in the order in which they stand.
 *
 * @param input what the program gets, all expressions replaced
 * @throws TaskError ARTIFACT_INVALID for a name that no artifact has
 */
export function inputFiles(input: Json): InputFile[] {
  const found = new Map<string, InputFile>();
  const visit = (value: Json): void => {
    const artifact = artifactIn(value);
    if (artifact) {
      const id = idOf(artifact);
      if (found.has(id)) return;
      assertArtifactName(artifact.name);
      found.set(id, { artifact, path: `${found.size}/${artifact.name}` });
    } else if (Array.isArray(value)) value.forEach(visit);
    else if (isObject(value)) Object.values(value).forEach(visit);
  };
  visit(input);
  return [...found.values()];
}

/** The input with the `path` of each of its files, below the folder that they are put in. */
export function withPaths(input: Json, files: readonly InputFile[], folder: string): Json {
  if (files.length === 0) return input;
  const known = new Map(files.map((file) => [idOf(file.artifact), file]));
  return placed(input, known, folder);
}

function placed(value: Json, files: Files, folder: string): Json {
  if (Array.isArray(value)) return value.map((one) => placed(one, files, folder));
  if (!isObject(value)) return value;
  const artifact = artifactIn(value);
  const file = artifact && files.get(idOf(artifact));
  if (file) return { ...value, path: `${folder}/${file.path}` };
  const copy: Record<string, Json> = {};
  for (const [key, one] of Object.entries(value)) setOwn(copy, key, placed(one, files, folder));
  return copy;
}
