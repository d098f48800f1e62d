import { parseBlobUrl } from '../../src/domain/blob-url.js';

describe('the url of a bucket', () => {
  it.each([
    ['s3://values', { bucket: 'values', prefix: '' }],
    [
      's3://values?endpoint=http://[::1]:9000/',
      { bucket: 'values', prefix: '', endpoint: 'http://[::1]:9000' },
    ],
    ['s3://values/', { bucket: 'values', prefix: '' }],
    [' s3://values/team/a ', { bucket: 'values', prefix: 'team/a/' }],
    ['S3://Old_Bucket.x/a//b/', { bucket: 'Old_Bucket.x', prefix: 'a/b/' }],
    ['s3://values/a%20b/ü', { bucket: 'values', prefix: 'a b/ü/' }],
    ['s3://values?region=eu-central-1', { bucket: 'values', prefix: '', region: 'eu-central-1' }],
    [
      's3://values/p?endpoint=http://127.0.0.1:9000&region=garage',
      { bucket: 'values', prefix: 'p/', endpoint: 'http://127.0.0.1:9000', region: 'garage' },
    ],
  ])('%j is read', (url, bucket) => {
    expect(parseBlobUrl(url)).toEqual(bucket);
  });

  it.each([
    [undefined, 'blobUrl: got undefined; expected s3://<bucket>/<prefix>'],
    ['', 'got ""; expected s3://'],
    [7, 'got 7; expected s3://'],
    ['/var/blobs', 'got "/var/blobs"; expected'],
    ['https://values.s3.amazonaws.com/', 'got "https://values'],
    ['s3:values', 'got "s3:values"'],
    ['s3://', '"" is no name of a bucket'],
    ['s3:///values', '"" is no name of a bucket'],
    ['s3://a..b', '"a..b" is no name of a bucket'],
    ['s3://values.', '"values." is no name of a bucket'],
    ['s3://10.0.0.1/x', '"10.0.0.1" is no name of a bucket'],
    ['s3://values#x', 'got "s3://values#x"'],
    ['s3://values/a/../b', '"/a/../b" is no prefix'],
    ['s3://values/a%2F..%2Fb', 'is no prefix'],
    ['s3://values/%2e%2e', 'is no prefix'],
    ['s3://values/a%00', 'is no prefix'],
    ['s3://values/a%0Ab', 'is no prefix'],
    ['s3://values?region=a&region=b', 'region stands there twice'],
    ['s3://values?endpoint=http:h:9000', 'its endpoint is no address'],
    ['s3://values?endpoint=http://h/path', 'its endpoint is no address'],
    ['s3://ab', '"ab" is no name of a bucket'],
    ['s3://values:9000/p', '"values:9000" is no name of a bucket'],
    [`s3://${'b'.repeat(64)}`, 'is no name of a bucket'],
    ['s3://values/%zz', '"/%zz" is no prefix'],
    ['s3://values?endpont=http://h', 'there is no option "endpont"'],
    ['s3://values?region=eu/../x', '"eu/../x" is no region'],
    ['s3://values?region=', '"" is no region'],
    ['s3://values?endpoint=minio:9000', 'its endpoint is no address; expected such as https://'],
    ['s3://values?endpoint=', 'its endpoint is no address'],
    ['s3://values?endpoint=file:///etc', 'its endpoint is no address'],
  ])('%j is refused with what was expected', (url, message) => {
    expect(() => parseBlobUrl(url)).toThrow(message);
  });

  it.each([
    's3://key:hush@values',
    's3://values?endpoint=https://key:hush@minio:9000',
    's3://AKIAX:abc/hush@values/p',
    'https://key:hush@minio/values',
    's3://key:hu sh/hush@values',
    's3://values?endpoint=http://h:9000/?token=hush',
  ])('%j holds credentials, which are refused and not repeated', (url) => {
    let message = '';
    try {
      parseBlobUrl(url);
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain('blobUrl');
    expect(message).not.toContain('hush');
  });
});
