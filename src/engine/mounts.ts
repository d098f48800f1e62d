/** Folders of the worker's host that containers may see: only those that the worker's settings allow. */
import { realpath } from 'node:fs/promises';
import { normalize } from 'node:path/posix';
import { TaskError } from '../domain/errors.js';
import type { ContainerSpec } from '../domain/program.js';

/** A folder that may be mounted, with everything below it. */
export interface AllowedMount {
  source: string;
  /** Whether it may only be read. Default true. */
  readOnly?: boolean;
}

export interface Mount {
  source: string;
  target: string;
  readOnly: boolean;
}

/** Where nothing of the user's may stand. `/tempograph` is ours; `/tmp` is limited, and would not be below a mount. */
const TAKEN = ['/tempograph', '/proc', '/sys', '/dev', '/tmp'];

/**
 * The mounts of a container, each with the folder that its source really is: a link that leads out of an allowed
 * folder, as a program with a writable mount could leave it there, is refused. A source below an allowed folder needs
 * this host to be the engine's.
 *
 * @throws TaskError CONFIGURATION naming the mount
 */
export async function resolveMounts(
  wanted: ContainerSpec['mounts'] = [],
  allowed: readonly AllowedMount[] = [],
): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const { source, target, readOnly = true } of wanted) {
    const refuse = (why: string): TaskError =>
      new TaskError('CONFIGURATION', `container.mounts: ${source} to ${target}: ${why}`);
    const place = clean(target);
    if (place === '/' || TAKEN.some((taken) => isWithin(place, taken)))
      throw refuse('nothing may be mounted there');
    if (mounts.some((other) => other.target === place))
      throw refuse('another mount stands there already');
    const from = await within(clean(source), allowed, readOnly);
    if (from === undefined)
      throw refuse(
        readOnly
          ? 'the worker does not allow it; see its setting containerMounts'
          : 'the worker does not allow it to be written; see its setting containerMounts',
      );
    mounts.push({ source: from, target: place, readOnly });
  }
  return mounts;
}

/** The folder that `source` is, if it lies in one that is allowed. */
async function within(
  source: string,
  allowed: readonly AllowedMount[],
  readOnly: boolean,
): Promise<string | undefined> {
  for (const { source: folder, readOnly: only = true } of allowed) {
    if (only && !readOnly) continue;
    const root = clean(folder);
    if (source === root) return source; // the worker's owner said so: also where it is a link
    if (!isWithin(source, root)) continue;
    const [real, realRoot] = await Promise.all([trace(source), trace(root)]);
    if (real !== undefined && realRoot !== undefined && isWithin(real, realRoot)) return real;
  }
  return undefined;
}

const trace = (path: string): Promise<string | undefined> => realpath(path).catch(() => undefined);

function clean(path: string): string {
  const normal = normalize(path);
  return normal.length > 1 ? normal.replace(/\/+$/, '') : normal;
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}
