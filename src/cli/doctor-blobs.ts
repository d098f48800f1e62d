/** What `doctor` finds of the place of large values: the bucket where one is named, else a folder in the data folder. */
import { resolveSettings } from '../config.js';
import type { Bucket } from '../domain/blob-url.js';
import { messageOf } from '../domain/errors.js';
import type { BlobStore } from '../store/blob-store.js';
import { FileBlobStore } from '../store/file-blobs.js';
import { openBlobs } from '../store/open-blobs.js';
import { settingsOf, type CommonOptions } from './command.js';
import { fail, ok, type Check } from './doctor-check.js';
import type { Own } from './doctor-workers.js';

/** Where this command would keep large values. What hangs is waited for once. */
export class OwnBlobs {
  private readonly bucket: Bucket | null;
  private readonly blobs: BlobStore;
  private asked: Promise<string> | undefined;

  /** @throws TaskError CONFIGURATION */
  constructor(options: CommonOptions) {
    const settings = resolveSettings(settingsOf(options));
    this.bucket = settings.bucket;
    this.blobs = openBlobs(settings);
  }

  /** Whether the bucket can be used; nothing where there is none: the data folder has a check of its own. Never throws. */
  async checks(): Promise<Check[]> {
    if (this.bucket === null) return [];
    try {
      await this.id();
      return [ok('bucket', `${this.blobs.location} can be used`)];
    } catch (error) {
      const hint = 'mend that, or name another with TEMPOGRAPH_BLOB_URL; no worker starts before';
      return [fail('bucket', messageOf(error), hint)];
    }
  }

  /** Undefined where it cannot be used, which other checks say; without an id where nobody uses it. Never throws. */
  async place(): Promise<Own['blobs']> {
    const { blobs } = this;
    const { location } = blobs;
    try {
      // A folder that no worker uses is not made here.
      return {
        location,
        id: blobs instanceof FileBlobStore ? await blobs.known() : await this.id(),
      };
    } catch {
      return undefined;
    }
  }

  private id(): Promise<string> {
    return (this.asked ??= this.blobs.identity());
  }
}
