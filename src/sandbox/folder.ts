/** The folder of one sandbox on the host: what is seen inside, written down before it starts. */
import { chmod, chown, lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TaskError } from '../domain/errors.js';
import type { FileSource } from '../domain/input-files.js';
import { makeDisk, type Disk } from './disk.js';
import type { SandboxFolders } from './bwrap.js';
import type { SandboxSpec } from './sandbox-spec.js';

export interface SandboxFolder {
  path: string;
  folders: SandboxFolders;
  disk: Disk;
  remove(): Promise<void>;
}

export interface FolderOptions {
  path: string;
  /** Whose user the sandbox is: nobody else but root gets in. */
  uid: number;
  image: boolean;
}

/** What of a task is seen inside. */
export type FolderContent = Pick<SandboxSpec, 'files' | 'inputFiles' | 'input'>;

/**
 * @param content none for a sandbox that is to wait: {@link fillFolder} brings it
 * @param signal gives up the bringing of files
 * @throws TaskError CONFIGURATION for files that cannot lie beside each other; Error when it cannot be made
 */
export async function makeFolder(
  { path, uid, image }: FolderOptions,
  spec: Pick<SandboxSpec, 'limits' | 'network' | 'support'>,
  content: FolderContent | undefined,
  signal: AbortSignal,
): Promise<SandboxFolder> {
  const at = (name: string): string => join(path, name);
  const root = process.getuid?.() === 0;
  await mkdir(path, { mode: 0o750 });
  if (root) await chown(path, 0, uid);
  let disk: Disk | undefined;
  const remove = async (): Promise<void> => {
    await disk?.remove();
    await rm(path, { recursive: true, force: true });
  };
  try {
    const making = makeDisk({ folder: path, bytes: spec.limits.diskBytes, uid, image });
    const keeping = making.then((made) => (disk = made));
    const writing = write(path, uid, spec.support ?? {}, content, signal);
    // Both to their end: what was made has to be known to be removed.
    await Promise.allSettled([keeping, writing]);
    await writing;
    const { tmp, out } = await making;
    const net = spec.network.length > 0 ? at('net') : undefined;
    const folders = { app: at('app'), in: at('in'), etc: at('etc'), tmp, out, net };
    return { path, folders, disk: await making, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function write(
  path: string,
  uid: number,
  support: Readonly<Record<string, string>>,
  content: FolderContent | undefined,
  signal: AbortSignal,
): Promise<void> {
  const at = (name: string): string => join(path, name);
  for (const name of ['app', 'in', 'in/support', 'etc', 'net']) await makeReadable(at(name));
  await writeEtc(at('etc'), uid);
  await writeFiles(at('in/support'), support);
  if (content !== undefined) await fillFolder(path, content, signal);
}

/**
 * Brings a task's files and input. Only once.
 *
 * @param signal gives up the bringing of files
 * @throws TaskError CONFIGURATION for files that cannot lie beside each other; what bringing one of them throws
 */
export async function fillFolder(
  path: string,
  { files, inputFiles = [], input }: FolderContent,
  signal: AbortSignal,
): Promise<void> {
  await bringFiles(path, inputFiles, signal);
  await writeReadable(join(path, 'in/input.json'), input);
  await writeFiles(join(path, 'app'), files);
}

async function bringFiles(
  path: string,
  files: readonly FileSource[],
  signal: AbortSignal,
): Promise<void> {
  const root = join(path, 'in/files');
  for (const file of files) {
    const to = join(root, file.path);
    if (!to.startsWith(`${root}/`)) throw new Error(`${file.path} leads out of its folder`);
    for (let folder = dirname(to); folder.startsWith(root); folder = dirname(folder))
      await makeReadable(folder);
    await file.save(to, signal);
    await chmod(to, 0o644);
  }
}

async function writeFiles(app: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files))
    try {
      if (!join(app, name).startsWith(`${app}/`))
        throw new TaskError(
          'CONFIGURATION',
          `the program's files: ${JSON.stringify(name)} leads out of its folder; give a path without ".."`,
        );
      for (let folder = dirname(name); folder !== '.'; folder = dirname(folder))
        await makeReadable(join(app, folder));
      await writeReadable(join(app, name), text);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST' && code !== 'ENOTDIR' && code !== 'EISDIR') throw error;
      throw new TaskError(
        'CONFIGURATION',
        `the program's files: ${name} cannot lie beside the others (${code}); give each a path of its own`,
        { cause: error },
      );
    }
}

/** The user inside has the same number as outside. */
async function writeEtc(folder: string, uid: number): Promise<void> {
  const texts = {
    passwd: `root:x:0:0:root:/:/usr/sbin/nologin\ntask:x:${uid}:${uid}:task:/tmp:/bin/sh\n`,
    group: `root:x:0:\ntask:x:${uid}:\n`,
    hosts: '127.0.0.1 localhost sandbox\n::1 localhost sandbox\n',
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  };
  for (const [name, text] of Object.entries(texts)) await writeReadable(join(folder, name), text);
}

/** The worker's umask must not decide what a sandbox may read. */
async function writeReadable(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx' });
  await chmod(path, 0o644);
}

async function makeReadable(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o755);
}

/**
 * The folder of all workers of this user. In the system's temporary folder somebody else may have made it before us.
 *
 * @throws Error when others may write to it
 */
export async function makeRoot(path: string, uid: number): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o711 });
  const stats = await lstat(path);
  if (!stats.isDirectory() || stats.uid !== uid || (stats.mode & 0o022) !== 0)
    throw new Error(`${path} is not a folder that only this worker's user may write to; remove it`);
  await chmod(path, 0o711);
}
