/** What `doctor` finds of the place of large values: the bucket where one is named, else a folder in the data folder. */
import { resolveSettings } from '../config.js';
import { messageOf } from '../domain/errors.js';
import { openBlobs } from '../store/open-blobs.js';
import { settingsOf, type CommonOptions } from './command.js';
import { fail, ok, type Check } from './doctor-check.js';
import type { Own } from './doctor-workers.js';

/** Whether the bucket can be used; nothing where large values go to the data folder, which has a check of its own. Never throws. */
export async function bucketCheck(options: CommonOptions): Promise<Check[]> {
  const settings = resolveSettings(settingsOf(options));
  if (settings.bucket === null) return [];
  const blobs = openBlobs(settings);
  try {
    await blobs.identity();
    return [ok('bucket', `${blobs.location} can be used`)];
  } catch (error) {
    const hint = 'mend that, or name another with TEMPOGRAPH_BLOB_URL; no worker starts before';
    return [fail('bucket', messageOf(error), hint)];
  }
}

/** Where this command would keep large values; undefined where it cannot. Never throws. */
export async function ownBlobs(options: CommonOptions): Promise<Own['blobs']> {
  const blobs = openBlobs(resolveSettings(settingsOf(options)));
  const id = await blobs.identity().catch(() => undefined); // the folder and the bucket have checks of their own
  return id === undefined ? undefined : { location: blobs.location, id };
}
