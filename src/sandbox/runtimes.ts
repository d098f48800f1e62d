/** Which runtimes this host has, and how a sandbox sees them. */
import { copyFile, link, readdir, realpath, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../domain/errors.js';
import { RUNTIMES, type Runtime } from '../domain/program.js';
import { isProgram } from './command.js';
import type { Bind } from './sandbox-spec.js';

/** Paths of the host. */
export interface RuntimePaths {
  /** Default: the worker's own. */
  node?: string | undefined;
  /** Default `/usr/bin/python3`. */
  python?: string | undefined;
  /** Of a JDK: `javac` lies beside it. Default `/usr/bin/java`. */
  java?: string | undefined;
  /** Deno, for `javascript`. Default: of the npm package `deno`, else what lies in PATH. */
  deno?: string | undefined;
}

/** How a sandbox sees it, or what is missing and how to get it. */
export type RuntimePlace = { path: string; binds: readonly Bind[] } | { lack: string };

/** Folder inside, for what lies outside of `/usr`. */
const FOLDER = '/runtime';

/**
 * @param folder of ours: what other users cannot reach is put there
 */
export async function findRuntimes(
  paths: RuntimePaths,
  folder: string,
): Promise<Record<Runtime, RuntimePlace>> {
  const places: Record<Runtime, () => Promise<RuntimePlace>> = {
    node: () => single('node', paths.node ?? process.execPath, folder),
    python: () =>
      installed(paths.python ?? '/usr/bin/python3', 'python3 (apt-get install python3)'),
    java: () => jdk(paths.java ?? '/usr/bin/java'),
    javascript: () => deno(paths.deno, folder),
  };
  const found = await Promise.all(
    RUNTIMES.map(async (runtime) => [runtime, await places[runtime]()] as const),
  );
  return Object.fromEntries(found) as Record<Runtime, RuntimePlace>;
}

/** One that consists of many files: it is seen where it lies below `/usr`. */
async function installed(path: string, what: string): Promise<RuntimePlace> {
  if (!(await isProgram(path))) return { lack: `there is no ${path}; install ${what}` };
  if (isSeen(await realpath(path))) return { path, binds: [] };
  return {
    lack: `${path} lies outside of /usr, which is all that a sandbox sees; install ${what}`,
  };
}

async function jdk(java: string): Promise<RuntimePlace> {
  const what = 'a JDK (apt-get install default-jdk-headless)';
  const place = await installed(java, what);
  if ('lack' in place) return place;
  const javac = await installed(join(dirname(java), 'javac'), what);
  return 'lack' in javac ? javac : place;
}

async function deno(path: string | undefined, folder: string): Promise<RuntimePlace> {
  const found = path ?? (await packagedDeno()) ?? (await inPath('deno'));
  if (found !== undefined) return single('deno', found, folder);
  return { lack: 'there is no Deno; install it (npm install deno), or put it in PATH' };
}

/** The binary of the package `deno` lies in a package for the platform, of which there is one. */
async function packagedDeno(): Promise<string | undefined> {
  try {
    const home = dirname(createRequire(join(process.cwd(), 'any.js')).resolve('deno/package.json'));
    const platforms = join(home, '..', '@deno');
    for (const name of await readdir(platforms)) {
      const binary = join(platforms, name, 'deno');
      if (await isProgram(binary)) return await realpath(binary);
    }
  } catch {
    // it is not installed
  }
  return undefined;
}

async function inPath(name: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    const path = join(folder, name);
    if (folder.startsWith('/') && (await isProgram(path))) return realpath(path);
  }
  return undefined;
}

/** One that is a single file: from wherever it lies, that file and nothing beside it. */
async function single(name: string, path: string, folder: string): Promise<RuntimePlace> {
  try {
    const real = await realpath(path);
    if (!(await isProgram(real))) return { lack: `${path} is no program` };
    if (isSeen(real)) return { path: real, binds: [] };
    const source = (await isReachable(real)) ? real : await bring(real, folder);
    const target = `${FOLDER}/${name}`;
    return { path: target, binds: [{ source, target }] };
  } catch (error) {
    return { lack: `${path} cannot be used: ${messageOf(error)}` };
  }
}

/** A sandbox sees `/usr`, without `/usr/local`. */
const isSeen = (path: string): boolean =>
  path.startsWith('/usr/') && !path.startsWith('/usr/local/');

/** Whether any user may get at it: bwrap runs as the sandbox's. */
async function isReachable(path: string): Promise<boolean> {
  if (((await stat(path)).mode & 0o005) !== 0o005) return false;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
    if (folder === '/') return true;
  }
}

/** The same file under another name where that can be, else a copy. */
async function bring(path: string, folder: string): Promise<string> {
  const target = join(folder, basename(path));
  await link(path, target).catch(() => copyFile(path, target));
  return target;
}
