import { execFileSync } from 'node:child_process';
import { link, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listArtifacts, readOutput, readTexts } from '../../src/sandbox/artifact-files.js';

let out: string;
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'out-'));
  await mkdir(join(out, 'artifacts'));
});
afterEach(() => rm(out, { recursive: true, force: true }));
const at = (name: string): string => join(out, 'artifacts', name);
const list = (): Promise<{ name: string; path: string }[]> => listArtifacts(out, 1_000);

describe('listArtifacts', () => {
  it('gives the files in folders, by name', async () => {
    await mkdir(at('plots/deep'), { recursive: true });
    for (const name of ['b.txt', 'plots/deep/a.png', '.hidden']) await writeFile(at(name), name);
    expect((await list()).map(({ name }) => name)).toEqual([
      '.hidden',
      'b.txt',
      'plots/deep/a.png',
    ]);
    expect(await listArtifacts(join(out, 'nothing'), 1)).toEqual([]);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'a link to a file',
      () => symlink('/etc/shadow', at('x')),
      /"x" is a link; write the file itself/,
    ],
    ['a link to a folder', () => symlink('/etc', at('x')), /"x" is a link/],
    [
      'a hard link',
      async () => (await writeFile(at('a'), ''), link(at('a'), at('x'))),
      /more than one name/,
    ],
    ['a pipe', async () => execFileSync('mkfifo', [at('x')]), /"x" is no regular file/],
    ['a name with a line break', () => writeFile(at('a\nb'), ''), /control or broken/],
    ['a name with a backslash', () => writeFile(at('a\\b'), ''), /backslash/],
    [
      'a name that is no UTF-8',
      async () => execFileSync('sh', ['-c', 'cd "$1"; : > "$(printf "\\377")"', 'sh', at('')]),
      /control or broken characters/,
    ],
    ['folders without end', () => mkdir(at('a/'.repeat(20)), { recursive: true }), /too deep/],
  ])('refuses %s', async (_what, make, expected) => {
    await make();
    const refused = {
      code: 'ARTIFACT_INVALID',
      message: expect.stringMatching(expected) as string,
    };
    await expect(list()).rejects.toMatchObject(refused);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'one that is large',
      () => writeFile(at('x'), Buffer.alloc(1_001)),
      /has 1,001 bytes; the limit is 1,000/,
    ],
    [
      'one that is large and empty',
      async () => (await writeFile(at('x'), ''), truncate(at('x'), 2 ** 40)),
      /1,099,511,627,776 bytes/,
    ],
    [
      'too many',
      async () => {
        for (let n = 0; n <= 100; n++) await writeFile(at(String(n)), '');
      },
      /100 artifacts, which is the limit/,
    ],
  ])('refuses %s as those of a container and of a handler are', async (_what, make, expected) => {
    await make();
    const refused = { code: 'TOO_LARGE', message: expect.stringMatching(expected) as string };
    await expect(list()).rejects.toMatchObject(refused);
  });

  it('refuses a link in the place of its folder', async () => {
    await rm(join(out, 'artifacts'), { recursive: true });
    await symlink('/etc', join(out, 'artifacts'));
    await expect(list()).rejects.toMatchObject({ code: 'ARTIFACT_INVALID' });
  });

  it('refuses a device', async () => {
    if (process.getuid?.() !== 0) return console.warn('skipped: only root makes devices');
    execFileSync('mknod', [at('x'), 'c', '1', '5']);
    await expect(list()).rejects.toThrow(/"x" is no regular file/);
  });
});

describe('readTexts', () => {
  const text = (name: string): string => join(out, 'outputs', name);
  beforeEach(() => mkdir(join(out, 'outputs', 'deep'), { recursive: true }));

  it('gives every file with its bytes, by name', async () => {
    await writeFile(text('deep/b'), 'two\n');
    await writeFile(text('a'), '');
    const found = await readTexts(out, 100);
    expect(found).toEqual([
      { name: 'a', content: Buffer.from('') },
      { name: 'deep/b', content: Buffer.from('two\n') },
    ]);
    expect(await readTexts(join(out, 'nothing'), 100)).toEqual([]);
  });

  it('does not read more than the output may have, all together', async () => {
    await writeFile(text('a'), '12345');
    await writeFile(text('b'), '12345');
    expect(await readTexts(out, 10)).toHaveLength(2);
    expect(await readTexts(out, 9)).toBe('too large');
    await truncate(text('a'), 2 ** 40);
    expect(await readTexts(out, 10)).toBe('too large');
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['a link', () => symlink('/etc/shadow', text('x')), /"x" is a link/],
    ['a pipe', async () => execFileSync('mkfifo', [text('x')]), /"x" is no regular file/],
    [
      'a hard link',
      async () => (await writeFile(text('a'), ''), link(text('a'), text('x'))),
      /more than one name/,
    ],
    ['a name with a newline', () => writeFile(text('a\nb'), ''), /control or broken characters/],
    [
      'a link in the place of the folder',
      async () => {
        await rm(join(out, 'outputs'), { recursive: true });
        await symlink('/etc', join(out, 'outputs'));
      },
      /"outputs" is no folder any more/,
    ],
    [
      'more than a thousand',
      async () => {
        for (let nth = 0; nth < 1_001; nth++) await writeFile(text(String(nth)), '');
      },
      /more than 1000/,
    ],
  ])('refuses %s', async (_what, make, message) => {
    await make();
    await expect(readTexts(out, 100)).rejects.toMatchObject({
      code: 'OUTPUT_INVALID',
      message: expect.stringMatching(message) as string,
    });
  });
});

describe('readOutput', () => {
  const output = (): string => join(out, 'output.json');

  it('gives the bytes, or undefined where there are none', async () => {
    expect(await readOutput(out, 10)).toBeUndefined();
    await writeFile(output(), '{"a":1}');
    expect(Buffer.from((await readOutput(out, 10)) as Uint8Array).toString()).toBe('{"a":1}');
    expect(await readOutput(out, 6)).toBe('too large');
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a link', () => symlink('/etc/shadow', output())],
    ['a pipe', async () => execFileSync('mkfifo', [output()])],
    ['a folder', () => mkdir(output())],
    ['a hard link', async () => (await writeFile(at('a'), ''), link(at('a'), output()))],
  ])('refuses %s, and does not wait for it', async (_what, make) => {
    await make();
    await expect(readOutput(out, 10)).rejects.toMatchObject({ code: 'OUTPUT_INVALID' });
  });

  it('does not read what is large and empty', async () => {
    await writeFile(output(), '');
    await truncate(output(), 2 ** 40);
    expect(await readOutput(out, 10)).toBe('too large');
  });
});
