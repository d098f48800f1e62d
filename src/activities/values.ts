/** Values on their way in and out of an activity: by reference where they are large, hashed where they are compared. */
import canonicalize from 'canonicalize';
import { messageOf, TaskError } from '../domain/errors.js';
import { jsonText } from '../domain/json-loss.js';
import type { Json } from '../domain/json.js';
import type { Value } from '../domain/outcome.js';
import { getJson, sha256, type BlobStore } from '../store/blob-store.js';

/** The JSON behind a value. @throws TaskError STORE | NOT_FOUND */
export async function loadValue(blobs: BlobStore, value: Value): Promise<Json> {
  return 'json' in value ? value.json : await getJson(blobs, value.ref);
}

interface Limits {
  /** Bytes of JSON up to which a value stays in the envelope. */
  inline: number;
  maxBytes: number;
}

/**
 * A value for the envelope: itself up to the limit, a reference above it.
 *
 * @throws TaskError OUTPUT_INVALID when it is no JSON, TOO_LARGE when it is over `maxBytes`
 */
export async function storeValue(blobs: BlobStore, value: unknown, limits: Limits): Promise<Value> {
  return await stored(blobs, written(value), limits);
}

/** A node's output of a value, for the envelope, and its hash. @throws as `storeValue` does */
export async function storeOutput(
  blobs: BlobStore,
  value: unknown,
  limits: Limits,
): Promise<{ output: Value; outputHash: string }> {
  const made = written(value);
  return { output: await stored(blobs, made, limits), outputHash: hashJson(made.json) };
}

async function stored(blobs: BlobStore, { text, json }: Written, limits: Limits): Promise<Value> {
  const bytes = Buffer.byteLength(text);
  if (bytes <= limits.inline) return { json };
  if (bytes > limits.maxBytes) {
    throw new TaskError(
      'TOO_LARGE',
      `the output is ${bytes.toLocaleString('en')} bytes of JSON; the limit is ${limits.maxBytes.toLocaleString('en')} (maxOutputBytes); write it to a file and return its address`,
    );
  }
  return { ref: await blobs.put(text), bytes };
}

/** A value as JSON. */
interface Written {
  text: string;
  json: Json;
}

function written(value: unknown): Written {
  const text = jsonText(value, 'the output');
  return { text, json: JSON.parse(text) as Json };
}

/** A value as the JSON that it comes to. @throws TaskError OUTPUT_INVALID when it comes to none, or to less */
export function asJson(value: unknown): Json {
  return written(value).json;
}

/**
 * SHA-256 of the canonical JSON (RFC 8785) of a value: equal for equal values, whatever their keys' order.
 *
 * @param value JSON; members of objects that are undefined count as absent
 * @throws TaskError OUTPUT_INVALID for what is nested too deep
 */
export function hashJson(value: unknown): string {
  try {
    return sha256(canonicalize(value) ?? 'null');
  } catch (error) {
    throw new TaskError('OUTPUT_INVALID', `the value is nested too deep: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
