/**
 * The plan: a valid graph with every option settled, small enough to be carried by a workflow. The worker's `prepare`
 * makes it once, and it is pinned for the execution. Node bodies (inputs, metadata) stay in the spec; what they have of the
 * graph's defaults and of definitions stands in the classes.
 */
import type { CachePolicy } from './cache.js';
import type { Circuit } from './circuit.js';
import { isSmall, type Given, type GivenParts } from './given.js';
import { isObject, type Json, type JsonObject } from './json.js';
import type { GateLane } from './limit-gate.js';
import type { CompensationRule } from './compensation.js';
import type { Isolation } from './choose-runner.js';
import type { NodeKind } from './node-kind.js';
import { PRIORITY_KEY, type Priority } from './priority.js';
import {
  programOf,
  type ContainerSpec,
  type FaasSpec,
  type Limits,
  type ProcessSpec,
  type Program,
  type SecurityLevel,
} from './program.js';
import type { ResultOptions } from './result-options.js';
import { previewWaits, type RetryPolicy } from './retry.js';
import type { SchedulerNode } from './scheduler.js';
import type { TriggerRule } from './trigger.js';
import type { OnUnknown } from './unknown-outcome.js';

/** The options of a node, settled. */
export interface EffectiveOptions {
  priority: Priority;
  retry: RetryPolicy;
  timeoutMs: number;
  totalTimeoutMs: number | null;
  heartbeatTimeoutMs: number;
  queueTimeoutMs: number | null;
  queue: string | null;
  maxLostWorkers: number;
}

/** What many nodes have in common; nodes name it by index. */
export interface NodeClass extends EffectiveOptions {
  task: string;
  taskVersion: string;
  /** Some post hook runs for these nodes when they end where the pipeline cannot see it. */
  settle: boolean;
  /** Some post hook is also for nodes that never started. */
  settleSkipped: boolean;
  /** Index into the plan's lanes, where it is held to a limit. */
  lane?: number;
  circuit?: Circuit;
  cache?: CachePolicy;
  result?: ResultOptions;
  /** Its attempts end elsewhere: nobody hears there that one is to stop. */
  external?: true;
  /** Where it is no task alone: it takes no place in the window, and no activity of its own runs it. */
  kind?: Exclude<NodeKind, 'task'>;
  /** What to do where nobody knows how an attempt ended; absent for `retry`. */
  onUnknown?: Exclude<OnUnknown, 'retry'>;
  /** It runs with others of its kind in one activity. */
  light?: true;
  /** Where it runs: of programs, and of handlers that are to run elsewhere than their definition says. */
  run?: RunClass;
  /** How long it usually runs. */
  expectedMs?: number;
  /** What undoes its work. */
  undo?: UndoClass;
  /** What the bodies of its nodes have besides. */
  given?: Given;
}

/** Where a node's work runs, and how it is held, where that is not left to the task's definition. */
export interface RunClass {
  runner: Isolation;
  /** Of a program. */
  limits?: Limits;
  level?: SecurityLevel;
  permissions?: readonly string[];
  /** It goes through no circuit, not even one of its target's or its engine's own. */
  bare?: true;
}

/** The task or the program that undoes a node's work, its options settled. */
export interface UndoClass {
  task: string;
  taskVersion: string;
  retry: RetryPolicy;
  timeoutMs: number;
  heartbeatTimeoutMs: number;
  /** Where it is named; else its program's own queue, or the execution's. */
  queue?: string;
  /** Where a program runs. */
  run?: RunClass;
}

export interface PlanNode {
  id: string;
  dependsOn: number[];
  /** Index into the plan's classes. */
  class: number;
  /** Nodes whose output or status its input or its condition reads. */
  reads?: number[];
  readsParams?: true;
  trigger?: TriggerRule;
  allowFailure?: true;
  /** It runs, or goes on, though the graph is cancelled or its deadline has come. */
  runsOnCancel?: true;
  startDelayMs?: number;
  notBefore?: number;
  /** It has a condition. */
  conditional?: true;
  /** Of a sub-graph or a map: where the spec of the execution below lies. Set by `prepare`. */
  below?: string;
  /** Of a batch's item: what is wrong with it. It ends REJECTED, and the others run. */
  refused?: string;
}

