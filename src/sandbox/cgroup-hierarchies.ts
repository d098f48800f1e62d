/** Where the hierarchies of control groups are mounted, and where in them this process is. Pure. */
import { dirname, join, relative } from 'node:path';

export interface Hierarchies {
  version: 1 | 2;
  /** Folders to make groups in, each once, though two controllers may share one. */
  parents: readonly string[];
  /** The folder of {@link parents} where a controller is. */
  of: (controller: string) => string;
  /** Where the hierarchy of version 2 is mounted. */
  top?: string;
}

const CONTROLLERS = ['memory', 'cpu', 'cpuacct', 'pids'] as const;
type Controller = (typeof CONTROLLERS)[number];

/**
 * @param mountinfo text of `/proc/self/mountinfo`
 * @param own text of `/proc/self/cgroup`
 * @param parent path within the hierarchies, instead of this process's own
 * @returns why not, in one sentence, where there is none to be used
 */
export function hierarchiesOf(
  mountinfo: string,
  own: string,
  parent?: string,
): Hierarchies | string {
  const mounts = mountsIn(mountinfo);
  const paths = pathsIn(own);
  const v1 = new Map<Controller, string>();
  for (const controller of CONTROLLERS) {
    const mount = mounts.find(({ type, options }) => type === 'cgroup' && options.has(controller));
    if (mount) v1.set(controller, folderOf(mount, parent ?? paths.get(controller) ?? '/'));
  }
  if (v1.has('memory')) {
    const missing = CONTROLLERS.filter((controller) => !v1.has(controller));
    if (missing.length > 0)
      return `the controllers ${missing.join(', ')} of control groups are not mounted; mount them below /sys/fs/cgroup`;
    const of = (controller: string): string => v1.get(controller as Controller) ?? '';
    return { version: 1, parents: [...new Set(v1.values())], of };
  }
  const unified = mounts.find(({ type }) => type === 'cgroup2');
  if (!unified) return 'no control groups are mounted; mount cgroup2 at /sys/fs/cgroup';
  const folder = folderOf(unified, parent ?? paths.get('') ?? '/');
  return inFolder(folder, unified.point);
}

const inFolder = (folder: string, top: string): Hierarchies => ({
  version: 2,
  parents: [folder],
  of: () => folder,
  top,
});

/** In version 2 the folder above, undefined at the top. */
export function besides({ top, parents: [folder = ''] }: Hierarchies): Hierarchies | undefined {
  return top === undefined || folder === top ? undefined : inFolder(dirname(folder), top);
}

interface Mount {
  /** The part of the hierarchy that is mounted. */
  root: string;
  point: string;
  type: string;
  /** Of its superblock: the controllers are among them. */
  options: ReadonlySet<string>;
}

/** Lines such as `35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory`. */
function mountsIn(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '/', point = ''] = before.split(' ');
    const [type = '', , options = ''] = after.split(' ');
    if (point === '') return [];
    return [{ root, point: unescape(point), type, options: new Set(options.split(',')) }];
  });
}

/** Lines such as `4:memory:/worker`; of version 2 `0::/worker`, here by the name ''. */
function pathsIn(own: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of own.split('\n')) {
    const [, names, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (names === undefined || path === undefined) continue;
    for (const name of names.split(',')) paths.set(name, path);
  }
  return paths;
}

/** In a container the mount begins at the container's own group, and the path is the host's. */
function folderOf({ root, point }: Mount, path: string): string {
  const within = relative(root, path);
  return join(point, within.startsWith('..') ? path : within);
}

/** The kernel writes a space as `\040`. */
const unescape = (text: string): string =>
  text.replace(/\\(\d{3})/g, (_all, octal: string) => String.fromCharCode(parseInt(octal, 8)));
