import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveMounts } from '../../src/engine/mounts.js';

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'tempograph-mounts-')));
  await mkdir(join(folder, 'data/below'), { recursive: true });
  await mkdir(join(folder, 'database'));
  await symlink('below', join(folder, 'data/inward'));
  await symlink('/etc', join(folder, 'data/outward'));
});
afterEach(() => rm(folder, { recursive: true }));

const resolve = async (source: string, target = '/m', readOnly?: boolean, allowed = false) => {
  const mount = {
    source: join(folder, source),
    target,
    ...(readOnly === undefined ? {} : { readOnly }),
  };
  const [one] = await resolveMounts(
    [mount],
    [{ source: `${join(folder, 'data')}/`, ...(allowed ? { readOnly: false } : {}) }],
  );
  return one && { ...one, source: one.source.slice(folder.length + 1) };
};

describe('resolveMounts', () => {
  it.each([
    ['the allowed folder', 'data', 'data'],
    ['one below it', 'data/below', 'data/below'],
    ['a link to one below it, as what it is', 'data/inward', 'data/below'],
  ])('allows %s', async (_name, source, real) => {
    expect(await resolve(source)).toEqual({ source: real, target: '/m', readOnly: true });
  });

  it.each([
    ['one beside it', 'database'],
    ['one above it', '.'],
    ['a link that leads out', 'data/outward'],
    ['one that climbs out', 'data/../database'],
    ['one that is not there', 'data/none'],
  ])('refuses %s', async (_name, source) => {
    await expect(resolve(source)).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining('containerMounts') as string,
    });
  });

  it('allows writing only where it is said', async () => {
    await expect(resolve('data', '/m', false)).rejects.toThrow(/to be written/);
    expect(await resolve('data', '/m', false, true)).toMatchObject({ readOnly: false });
    expect(await resolve('data', '/m', undefined, true)).toMatchObject({ readOnly: true });
  });

  it.each(['/', '/proc/x', '/sys', '/dev', '/tempograph', '/tempograph/out', '/tmp', '/x/../proc'])(
    'puts nothing at %s',
    async (target) => {
      await expect(resolve('data', target)).rejects.toThrow(/nothing may be mounted there/);
    },
  );

  it('puts no two at one place, and nothing where nothing is allowed', async () => {
    const source = join(folder, 'data');
    const two = ['/m', '/m/'].map((target) => ({ source, target }));
    await expect(resolveMounts(two, [{ source }])).rejects.toThrow(/another mount/);
    await expect(resolveMounts([{ source, target: '/m' }])).rejects.toThrow(/does not allow/);
    expect(await resolveMounts()).toEqual([]);
  });
});