/** What is left of a node where the scheduler knows what it waits for. */
export type HeldNode = Omit<PlanNode, 'dependsOn'>;

/** What a node brings that the scheduler need not know. */
export interface NodeBody {
  /** Its condition. */
  when?: string;
  input?: Json;
  metadata?: JsonObject;
  /** As written. */
  map?: Json;
  approval?: Json;
  /** Input of what undoes its work. */
  undo?: Json;
  /** The program that undoes its work, and the JSON Schema of its input. */
  undoProgram?: { program: Program; inputSchema?: JsonObject };
  /** The program that it runs. */
  program?: Program;
  /** JSON Schemas of a program's input and output. */
  inputSchema?: JsonObject;
  outputSchema?: JsonObject;
  /** Where what it is given lies: it is to be read with the body. */
  given?: string;
}

/**
 * The body of a node of a valid spec. Tags travel as `metadata.tags`.
 *
 * @param given by the node's class
 */
export function nodeBody(node: NodeSaid, given?: Given): NodeBody {
  const body = bodyOf(node);
  if (given === undefined) return body;
  return 'ref' in given ? { ...body, given: given.ref } : withGiven(body, given.json);
}

/** The bodies of a graph's nodes, with what their classes give them. */
export const bodiesOf = (
  nodes: readonly NodeSaid[],
  { nodes: planned, classes }: HeldPlan,
): NodeBody[] =>
  nodes.map((node, index) => nodeBody(node, classes[planned[index]?.class ?? -1]?.given));

/** A body with what its node is given. */
export function withGiven(
  { given: _given, ...body }: NodeBody,
  { metadata, tags, compensate }: GivenParts,
): NodeBody {
  const made: NodeBody = { ...body };
  // The node says none of its own: what there is are its tags, and what a client puts there.
  if (metadata || tags)
    made.metadata = { ...metadata, ...body.metadata, ...(tags ? { tags: [...tags] } : {}) };
  if (compensate) sayUndo(made, compensate);
  return made;
}

/** What a body has inline before anything is stored. */
export const givenInline = (given: Given | undefined): Given | undefined =>
  given && 'json' in given && isSmall(given.json) ? given : undefined;

interface NodeSaid {
  when?: string | undefined;
  input?: unknown;
  metadata?: unknown;
  tags?: unknown;
  map?: unknown;
  approval?: unknown;
  compensate?: unknown;
  process?: ProcessSpec | undefined;
  container?: ContainerSpec | undefined;
  faas?: FaasSpec | undefined;
  inputSchema?: unknown;
  outputSchema?: unknown;
}

function bodyOf(node: NodeSaid): NodeBody {
  const body: NodeBody = {};
  const program = programOf(node);
  if (program !== undefined) body.program = program;
  if (node.inputSchema !== undefined) body.inputSchema = node.inputSchema as JsonObject;
  if (node.outputSchema !== undefined) body.outputSchema = node.outputSchema as JsonObject;
  if (node.map !== undefined) body.map = node.map as Json;
  if (node.approval !== undefined) body.approval = node.approval as Json;
  if (isObject(node.compensate)) sayUndo(body, node.compensate);
  if (node.when !== undefined) body.when = node.when;
  if (node.input !== undefined) body.input = node.input as Json;
  if (node.metadata !== undefined || node.tags !== undefined) {
    body.metadata = {
      ...(node.metadata as JsonObject | undefined),
      ...(node.tags === undefined ? {} : { tags: node.tags as Json }),
    };
  }
  return body;
}

/** @param compensate of a valid spec */
function sayUndo(body: NodeBody, compensate: Readonly<Record<string, unknown>>): void {
  const { input, inputSchema } = compensate;
  const program = programOf(compensate);
  if (input !== undefined) body.undo = input as Json;
  if (program)
    body.undoProgram = {
      program,
      ...(inputSchema === undefined ? {} : { inputSchema: inputSchema as JsonObject }),
    };
}

