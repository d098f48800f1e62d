/** What a task wants kept, as something that can be handed on: bytes, or the absolute path of a file. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invalid, type ArtifactSource } from '../domain/artifact.js';
import { isObject, preview } from '../domain/json.js';

/** @throws TaskError ARTIFACT_INVALID for what is no source */
export function resolveSource(name: string, source: ArtifactSource): string | Uint8Array {
  if (typeof source === 'string') return resolve(source);
  if (source instanceof URL) {
    if (source.protocol === 'file:') return fileURLToPath(source);
    throw invalid(`${preview(name)}: expected a file: URL, got ${preview(source.href)}`);
  }
  if (source instanceof Uint8Array) return source;
  const text: unknown = isObject(source) ? source['text'] : undefined;
  if (typeof text === 'string') return Buffer.from(text);
  throw invalid(
    `${preview(name)}: expected the path of a file, bytes (Uint8Array) or { text }, got ${preview(source)}`,
  );
}
