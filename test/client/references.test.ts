import type { Client } from '@temporalio/client';
import { References } from '../../src/client/references.js';
import { TaskError } from '../../src/domain/errors.js';
import type { BlobStore } from '../../src/store/blob-store.js';

const REF = `sha256-${'a'.repeat(64)}`;

/** A client that nobody answers, with values that fail so. */
function alone(error: Error): References {
  const fails = (): Promise<never> => Promise.reject(error);
  const blobs = { location: 'here', identity: fails, put: fails, get: fails } as Partial<BlobStore>;
  const client = { workflow: { execute: () => Promise.reject(new Error('no worker')) } };
  return new References(client as unknown as Client, 'q', { ...blobs, slice: fails } as BlobStore);
}

describe('a value that is not to be had', () => {
  it.each<[string, Error, string]>([
    ['that its own store fails', new TaskError('STORE', 'the disk is full'), 'STORE'],
    ['that there was no worker to ask', new TaskError('NOT_FOUND', 'not here'), 'NO_WORKER'],
  ])('says, where nobody answers, %s', async (_what, error, code) => {
    const references = alone(error);
    for (const asked of [() => references.json(REF), () => references.bytes(REF)])
      await expect(asked()).rejects.toMatchObject({ code });
  });

  it('says what is wrong here where that is no fault of a store', async () => {
    const error = new TaskError('CONFIGURATION', 'a package is missing');
    await expect(alone(error).json(REF)).rejects.toBe(error);
  });
});