export interface Plan {
  name: string;
  version: string;
  concurrency: number;
  onFailure: 'continue' | 'failFast';
  /** Set where some node says what undoes its work. */
  compensation?: CompensationRule;
  deadlineMs?: number;
  classes: NodeClass[];
  nodes: PlanNode[];
  limits?: PlanLimit[];
  lanes?: GateLane[];
}

/** A plan whose scheduler knows what its nodes wait for. */
export type HeldPlan = Omit<Plan, 'nodes'> & { nodes: HeldNode[] };

/** A limit that some of the graph's nodes are held to. */
export interface PlanLimit {
  key: string;
  /** As the graph or its tasks define it. */
  max?: number;
  /** The first node that names it. */
  node: number;
}

/** True for a node whose work may be done before its result is made. */
export function isEarly({ nodes, classes }: HeldPlan, index: number): boolean {
  return classes[nodes[index]?.class ?? -1]?.result?.async === true;
}

/** For each node 1 where another one reads its output or its status, else 0. */
export function readNodes({ nodes }: HeldPlan): Uint8Array {
  const found = new Uint8Array(nodes.length);
  for (const { reads = [] } of nodes) for (const index of reads) found[index] = 1;
  return found;
}

/** The plan's nodes as the scheduler takes them. */
export function schedulerNodes(plan: Plan): SchedulerNode[] {
  return plan.nodes.map(({ dependsOn }, index) => schedulerNode(plan, index, dependsOn));
}

/**
 * A node of a plan as the scheduler takes it.
 *
 * @param perhaps it may find that its work need not be done
 */
export function schedulerNode(
  plan: HeldPlan,
  index: number,
  dependsOn: readonly number[],
  perhaps = false,
): SchedulerNode {
  const node = plan.nodes[index] as HeldNode;
  const { priority = 'MEDIUM', lane, cache, kind } = plan.classes[node.class] ?? {};
  const readsResults = node.reads?.filter((other) => isEarly(plan, other)) ?? [];
  const made: SchedulerNode = {
    dependsOn,
    trigger: node.trigger ?? 'all_success',
    allowFailure: node.allowFailure ?? false,
    priorityKey: PRIORITY_KEY[priority],
  };
  if (node.startDelayMs !== undefined) made.startDelayMs = node.startDelayMs;
  if (node.notBefore !== undefined) made.notBefore = node.notBefore;
  if (kind !== undefined) made.takesNoPlace = true;
  if (node.runsOnCancel) made.runsOnCancel = true;
  if (readsResults.length > 0) made.readsResults = readsResults;
  if (lane === undefined) return made;
  made.lane = lane;
  if (cache || node.conditional || perhaps) made.looksFirst = true;
  return made;
}

/**
 * Events that a run of this plan may put into a Temporal history: six a node (three for the activity, three for a
 * workflow task of its own) and eleven for each long wait that the workflow keeps. A node that is held to a limit may
 * cost another ten, for a place that comes and goes, and so may one with a circuit that it names; all of their waits are the
 * workflow's.
 * What may have to be undone costs its activity again, and so does a result that is made apart. A light node costs next to
 * nothing, unless it fails: then the wait is the workflow's, and an activity of its own follows.
 *
 * @param serverWaitsMs waits up to this are the server's and cost nothing
 */
export function expectedEvents(plan: Plan, serverWaitsMs: number): number {
  const longWaits = (retry: RetryPolicy, limitMs: number): number =>
    previewWaits(retry, () => 1).filter((waitMs) => waitMs > limitMs).length;
  const perClass = plan.classes.map(({ retry, lane, circuit, kind, undo, light, result }) => {
    const after = (undo ? 6 : 0) + (result?.async ? 6 : 0);
    if (kind !== undefined) return 14 + after; // a child workflow, or a question and its answer
    const policies = [retry, ...Object.values(retry.byError ?? {})];
    const limited = lane !== undefined || (circuit !== undefined && !circuit.own);
    const waits = policies.map((policy) => longWaits(policy, limited ? 0 : serverWaitsMs));
    return (limited ? 16 : 6) + (light ? 11 : 0) + after + 11 * Math.max(...waits);
  });
  return plan.nodes.reduce((sum, node) => sum + (perClass[node.class] ?? 6), 0);
}
