/** The blob store that the settings name. */
import type { Bucket } from '../domain/blob-url.js';
import type { BlobStore } from './blob-store.js';
import { FileBlobStore } from './file-blobs.js';
import { S3BlobStore } from './s3-blobs.js';

/** Places of files on their way into a blob store, whichever the settings name now or did before. */
export const workPlaces = ({ dataDir }: { dataDir: string }): string[] => [
  `${dataDir}/tmp`,
  `${dataDir}/blobs`,
];

/** @param settings `bucket` null: a folder in the data folder */
export function openBlobs({
  dataDir,
  bucket,
}: {
  dataDir: string;
  bucket: Bucket | null;
}): BlobStore {
  return bucket === null
    ? new FileBlobStore(`${dataDir}/blobs`)
    : new S3BlobStore(bucket, { folder: `${dataDir}/tmp` });
}
