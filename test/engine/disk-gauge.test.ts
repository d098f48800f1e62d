import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderBytes } from '../../src/engine/disk-gauge.js';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'tempograph-gauge-'))));
afterEach(() => rm(folder, { recursive: true }));

describe('folderBytes', () => {
  it('adds up what lies on the disk, however deep', async () => {
    const empty = await folderBytes(folder);
    await mkdir(join(folder, 'a/b/c'), { recursive: true });
    await writeFile(join(folder, 'a/b/c/file'), Buffer.alloc(1e6, 1));
    await writeFile(join(folder, 'file'), Buffer.alloc(1e6, 1));
    const bytes = await folderBytes(folder);
    expect(bytes - empty).toBeGreaterThan(2e6);
    expect(bytes - empty).toBeLessThan(2.1e6);
  });

  it('follows no link, also not as the folder itself', async () => {
    const empty = await folderBytes(folder);
    await symlink('/usr', join(folder, 'link'));
    expect(await folderBytes(folder)).toBe(empty);
    expect(await folderBytes(join(folder, 'link'))).toBe(0);
  });

  it('finds nothing where nothing is', async () => {
    expect(await folderBytes(join(folder, 'none'))).toBe(0);
  });
});
