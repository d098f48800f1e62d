/**
 * Where a program writes: `/tmp` and `/out`, together no more than its limit.
 *
 * Hard where root may mount: a file system in a sparse file, of that size, on a loop device. Its pages are the file's,
 * so they can be written back and a program may write more than its memory. (A tmpfs cannot do that: its pages are memory.)
 * Elsewhere two folders, whose size is looked at now and then: what is written between two looks can exceed it.
 */
import { chown, mkdir, opendir, lstat, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from './command.js';

/** Below this much left, a program that failed has failed for it. */
const FULL_BYTES = 65_536;
/** Entries that a look counts, at most; more are too many. */
const MAX_ENTRIES = 100_000;
/** What an entry takes beside its content. */
const ENTRY_BYTES = 256;

/** In one process: starting one takes a busy worker longer than what these do. */
const MAKE = `
mkfs.ext4 -q -F -b "$5" -m 0 -N "$4" -O ^has_journal,^resize_inode \\
  -E lazy_itable_init=1,nodiscard "$1" "$3" &&
exec mount -o loop,nosuid,nodev,noatime,noinit_itable "$1" "$2"`;

export interface Disk {
  tmp: string;
  out: string;
  /** How the limit is held. */
  readonly means: 'image' | 'polled';
  /** Whether the limit is reached now. */
  isFull(): Promise<boolean>;
  /** Nothing of it is left. Only when nobody is inside any more. */
  remove(): Promise<void>;
}

export interface DiskOptions {
  /** A folder of ours, which is there. */
  folder: string;
  bytes: number;
  /** Whose the two folders are. */
  uid: number;
  image: boolean;
}

/** @throws Error when it cannot be made */
export async function makeDisk(options: DiskOptions): Promise<Disk> {
  return options.image ? imageDisk(options) : polledDisk(options);
}

async function imageDisk({ folder, bytes, uid }: DiskOptions): Promise<Disk> {
  const image = join(folder, 'disk.img');
  const mount = join(folder, 'disk');
  const remove = async (): Promise<void> => {
    await unmount(mount);
    await rm(image, { force: true });
  };
  await mkdir(mount, { mode: 0o711 });
  const inodes = Math.min(65_536, Math.max(128, Math.floor(bytes / 16_384)));
  // Its tables on top, so that what is left is the limit and not less.
  const size = Math.ceil((bytes + inodes * ENTRY_BYTES) / 1_024) + 128 + Math.ceil(bytes / 2 ** 20);
  try {
    const block = bytes < 2 ** 26 ? '1024' : '4096';
    await command('/bin/sh', ['-c', MAKE, 'sh', image, mount, `${size}k`, String(inodes), block]);
    const { tmp, out } = await makeFolders(mount, uid);
    return { tmp, out, means: 'image', isFull: () => isFull(mount), remove };
  } catch (error) {
    await remove().catch(() => undefined);
    throw error;
  }
}

/** By its file system: what is left of blocks or of files. */
async function isFull(mount: string): Promise<boolean> {
  const { bavail, bsize, ffree } = await statfs(mount);
  return bavail * bsize < FULL_BYTES || ffree === 0;
}

async function polledDisk({ folder, bytes, uid }: DiskOptions): Promise<Disk> {
  const mount = join(folder, 'disk');
  await mkdir(mount, { mode: 0o711 });
  const { tmp, out } = await makeFolders(mount, uid);
  return {
    ...{ tmp, out, means: 'polled' },
    isFull: async () => (await sizeOf(mount)) >= bytes,
    remove: () => rm(mount, { recursive: true, force: true }),
  };
}

async function makeFolders(mount: string, uid: number): Promise<{ tmp: string; out: string }> {
  const [tmp, out] = [join(mount, 'tmp'), join(mount, 'out')];
  for (const path of [tmp, out, join(out, 'outputs'), join(out, 'artifacts')]) {
    await mkdir(path, { mode: 0o700 });
    if (process.getuid?.() === 0) await chown(path, uid, uid);
  }
  return { tmp, out };
}

/** Unmounts what is mounted at `path`, if anything is. @throws Error when it stays */
export async function unmount(path: string): Promise<void> {
  try {
    await command('umount', [path]);
  } catch (error) {
    if (/not mounted|no mount point|not found/.test(String(error))) return;
    // Somebody of the host looks into it: it goes when they do.
    await command('umount', ['-l', path]);
  }
}

/** Bytes below a folder, as they lie on the disk; infinite where there are too many entries to count. */
async function sizeOf(folder: string): Promise<number> {
  let [bytes, entries] = [0, 0];
  const waiting = [folder];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    try {
      for await (const entry of await opendir(path)) {
        if (++entries > MAX_ENTRIES) return Infinity;
        const child = join(path, entry.name);
        if (entry.isDirectory()) waiting.push(child);
        bytes += ENTRY_BYTES + (await lstat(child)).blocks * 512;
      }
    } catch {
      // removed while we looked
    }
  }
  return bytes;
}
