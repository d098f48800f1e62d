/** A store that speaks the protocol of Amazon S3, with a bucket of a test's own: Moto, in a process of its own. */
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { s3Server } from '../../scripts/s3-server.mjs';
import { startFunction } from './function-process.js';

/** Any do: Moto does not look at them. */
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
const BUCKET = 'tempograph-test';

export interface TestBucket {
  endpoint: string;
  /** For the setting `blobUrl`. */
  url: string;
  keys(): Promise<string[]>;
  /** Nothing answers at the endpoint any more. */
  stop(): Promise<void>;
}

/** Its credentials are in this process's environment afterwards. @throws where it cannot be had */
export async function startBucket(): Promise<TestBucket> {
  const { python, unavailable } = await s3Server({ log: (line) => console.error(`\n${line}`) });
  if (python === undefined) throw new Error(`Moto cannot be had here: ${unavailable}`);
  const server = await startFunction(
    (port) => [python, '-m', 'moto.server', '-H', '127.0.0.1', '-p', port],
    { cwd: __dirname, env: {} },
  );
  const { origin: endpoint } = server;
  Object.assign(process.env, CREDENTIALS);
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  return {
    endpoint,
    stop: () => server.stop(),
    url: `s3://${BUCKET}/team/a?endpoint=${endpoint}`,
    keys: async () => {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET }));
      return Contents.flatMap(({ Key }) => Key ?? []);
    },
  };
}
