/** Has a file on its way that never arrives, says that it has begun, and waits to be killed. Run with tsx. */
import { withSaved } from '../../../src/engine/put-files.js';
import { parseBlobUrl } from '../../../src/domain/blob-url.js';
import { FileBlobStore } from '../../../src/store/file-blobs.js';
import { S3BlobStore } from '../../../src/store/s3-blobs.js';

const [how = '', place = '', more = ''] = process.argv.slice(2);
const never = (): Promise<never> => new Promise(() => setInterval(() => undefined, 60_000));
const begun = (): void => void process.stdout.write('begun\n');

const WAYS: Record<string, () => Promise<unknown>> = {
  'brings files': async () => {
    const save = (): Promise<never> => {
      begun();
      return never();
    };
    const { signal } = new AbortController();
    return await withSaved([{ path: 'a', bytes: 1, save }], signal, never);
  },
  // `more`: a pipe that nobody writes to.
  'stores a file in a folder': async () => {
    const storing = new FileBlobStore(place).putFile(more);
    begun();
    return await storing;
  },
  // `more`: a file, and the address of a store that never answers; it says itself that it was asked.
  'stores a file in a bucket': async () => {
    const [file = '', url = ''] = more.split(' ');
    return await new S3BlobStore(parseBlobUrl(url), { folder: place }).putFile(file);
  },
};

await WAYS[how]?.();
