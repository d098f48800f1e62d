/** Where a graph of an Argo file stands, what it is given and what it comes to, and what the whole conversion shares. */
import type { GraphSpec } from '../domain/spec.js';
import type { GivenFile, Piece } from './argo-scope.js';
import type { Manifest } from './argo-templates.js';
import type { Budget, NewNode, Settled } from './conversion.js';
import type { Source } from './source.js';

/** Argo's own: nothing is run again unless it is said, and nothing is bounded in time. */
const DEFAULTS = { retry: 'NONE', timeout: '30d' } as const;
/** What a container that says nothing of it may use; there it may use what its machine has. */
const RESOURCES = { cpu: 1, memory: '512Mi' } as const;
/** Nodes of a graph that run at once where the file bounds them nowhere. */
export const CONCURRENCY = 100;

/** What the whole conversion shares. */
export interface Shared {
  settled: Settled;
  manifests: readonly Manifest[];
  /** Nodes so far, those of sub-graphs among them. */
  nodes: number;
  /** Nodes so far that are programs. */
  programs: number;
  budget: Budget;
  /** What each secret of a program was, in words, by its name here. */
  secrets: Map<string, string>;
  /** Makes a list of a parameter of the pipeline, which a loop goes over. */
  asList(param: string): void;
}

/** What a template that is a graph is given. */
export interface Inputs {
  parameters: ReadonlyMap<string, readonly Piece[]>;
  files?: ReadonlyMap<string, GivenFile>;
}

/** Where a graph stands. */
export interface Level {
  depth: number;
  /** Templates that this one is inside of. */
  inside: readonly Source[];
  /** `workflow.…`, as this graph sees it. */
  global(name: string): Piece | undefined;
}

/** A graph without its name. */
export interface Graph {
  defaults: GraphSpec['defaults'] & object;
  concurrency?: number;
  onFailure?: 'failFast';
  deadline?: string | number;
  tasks: NewNode[];
}

/** What holds for all nodes of a graph. */
export const defaultsFor = (tasks: readonly NewNode[]): Graph['defaults'] =>
  tasks.some(({ container }) => container !== undefined)
    ? { ...DEFAULTS, resources: RESOURCES }
    : DEFAULTS;
