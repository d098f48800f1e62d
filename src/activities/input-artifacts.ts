/** Artifacts that an input holds, as a node gets them: bytes for a handler, files for a program. */
import type { Artifact } from '../domain/artifact.js';
import { formatBytes } from '../domain/bytes.js';
import { TaskError } from '../domain/errors.js';
import { artifactIn, inputFiles, withPaths } from '../domain/input-files.js';
import { preview, type Json } from '../domain/json.js';
import type { ProgramFiles } from '../runners/runner.js';
import type { BlobStore } from '../store/blob-store.js';
import { unlessStopped, waitedFor } from './waited-for.js';

/**
 * The bytes of an artifact.
 *
 * @param signal of the attempt
 * @throws TaskError ARTIFACT_INVALID for what is none; NOT_FOUND, STORE; StoppedError once the signal is aborted
 */
export async function readArtifact(
  blobs: BlobStore,
  value: unknown,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const artifact = artifactIn(value);
  if (!artifact)
    throw new TaskError(
      'ARTIFACT_INVALID',
      `readArtifact: expected an artifact as the input holds it by \${{ tasks.<id>.artifacts["<name>"] }}, with name, bytes, contentType and ref, got ${preview(value)}`,
    );
  const { bytes, total } = await unlessStopped(
    signal,
    named(artifact, blobs),
    blobs.slice(artifact.ref, 0, artifact.bytes, signal),
  );
  assertSize(artifact, total);
  return bytes;
}

/** The files of a program. @throws TaskError ARTIFACT_INVALID for a name that no artifact has */
export function programFiles(blobs: BlobStore, input: Json): ProgramFiles {
  const files = inputFiles(input);
  return {
    list: files.map(({ artifact, path }) => ({
      ...{ path, bytes: artifact.bytes },
      save: async (to, signal) => {
        try {
          // Before it takes up the worker's disk: what was said of its size may have been made up.
          assertSize(artifact, (await blobs.slice(artifact.ref, 0, 0, signal)).total);
          await blobs.save(artifact.ref, to, signal);
        } catch (error) {
          throw signal.aborted ? waitedFor(named(artifact, blobs)) : error;
        }
      },
    })),
    input: (folder) => withPaths(input, files, folder),
  };
}

const named = ({ name, bytes }: Artifact, { location }: BlobStore): string =>
  `artifact ${preview(name)} (${formatBytes(bytes)}) from ${location}`;

function assertSize({ name, bytes, ref }: Artifact, total: number): void {
  if (bytes === total) return;
  throw new TaskError(
    'ARTIFACT_INVALID',
    `artifact ${preview(name)}: it is said to have ${bytes} bytes, and ${ref} has ${total}`,
  );
}
