import { mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolder, makeFolderSync } from '../../src/make-folder.js';

describe.each([
  ['makeFolder', makeFolder],
  ['makeFolderSync', async (path: string) => makeFolderSync(path)],
])('%s', (_name, make) => {
  const root = mkdtempSync(join(tmpdir(), 'tempograph-folder-'));
  const isFolder = (path: string): boolean => statSync(path).isDirectory();

  it('makes a folder and those above it, once and again, also when many make it at once', async () => {
    const path = join(root, 'a', 'b', 'c');
    await Promise.all(Array.from({ length: 20 }, () => make(path)));
    await make(path);
    expect(isFolder(path)).toBe(true);
    mkdirSync(join(root, 'there'));
    await make(join(root, 'there'));
  });

  it('names what stands in the way', async () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    await expect(make(file)).rejects.toThrow(`the folder ${file} cannot be made: EEXIST`);
    await expect(make(join(file, 'below'))).rejects.toThrow('cannot be made: ENOTDIR');
  });

  (process.platform === 'linux' ? it : it.skip)(
    'refuses a place below /proc, where a recursive mkdir never returns',
    async () => {
      await expect(make('/proc/x/y')).rejects.toThrow(
        "the folder /proc/x cannot be made: ENOENT: no such file or directory, mkdir '/proc/x'",
      );
    },
  );
});
