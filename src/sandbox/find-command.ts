/** Whether a sandbox would find a command, as far as the host tells without making one. */
import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path/posix';
import { isProgram } from './command.js';
import { BASE_ENV } from './gate.js';
import type { RuntimePlace } from './runtimes.js';

/** Folders of the host that are seen inside, or are links to such ones there. */
const SEEN = /^\/(?:usr|bin|sbin|lib|lib64)\//;
/** What is in there is hidden. */
const HIDDEN = /^\/usr\/local\//;

/**
 * @param name what is to be started: a path, or a name that is looked for in PATH
 * @param node where the worker's Node.js is inside: a command may call it by its name
 * @param path PATH of the program's own
 * @returns `unknown` for what the program brings along, or finds in a folder of its own
 */
export async function findCommand(
  name: string,
  node: RuntimePlace,
  path: string | undefined,
): Promise<'there' | 'missing' | 'unknown'> {
  if (name.includes('/')) return isAbsolute(name) ? await at(normalize(name), node) : 'unknown';
  if (name === '') return 'missing';
  const folders = (path ?? BASE_ENV['PATH'] ?? '').split(':');
  const found = await Promise.all(
    folders.map(async (folder) =>
      isAbsolute(folder) ? await at(join(folder, name), node) : ('unknown' as const),
    ),
  );
  if (found.includes('there')) return 'there';
  return found.includes('unknown') ? 'unknown' : 'missing';
}

async function at(path: string, node: RuntimePlace): Promise<'there' | 'missing' | 'unknown'> {
  const bound = 'lack' in node ? [] : node.binds.map(({ target }) => target);
  if (bound.includes(path)) return 'there';
  // Nothing else lies there.
  if (path.startsWith('/runtime/') || HIDDEN.test(path)) return 'missing';
  if (!SEEN.test(path)) return 'unknown';
  const seen = path.startsWith('/usr/') ? path : `/usr${path}`;
  try {
    const real = await realpath(seen);
    if (!(await stat(real)).isFile() || !(await isProgram(real))) return 'missing';
    return SEEN.test(real) && !HIDDEN.test(real) ? 'there' : 'unknown';
  } catch {
    return 'missing';
  }
}
