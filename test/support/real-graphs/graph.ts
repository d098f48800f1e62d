import { createHash } from 'node:crypto';

/** A graph taken from a real project, in the shape every test uses. */
export interface RealGraph {
  source: string;
  file: string;
  /** `runtimeMs` is 0 where the data has no runtimes, and may be a fraction. */
  tasks: { id: string; dependsOn: string[]; runtimeMs: number }[];
  /** As the index records it; only for graphs that come with runtimes. */
  criticalPathMs?: number;
  /** By concurrency: no engine can beat `lowerMs`, a greedy one without overhead stays within `upperMs`. */
  bounds?: Record<number, { lowerMs: number; upperMs: number }>;
  acyclic: boolean;
}

/** What a reader of one format finds: names and runtimes as they are in the file. */
export interface RawGraph {
  tasks: RawTask[];
  edges: Edge[];
}

export interface RawTask {
  name: string;
  /** In the unit of the source. */
  runtime?: number;
}

/** `to` depends on `from`. */
export interface Edge {
  from: string;
  to: string;
}

/** A reader gets the path of its graph and a function that reads any file of the same source. */
export type Reader = (file: string, read: (file: string) => string) => RawGraph;

const ID = /^[A-Za-z0-9_.-]{1,128}$/;
const MAX_ID_LENGTH = 128;
const HASH_LENGTH = 12;

/**
 * A Tempograph node id for any string: the string itself where it already is one, otherwise the string with the other
 * characters replaced, plus a hash of the original, so that different strings keep different ids.
 */
export function safeId(raw: string): string {
  if (ID.test(raw)) return raw;
  const hash = createHash('sha256').update(raw).digest('hex').slice(0, HASH_LENGTH);
  const readable = raw.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, MAX_ID_LENGTH - HASH_LENGTH - 1);
  return `${readable}-${hash}`;
}

/** Tasks with safe ids and their dependencies, each once, in the order of the file. */
export function toTasks(raw: RawGraph, toMs: (runtime: number) => number): RealGraph['tasks'] {
  const dependencies = new Map(raw.tasks.map(({ name }) => [name, new Set<string>()]));
  if (dependencies.size !== raw.tasks.length) throw new Error('Two tasks have the same name');
  for (const { from, to } of raw.edges) {
    const needed = dependencies.get(to);
    if (!needed || !dependencies.has(from))
      throw new Error(`Edge to a missing task: ${from} -> ${to}`);
    needed.add(from);
  }
  return raw.tasks.map(({ name, runtime }) => ({
    id: safeId(name),
    dependsOn: [...(dependencies.get(name) ?? [])].map(safeId),
    runtimeMs: toMs(runtime ?? 0),
  }));
}
