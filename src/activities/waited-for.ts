/** What an attempt waits for outside of itself: once it is asked to stop it waits no longer, and says for what it did. */
import type { BlobStore } from '../store/blob-store.js';
import { StoppedError } from '../runners/runner.js';

/** Why an attempt that was asked to stop had not got further. @param what in words: `artifact "a.bin" from s3://…` */
export const waitedFor = (what: string): StoppedError => new StoppedError(`it waited for ${what}`);

/** The work's result. @throws StoppedError once the signal is aborted; what the work throws */
export async function unlessStopped<T>(
  signal: AbortSignal,
  what: string,
  work: Promise<T>,
): Promise<T> {
  let onAbort = (): void => undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(waitedFor(what));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** A blob store as one attempt reads values of it: `get` throws StoppedError once the signal is aborted. */
export function readUntil(signal: AbortSignal, blobs: BlobStore): BlobStore {
  return {
    location: blobs.location,
    identity: () => blobs.identity(),
    put: (text) => blobs.put(text),
    get: (ref) => unlessStopped(signal, `a value from ${blobs.location}`, blobs.get(ref)),
    putBytes: (bytes) => blobs.putBytes(bytes),
    putFile: (path) => blobs.putFile(path),
    save: (ref, path, until) => blobs.save(ref, path, until),
    slice: (ref, offset, length, until) => blobs.slice(ref, offset, length, until),
  };
}
