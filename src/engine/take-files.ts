/**
 * What a container gave: an archive that a stranger's program filled. Nothing of it is unpacked where its names say:
 * artifacts go to files of our own naming, and anything but a plain file or folder is refused.
 */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Headers } from 'tar-stream';
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

export interface TakenArtifact {
  name: string;
  /** A file in the folder that was given. */
  path: string;
}

export interface TakenFiles {
  /** Undefined where the program wrote none; `too large` where it is over the cap. */
  output: Buffer | 'too large' | undefined;
  /** Of the folder of texts; `too large` where they are over the cap of the output together. */
  texts: OutputText[] | 'too large';
  artifacts: TakenArtifact[];
}

export interface TakeCaps {
  maxOutputBytes: number;
  maxArtifactBytes: number;
  /** Of the archive as a whole. */
  maxBytes: number;
}

/**
 * Reads the archive of `out` to its end.
 *
 * @param folder an empty one, for artifacts
 * @throws TaskError ARTIFACT_INVALID for links, devices, pipes and names that no artifact may have; TOO_LARGE;
 *   OUTPUT_INVALID when the output is no plain file
 */
export async function takeFiles(
  archive: NodeJS.ReadableStream,
  folder: string,
  caps: TakeCaps,
): Promise<TakenFiles> {
  const taken: TakenFiles = { output: undefined, texts: [], artifacts: [] };
  const entries = extract();
  entries.on('entry', (headers, content, next) => {
    takeEntry(headers, content, taken, folder, caps).then(
      () => next(),
      (error: unknown) => next(error as Error),
    );
  });
  await pipeline(archive, limited(caps.maxBytes), entries);
  return taken;
}

async function takeEntry(
  headers: Headers,
  content: Readable,
  taken: TakenFiles,
  folder: string,
  caps: TakeCaps,
): Promise<void> {
  // The archive's own folder comes first in every name.
  const name = headers.name.replace(/^\.?\/*out(?:\/|$)/, '').replace(/\/$/, '');
  if (name === 'output.json') taken.output = await readOutput(headers, content, caps);
  else if (name.startsWith('outputs/') && headers.type !== 'directory') {
    await takeText(name.slice('outputs/'.length), headers, content, taken, caps);
    return;
  } else if (name.startsWith('artifacts/')) {
    const artifact = name.slice('artifacts/'.length);
    if (headers.type !== 'directory') {
      assertPlain(artifact, headers);
      assertArtifactCount(taken.artifacts.length + 1);
      assertArtifactSize(artifact, headers.size ?? 0, caps.maxArtifactBytes);
      const path = join(folder, String(taken.artifacts.length));
      await pipeline(content, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
      taken.artifacts.push({ name: artifact, path });
      return;
    }
  } else if (name === 'artifacts' && headers.type !== 'directory')
    throw invalid(`the folder for artifacts was replaced by a ${headers.type}`);
  else if (name === 'outputs' && headers.type !== 'directory')
    throw unfitText(name, `is no folder any more but a ${headers.type}`);
  await drain(content);
}

async function takeText(
  name: string,
  { type, size = 0 }: Headers,
  content: Readable,
  taken: TakenFiles,
  { maxOutputBytes }: TakeCaps,
): Promise<void> {
  assertTextName(name);
  if (!isFile(type)) throw unfitText(name, `is no plain file but a ${type}`);
  if (taken.texts === 'too large') return drain(content);
  if (taken.texts.length === OUTPUT_TEXTS_LIMIT)
    throw unfitText(name, `is one of more than ${OUTPUT_TEXTS_LIMIT} files`);
  const before = taken.texts.reduce((sum, text) => sum + text.content.byteLength, 0);
  if (before + size > maxOutputBytes) {
    taken.texts = 'too large';
    return drain(content);
  }
  taken.texts.push({ name, content: await contentOf(content) });
}

async function readOutput(
  { type, size = 0 }: Headers,
  content: Readable,
  { maxOutputBytes }: TakeCaps,
): Promise<Buffer | 'too large'> {
  if (!isFile(type))
    throw new TaskError(
      'OUTPUT_INVALID',
      `the program's output is no file but a ${type}; write one JSON document to the file named by TEMPOGRAPH_OUTPUT`,
    );
  if (size > maxOutputBytes) {
    await drain(content);
    return 'too large';
  }
  return contentOf(content);
}

async function contentOf(content: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** @throws TaskError ARTIFACT_INVALID */
function assertPlain(name: string, { type, linkname }: Headers): void {
  assertArtifactName(name);
  if (isFile(type)) return;
  const to = linkname == null ? '' : ` to ${preview(linkname)}`;
  throw invalid(
    `${preview(name)} is no plain file but a ${type === 'link' ? 'hard link' : type}${to}`,
  );
}

const isFile = (type: string | null | undefined): boolean =>
  type === 'file' || type === 'contiguous-file';

const drain = async (content: Readable): Promise<void> => {
  for await (const _chunk of content);
};

/** Passes on so much, and then fails. */
function limited(maxBytes: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen <= maxBytes) return done(null, chunk);
      done(
        new TaskError(
          'TOO_LARGE',
          `what the program left beside its output is more than ${maxBytes.toLocaleString('en')} bytes`,
        ),
      );
    },
  });
}
