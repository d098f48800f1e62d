import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverAddress } from '../../src/remote/server-address.js';

const file = (text: string): string => {
  const path = join(mkdtempSync(join(tmpdir(), 'tempograph-key-')), 'key');
  writeFileSync(path, text);
  return path;
};

describe('serverAddress', () => {
  it.each([
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['https://example.com/', 'https://example.com'],
    ['https://example.com/tempograph/', 'https://example.com/tempograph'],
    ['https://example.com/tempograph/api/v1', 'https://example.com/tempograph'],
  ])('takes %s as %s', (url, expected) => {
    expect(serverAddress({ url }).url).toBe(expected);
  });

  it.each([
    'example.com:8080',
    'localhost',
    '',
    'ftp://example.com',
    'https://a:b@example.com',
    'https://example.com/?key=1',
  ])('refuses %s, and says what it expected', (url) => {
    expect(() => serverAddress({ url })).toThrow(/--server: expected a URL such as https/);
  });

  it.each(['http://example.com', 'http://10.0.0.1:8080', 'http://localhost.example.com'])(
    'refuses to send a key to %s in the clear',
    (url) => {
      expect(() => serverAddress({ url, key: 'k' })).toThrow(/plain HTTP/);
      expect(serverAddress({ url }).key).toBeUndefined();
      expect(serverAddress({ url, key: 'k', plainHttp: true }).key).toBe('k');
    },
  );

  it.each(['http://127.0.0.1:1', 'http://localhost', 'http://[::1]:8080', 'https://example.com'])(
    'sends a key to %s',
    (url) => {
      expect(serverAddress({ url, key: 'k' }).key).toBe('k');
    },
  );

  it('reads the key from a file, which is stronger than the environment', () => {
    const keyFile = file('tg_from-file\n');
    expect(serverAddress({ url: 'https://a.example', key: 'other', keyFile }).key).toBe(
      'tg_from-file',
    );
  });

  it('names the file that cannot be read or holds no key, and never what it holds', () => {
    const url = 'https://a.example';
    expect(() => serverAddress({ url, keyFile: '/nowhere/key' })).toThrow(/\/nowhere\/key: ENOENT/);
    expect(() => serverAddress({ url, keyFile: file('') })).toThrow(/empty file/);
    const odd = (): unknown => serverAddress({ url, keyFile: file('two secret\nlines') });
    expect(odd).toThrow(/expected one line/);
    expect(odd).not.toThrow(/secret/);
  });
});
