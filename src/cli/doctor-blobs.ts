/** What `doctor` finds of the place of large values: the bucket where one is named, else a folder in the data folder. */
import { resolveSettings } from '../config.js';
import type { Bucket } from '../domain/blob-url.js';
import { messageOf } from '../domain/errors.js';
import type { BlobStore } from '../store/blob-store.js';
import { openBlobs } from '../store/open-blobs.js';
import { settingsOf, type CommonOptions } from './command.js';
import { fail, ok, type Check } from './doctor-check.js';
import type { Own } from './doctor-workers.js';

/** Whether the bucket can be used; nothing where large values go to the data folder, which has a check of its own. Never throws. */
export async function bucketCheck(options: CommonOptions): Promise<Check[]> {
  const { bucket, blobs, id } = opened(options);
  if (bucket === null) return [];
  try {
    await id();
    return [ok('bucket', `${blobs.location} can be used`)];
  } catch (error) {
    const hint = 'mend that, or name another with TEMPOGRAPH_BLOB_URL; no worker starts before';
    return [fail('bucket', messageOf(error), hint)];
  }
}

/** Where this command would keep large values; undefined where it cannot. Never throws. */
export async function ownBlobs(options: CommonOptions): Promise<Own['blobs']> {
  const { blobs, id: ask } = opened(options);
  const id = await ask().catch(() => undefined); // the folder and the bucket have checks of their own
  return id === undefined ? undefined : { location: blobs.location, id };
}

interface Opened {
  bucket: Bucket | null;
  blobs: BlobStore;
  /** Asked once, well or not. */
  id: () => Promise<string>;
}
const known = new WeakMap<CommonOptions, Opened>();

/** Once for both checks: what hangs is waited for once. */
function opened(options: CommonOptions): Opened {
  const before = known.get(options);
  if (before) return before;
  const settings = resolveSettings(settingsOf(options));
  const blobs = openBlobs(settings);
  let id: Promise<string> | undefined;
  const made = { bucket: settings.bucket, blobs, id: () => (id ??= blobs.identity()) };
  known.set(options, made);
  return made;
}
