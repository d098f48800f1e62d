import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Headers } from 'tar-stream';
import { takeFiles, type TakeCaps } from '../../src/engine/take-files.js';
import { tarOf } from './fake-engine.js';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'tempograph-take-'))));
afterEach(() => rm(folder, { recursive: true }));

const CAPS: TakeCaps = { maxOutputBytes: 100, maxArtifactBytes: 100, maxBytes: 1e6 };
const take = async (entries: (Headers & { content?: string })[], caps: Partial<TakeCaps> = {}) =>
  takeFiles(Readable.from([await tarOf(entries)]), folder, { ...CAPS, ...caps });

describe('takeFiles', () => {
  it('gives the output, and the artifacts as files of its own naming', async () => {
    const { output, artifacts } = await take([
      { name: 'out/', type: 'directory' },
      { name: 'out/artifacts/', type: 'directory' },
      { name: 'out/artifacts/plots/', type: 'directory' },
      { name: 'out/artifacts/plots/žluť.txt', content: 'one' },
      { name: 'out/artifacts/b', content: '' },
      { name: 'out/left-over', content: 'of no interest' },
      { name: 'out/output.json', content: '{}' },
    ]);
    expect(output?.toString()).toBe('{}');
    expect(artifacts.map(({ name }) => name)).toEqual(['plots/žluť.txt', 'b']);
    expect(await readFile(artifacts[0]?.path ?? '', 'utf8')).toBe('one');
    expect(await readdir(folder)).toEqual(['0', '1']);
  });

  it('takes names that need the longer headers', async () => {
    const name = `${'long/'.repeat(35)}name`;
    const { artifacts } = await take([{ name: `out/artifacts/${name}`, content: 'x' }]);
    expect(artifacts[0]?.name).toBe(name);
  });

  it('gives the texts of an output by their names, and none of them where they are too large', async () => {
    const entries = [
      { name: 'out/outputs/', type: 'directory' as const },
      { name: 'out/outputs/result', content: '7\n' },
      { name: 'out/outputs/deep/', type: 'directory' as const },
      { name: 'out/outputs/deep/x', content: 'x' },
    ];
    const { texts } = await take(entries);
    expect(texts).toEqual([
      { name: 'result', content: Buffer.from('7\n') },
      { name: 'deep/x', content: Buffer.from('x') },
    ]);
    expect((await take(entries, { maxOutputBytes: 3 })).texts).toHaveLength(2);
    expect((await take(entries, { maxOutputBytes: 2 })).texts).toBe('too large');
    const more = { name: 'out/outputs/z', content: '' };
    expect((await take([...entries, more], { maxOutputBytes: 2 })).texts).toBe('too large');
  });

  it('takes a thousand texts of an output, and refuses one more', async () => {
    const many = Array.from({ length: 1_001 }, (_, n) => ({
      name: `out/outputs/${n}`,
      content: '',
    }));
    expect((await take(many.slice(1))).texts).toHaveLength(1_000);
    await expect(take(many)).rejects.toMatchObject({
      code: 'OUTPUT_INVALID',
      message: expect.stringContaining('more than 1000 files') as string,
    });
  });

  it.each<[string, Headers & { content?: string }]>([
    ['no plain file but a symlink', { name: 'out/outputs/a', type: 'symlink', linkname: '/etc' }],
    [
      'no folder any more but a symlink',
      { name: 'out/outputs', type: 'symlink', linkname: '/etc' },
    ],
    ['climbs out of its folder', { name: 'out/outputs/../../evil', content: '' }],
    ['control or broken characters', { name: 'out/outputs/a\ufffd', content: '' }],
    ['lies too deep in folders', { name: `out/outputs/${'a/'.repeat(16)}b`, content: '' }],
  ])('refuses a text of an output that is %s', async (why, entry) => {
    await expect(take([entry])).rejects.toMatchObject({
      code: 'OUTPUT_INVALID',
      message: expect.stringContaining(why) as string,
    });
  });

  it('gives no output where there is none', async () => {
    expect(await take([{ name: 'out/', type: 'directory' }])).toEqual({
      output: undefined,
      texts: [],
      artifacts: [],
    });
  });

  it.each<[string, Headers]>([
    ['symlink to "/etc/shadow"', { name: 'a', type: 'symlink', linkname: '/etc/shadow' }],
    ['hard link to "out/x"', { name: 'a', type: 'link', linkname: 'out/x' }],
    ['fifo', { name: 'a', type: 'fifo' }],
    ['character-device', { name: 'a', type: 'character-device' }],
    ['block-device', { name: 'a', type: 'block-device' }],
    ['climbs out', { name: '../../evil', size: 0 }],
    ['climbs out', { name: 'x/../../evil', size: 0 }],
    ['control', { name: 'a\nb', size: 0 }],
    ['backslash', { name: '..\\evil', size: 0 }],
  ])('refuses an artifact that is a %s', async (why, headers) => {
    const refused = take([{ ...headers, name: `out/artifacts/${headers.name}` }]);
    await expect(refused).rejects.toMatchObject({
      code: 'ARTIFACT_INVALID',
      message: expect.stringContaining(why) as string,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses an output that is no file', async () => {
    const link = { name: 'out/output.json', type: 'symlink', linkname: '/etc/shadow' };
    await expect(take([link])).rejects.toMatchObject({ code: 'OUTPUT_INVALID' });
  });

  it('refuses a folder of artifacts that was replaced by a link', async () => {
    const link = { name: 'out/artifacts', type: 'symlink', linkname: '/etc' };
    await expect(take([link])).rejects.toMatchObject({ code: 'ARTIFACT_INVALID' });
  });

  it('refuses what is too large by what the header says, before it is read', async () => {
    const large = { name: 'out/artifacts/a', content: 'x'.repeat(101) };
    await expect(take([large])).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect(await readdir(folder)).toEqual([]);
    const { output } = await take([{ name: 'out/output.json', content: 'x'.repeat(101) }]);
    expect(output).toBe('too large');
  });

  it('refuses too many artifacts, and an archive that does not end', async () => {
    const many = Array.from({ length: 101 }, (_, n) => ({
      name: `out/artifacts/${n}`,
      content: '',
    }));
    await expect(take(many)).rejects.toMatchObject({ code: 'TOO_LARGE' });
    await expect(take([{ name: 'out/a', content: 'x' }], { maxBytes: 512 })).rejects.toThrow(
      /more than 512 bytes/,
    );
  });

  it('fails on an archive that breaks off', async () => {
    const whole = await tarOf([{ name: 'out/output.json', content: 'x'.repeat(90) }]);
    const broken = Readable.from([whole.subarray(0, 520)]);
    await expect(takeFiles(broken, folder, CAPS)).rejects.toThrow();
  });
});
