/** The body of a function's answer: read as far as it may be, and taken for the output. */
import { messageOf, TaskError } from '../domain/errors.js';
import { preview, type Json } from '../domain/json.js';

/** A body as far as a number of bytes; what is longer is not received. */
export async function readUpTo(
  body: AsyncIterable<Buffer>,
  most: number,
): Promise<{ bytes: Buffer; whole: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Leaving the loop closes the connection.
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > most) return { bytes: Buffer.concat(chunks).subarray(0, most), whole: false };
  }
  return { bytes: Buffer.concat(chunks), whole: true };
}

/** The output in an answer's body; an empty one is null. @throws TaskError OUTPUT_INVALID */
export function jsonOutput(bytes: Uint8Array, from: string): Json {
  if (bytes.byteLength === 0) return null;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Json;
  } catch (error) {
    const text = new TextDecoder().decode(bytes.subarray(0, 200));
    throw new TaskError(
      'OUTPUT_INVALID',
      `${from}: the answer is no JSON: ${messageOf(error)}; it begins ${preview(text, 100)}`,
      { cause: error },
    );
  }
}
