/** Values on their way in and out of an activity: by reference where they are large, hashed where they are compared. */
import canonicalize from 'canonicalize';
import { messageOf, TaskError } from '../domain/errors.js';
import { preview, type Json } from '../domain/json.js';
import type { Value } from '../domain/outcome.js';
import { getJson, sha256, type BlobStore } from '../store/blob-store.js';

/** The JSON behind a value. @throws TaskError STORE | NOT_FOUND */
export async function loadValue(blobs: BlobStore, value: Value): Promise<Json> {
  return 'json' in value ? value.json : await getJson(blobs, value.ref);
}

/**
 * A value for the envelope: itself up to the limit, a reference above it.
 *
 * @throws TaskError OUTPUT_INVALID when it is no JSON, TOO_LARGE when it is over `maxBytes`
 */
export async function storeValue(
  blobs: BlobStore,
  value: unknown,
  limits: { inline: number; maxBytes: number },
): Promise<Value> {
  const text = toJsonText(value);
  const bytes = Buffer.byteLength(text);
  if (bytes <= limits.inline) return { json: JSON.parse(text) as Json };
  if (bytes > limits.maxBytes) {
    throw new TaskError(
      'TOO_LARGE',
      `the output is ${bytes.toLocaleString('en')} bytes of JSON; the limit is ${limits.maxBytes.toLocaleString('en')} (maxOutputBytes); write it to a file and return its address`,
    );
  }
  return { ref: await blobs.put(text), bytes };
}

function toJsonText(value: unknown): string {
  try {
    return JSON.stringify(value ?? null) ?? 'null';
  } catch (error) {
    throw new TaskError(
      'OUTPUT_INVALID',
      `the output is no JSON: ${(error as Error).message}, got ${preview(value)}`,
      { cause: error },
    );
  }
}

/** A value as the JSON that it comes to. @throws TaskError OUTPUT_INVALID when it comes to none */
export function asJson(value: unknown): Json {
  return JSON.parse(toJsonText(value)) as Json;
}

/** SHA-256 of the canonical JSON (RFC 8785) of a value: equal for equal values, whatever their keys' order. */
export function hashJson(value: unknown): string {
  const text = toJsonText(value);
  try {
    return sha256(canonicalize(JSON.parse(text)) ?? 'null');
  } catch (error) {
    throw new TaskError('OUTPUT_INVALID', `the value is nested too deep: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
