import { isObject } from './json.js';
import { NODE_WORK } from './node-kind.js';
import { PROGRAM_KINDS } from './program.js';

/** A node as far as it can be read in a spec that may be refused. */
export interface LooseNode {
  index: number;
  id: string;
  dependsOn: readonly string[];
  task: unknown;
  /** What it runs, by its kind. A sound node has one. */
  work: Partial<Record<(typeof NODE_WORK)[number], unknown>>;
  /** It runs a task or a program: what is handed to a worker. */
  runs: boolean;
  queue: unknown;
  input: unknown;
  when: unknown;
  /** What becomes of its output, where the spec itself says so. */
  result: unknown;
  graph: unknown;
  approval: unknown;
  map: unknown;
  compensate: unknown;
  onUnknown: unknown;
  /** The node itself; undefined for what is no object. */
  raw: Readonly<Record<string, unknown>> | undefined;
}

/** @param all what options for many nodes say, where the node itself does not */
export function looseNode(
  value: unknown,
  index: number,
  all: Pick<LooseNode, 'queue' | 'result'>,
): LooseNode {
  const node = isObject(value) ? value : {};
  const dependsOn: readonly unknown[] = Array.isArray(node['dependsOn']) ? node['dependsOn'] : [];
  return {
    index,
    id: typeof node['id'] === 'string' ? node['id'] : '',
    dependsOn: dependsOn.every(isString)
      ? dependsOn
      : dependsOn.map((item) => (isString(item) ? item : '')),
    task: node['task'],
    work: workOf(node),
    runs:
      typeof node['task'] === 'string' || PROGRAM_KINDS.some((kind) => node[kind] !== undefined),
    queue: node['queue'] ?? all.queue,
    input: node['input'],
    when: node['when'],
    result: node['result'] ?? all.result,
    graph: node['graph'],
    approval: node['approval'],
    map: node['map'],
    compensate: node['compensate'],
    onUnknown: node['onUnknown'],
    raw: isObject(value) ? node : undefined,
  };
}

const isString = (value: unknown): value is string => typeof value === 'string';

/** By hand: of many small nodes half of the time that they are looked at would go into lists. */
function workOf(node: Readonly<Record<string, unknown>>): LooseNode['work'] {
  const work: LooseNode['work'] = {};
  for (const kind of NODE_WORK) if (node[kind] !== undefined) work[kind] = node[kind];
  return work;
}
