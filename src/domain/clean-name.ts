/** What no id or name of a submission may hold, for it stands in lists, logs and addresses beside what others wrote. */
import { fault, type Fault } from './fault.js';
import { isObject, preview, type Path } from './json.js';
import { visible } from './visible-text.js';

/**
 * Controls, halves of a character, the separators of lines and paragraphs, and what overrides the direction of a text. The
 * first two are also what PostgreSQL and gRPC cannot keep.
 */
const UNCLEAN = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** The first character that a name may not hold, as its code: `\u001b`; undefined where there is none. */
export function uncleanIn(name: string): string | undefined {
  const [found] = UNCLEAN.exec(name) ?? [];
  return found && `\\u${(found.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}

/** A fault where a name holds any of these. What is no text is told by its schema. */
export function cleanFaults(path: Path, name: unknown): Fault[] {
  const unclean = typeof name === 'string' ? uncleanIn(name) : undefined;
  if (unclean === undefined) return [];
  const message = `expected no control characters, got ${visible(preview(name))}`;
  return [fault(path, 'INVALID_VALUE', message, `leave out ${unclean}`)];
}

/** The same of each in a list. */
export const cleanListFaults = (path: Path, names: unknown): Fault[] =>
  Array.isArray(names) ? names.flatMap((name, index) => cleanFaults([...path, index], name)) : [];

/** The same of the names that a spec says of its graph and of its nodes; those of tasks have a rule of their own. */
export function specNameFaults(
  spec: Readonly<Record<string, unknown>>,
  nodes: readonly unknown[],
): Fault[] {
  const { name, version, tags, hooks, defaults } = spec;
  const faults = [
    ...cleanFaults(['name'], name),
    ...cleanFaults(['version'], version),
    ...cleanListFaults(['tags'], tags),
    ...sharedFaults(['defaults'], defaults),
  ];
  if (isObject(hooks))
    for (const kind of ['pre', 'post'] as const)
      faults.push(...cleanListFaults(['hooks', kind], hooks[kind]));
  for (const [index, node] of nodes.entries()) {
    if (!isObject(node)) continue;
    if (node['graph'] !== undefined)
      faults.push(...cleanFaults(['tasks', index, 'graph'], node['graph']));
    for (const one of SHARED)
      if (node[one] !== undefined) {
        faults.push(...sharedFaults(['tasks', index], node));
        break;
      }
  }
  return faults;
}

/** What names tags and a circuit, at a node and in the defaults of all. */
const SHARED = ['tags', 'circuit'] as const;

function sharedFaults(path: Path, said: unknown): Fault[] {
  if (!isObject(said)) return [];
  const { tags, circuit } = said;
  return [
    ...cleanListFaults([...path, 'tags'], tags),
    ...(isObject(circuit)
      ? cleanFaults([...path, 'circuit', 'name'], circuit['name'])
      : cleanFaults([...path, 'circuit'], circuit)),
  ];
}
