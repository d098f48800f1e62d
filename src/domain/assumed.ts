/** What a forecast assumes of each node: how long it takes, how it ends, and what runs below it. */
import { parseCondition } from './condition.js';
import { courseOf, longestCourse, withoutAttempt, type Course } from './course.js';
import { SpecInvalidError } from './errors.js';
import { fault } from './fault.js';
import type { Overrides } from './forecast-overrides.js';
import { getOwn, isObject, type Json, type JsonObject } from './json.js';
import { parseListExpression } from './list-expression.js';
import { effectiveOptions } from './make-plan.js';
import type { Layers } from './option-layers.js';
import { kindOf, type MapOptions } from './node-kind.js';
import { LIGHT_OVERHEAD, NO_OVERHEAD, type NodeOverhead } from './overhead.js';
import { expectedEvents, type EffectiveOptions, type NodeClass, type Plan } from './plan.js';
import { simulate } from './simulate.js';
import type { ParsedGraph } from './spec.js';
import { parseTemplate } from './template.js';

/** What a task is taken to last of which nothing is known. */
export const DEFAULT_DURATION_MS = 1_000;
/** Items that a map is taken to have whose list only the run will know. */
export const DEFAULT_ITEMS = 10;

/** Where a duration comes from: the caller, the store's history, `expectedDuration`, what runs below, or nowhere. */
export type DurationOrigin = 'given' | 'history' | 'expectedDuration' | 'below' | 'default';

/** A node as it is assumed. Times in milliseconds. */
export interface Assumed {
  /** How it is expected to go. */
  expected: Course;
  /** The same, did nothing below it cost anything but what its handlers take. */
  handlers: Course;
  /** Every attempt but the last fails when it is nearly done. */
  retries: Course;
  /** Every attempt takes all of its time-out. */
  timeouts: Course;
  /** Of one attempt, or of a map's item. */
  durationMs: number;
  durationFrom: DurationOrigin;
  /** What it costs beside that; what its items or its sub-graph's nodes cost is in their times. */
  overhead: NodeOverhead;
  /** Of a map. */
  items?: number;
  /** Nodes that run at once below it, or 1. */
  width: number;
  /** The sum of the run times below it, where it does not work itself. */
  workMs?: number;
  /** Executions below it, and the events in their histories. */
  below: { executions: number; events: number };
}

/** What a forecast says of a whole graph, as far as a node above it needs to know. */
export interface Below {
  makespanMs: number;
  /** The makespan, did its nodes cost nothing outside their handlers. */
  handlersMs: number;
  retriesMs: number;
  timeoutsMs: number;
  peakParallelism: number;
  totalWorkMs: number;
  executions: number;
  events: number;
}

export interface AssumeContext {
  plan: Plan;
  /** Undefined where only the run will know them. */
  params: JsonObject | undefined;
  overrides: Overrides;
  history: Readonly<Record<string, number>>;
  serverWaitsMs: number;
  /** Of a node that is not light. */
  overhead: NodeOverhead;
  /** Places of limits that the worker's settings define, by key. */
  limits: Readonly<Record<string, { max: number }>>;
  /** The forecast of a graph below; undefined where too little is known of it. */
  graph: (
    spec: string | JsonObject,
    params: JsonObject | undefined,
    node: string,
  ) => Below | undefined;
  note: (text: string) => void;
  /** Courses that were made already: nodes of a class share them, and each may have a thousand attempts. */
  courses: Map<string, Course>;
}

type Node = ParsedGraph['tasks'][number];
const NOTHING_BELOW = { executions: 0, events: 0 };

/** What is assumed of one node. */
export function assume(node: Node, index: number, layers: Layers, context: AssumeContext): Assumed {
  const assumed = byKind(node, index, layers, context);
  const outcome = context.overrides.of('outcomes', node.id) ?? byCondition(node, context);
  if (outcome === undefined || outcome === 'COMPLETED') return assumed;
  if (outcome === 'FAILED') return failing(assumed);
  const course =
    outcome === 'SKIPPED' ? withoutAttempt('SKIPPED', 'condition') : withoutAttempt('FAILED'); // its condition cannot be evaluated
  return { ...assumed, expected: course, handlers: course, retries: course, timeouts: course };
}

function byKind(node: Node, index: number, layers: Layers, context: AssumeContext): Assumed {
  const at = context.plan.nodes[index]?.class ?? 0;
  const options = context.plan.classes[at] as NodeClass;
  switch (kindOf(node)) {
    case 'task':
      return taskAlone(node, at, options, context);
    case 'map':
      return mapOf(node, node.map as MapOptions, itemOptions(layers, index), layers, context);
    case 'graph':
      return graphAlone(node, context);
    case 'approval':
      return approval(node, context);
  }
}

function taskAlone({ id }: Node, at: number, options: NodeClass, context: AssumeContext): Assumed {
  const { overrides, serverWaitsMs } = context;
  const { durationMs, durationFrom } = durationOf(id, options, context);
  const failures = overrides.of('failures', id) ?? 0;
  const expected = courseOf(options, serverWaitsMs, { runMs: durationMs, failures });
  return {
    ...{ expected, handlers: expected },
    retries: longest(at, options, durationMs, context),
    timeouts: longest(at, options, options.timeoutMs, context),
    ...{ durationMs, durationFrom, width: 1, below: NOTHING_BELOW },
    overhead: overheadOf(options, context),
  };
}

/** A light node shares its way with others. */
const overheadOf = ({ light }: { light?: true }, { overhead }: AssumeContext): NodeOverhead =>
  light ? lesser(LIGHT_OVERHEAD, overhead) : overhead;

/** Of a map's items, as it is said; whether their task stands alone after all, only a worker's plan of them tells. */
const lightOf = (layers: Layers): { light?: true } => {
  const said = layers.find((layer) => layer?.light !== undefined)?.light;
  const isLimited = layers.some((layer) => layer?.limit !== undefined);
  return said === true && !isLimited ? { light: true } : {};
};

const lesser = (one: NodeOverhead, other: NodeOverhead): NodeOverhead => ({
  stepMs: Math.min(one.stepMs, other.stepMs),
  perNodeMs: Math.min(one.perNodeMs, other.perNodeMs),
});

function longest(
  at: number,
  options: NodeClass,
  runMs: number,
  { courses, serverWaitsMs }: AssumeContext,
): Course {
  const key = `${at} ${runMs}`;
  const known = courses.get(key) ?? longestCourse(options, serverWaitsMs, runMs);
  courses.set(key, known);
  return known;
}

function durationOf(
  id: string,
  { task, expectedMs }: Pick<NodeClass, 'task' | 'expectedMs'>,
  { overrides, history }: AssumeContext,
): Pick<Assumed, 'durationMs' | 'durationFrom'> {
  const given = overrides.durationMs(id, task);
  if (given !== undefined) return { durationMs: given, durationFrom: 'given' };
  // Programs share a name, and nothing else.
  const known = task.startsWith('tempograph.') ? undefined : getOwn(history, task);
  if (known !== undefined) return { durationMs: known, durationFrom: 'history' };
  if (expectedMs !== undefined) return { durationMs: expectedMs, durationFrom: 'expectedDuration' };
  return { durationMs: DEFAULT_DURATION_MS, durationFrom: 'default' };
}

/** A node that takes times as they are: what happens below it has its own attempts. */
const plainly = (
  expectedMs: number,
  handlersMs: number,
  retriesMs: number,
  timeoutsMs: number,
) => ({
  expected: plain(expectedMs),
  handlers: plain(handlersMs),
  retries: plain(retriesMs),
  timeouts: plain(timeoutsMs),
});
const plain = (runMs: number): Course => ({ attempts: [{ runMs }], status: 'COMPLETED' });

function approval({ id, approval: asked }: Node, { overrides, note }: AssumeContext): Assumed {
  const given = overrides.of('durations', id);
  const durationMs = given ?? 0;
  if (asked?.timeout === undefined)
    note(`${id} waits for an answer without a time-out of its own: the worst case leaves it out`);
  return {
    ...plainly(durationMs, durationMs, durationMs, asked?.timeout ?? durationMs),
    ...{ durationMs, durationFrom: given === undefined ? 'default' : 'given' },
    ...{ width: 0, workMs: 0, below: NOTHING_BELOW, overhead: NO_OVERHEAD },
  };
}

function graphAlone(node: Node, context: AssumeContext): Assumed {
  const given = context.overrides.of('durations', node.id);
  const below = graphBelow(node, context);
  const durationMs = given ?? below?.makespanMs ?? DEFAULT_DURATION_MS;
  const durationFrom = given !== undefined ? 'given' : below ? 'below' : 'default';
  const more = (ms: number | undefined): number => Math.max(durationMs, ms ?? 0);
  return {
    ...plainly(
      ...([durationMs, given ?? below?.handlersMs ?? durationMs] as const),
      ...([more(below?.retriesMs), more(below?.timeoutsMs)] as const),
    ),
    ...{ durationMs, durationFrom, width: below?.peakParallelism ?? 1 },
    overhead: context.overhead,
    workMs: below?.totalWorkMs ?? durationMs,
    below: { executions: 1 + (below?.executions ?? 0), events: below?.events ?? 0 },
  };
}

function graphBelow(node: Node, context: AssumeContext): Below | undefined {
  const { graph, id, input } = node;
  if (graph === undefined) return undefined;
  const template = parseTemplate((input ?? {}) as Json);
  const { tasks, params, dynamic } = template.references;
  const constant = tasks.length === 0 && params.length === 0 && !dynamic && node.map === undefined;
  const given = constant ? template.resolve({}) : undefined;
  return context.graph(graph as string | JsonObject, isObject(given) ? given : undefined, id);
}

/** So many items, no more at once than it says, in an execution of their own. */
function mapOf(
  node: Node,
  map: MapOptions,
  options: EffectiveOptions,
  layers: Layers,
  context: AssumeContext,
): Assumed {
  const { serverWaitsMs, overrides } = context;
  const atOnce = Math.min(map.concurrency, placesOf(layers, context));
  const items = overrides.of('items', node.id) ?? itemsOf(map, context) ?? DEFAULT_ITEMS;
  const below = graphBelow(node, context);
  const own = { task: node.task ?? '', ...expectedOf(layers) };
  const { durationMs, durationFrom }: Pick<Assumed, 'durationMs' | 'durationFrom'> = below
    ? { durationMs: below.makespanMs, durationFrom: 'below' }
    : durationOf(node.id, own, context);
  const overhead = node.graph ? context.overhead : overheadOf(lightOf(layers), context);
  const item = (runMs: number, course: Course, cost = overhead): number => {
    const one = node.graph ? plain(runMs) : course;
    return spanOf({ ...map, concurrency: atOnce }, items, one, cost);
  };
  const failures = overrides.of('failures', node.id) ?? 0;
  const expected = courseOf(options, serverWaitsMs, { runMs: durationMs, failures });
  const longest = (runMs: number): Course => longestCourse(options, serverWaitsMs, runMs);
  return {
    ...plainly(
      item(durationMs, expected),
      item(below?.handlersMs ?? durationMs, expected, NO_OVERHEAD),
      item(below?.retriesMs ?? durationMs, longest(durationMs)),
      item(below?.timeoutsMs ?? durationMs, longest(options.timeoutMs)),
    ),
    ...{ durationMs, durationFrom, items, overhead: context.overhead },
    workMs: items * (below?.totalWorkMs ?? durationMs),
    width: Math.min(items, atOnce) * (below?.peakParallelism ?? 1),
    below: {
      executions: 1 + (node.graph ? items * (1 + (below?.executions ?? 0)) : 0),
      events: mapEvents(node, options, items, serverWaitsMs) + items * (below?.events ?? 0),
    },
  };
}

/**
 * The options of each item of a map.
 *
 * @throws SpecInvalidError when layers contradict each other
 */
export function itemOptions(layers: Layers, index: number): EffectiveOptions {
  try {
    return effectiveOptions(layers);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SpecInvalidError([fault(['tasks', index, 'retry'], 'RETRY', error.message)]);
  }
}

/** How many items the limit that they are held to lets run at once. */
function placesOf(layers: Layers, { limits }: AssumeContext): number {
  const limit = layers.find((layer) => layer?.limit !== undefined)?.limit;
  if (limit === undefined) return Infinity;
  const { key, max, weight = 1 } = typeof limit === 'string' ? { key: limit } : limit;
  const places = max ?? getOwn(limits, key)?.max ?? Infinity;
  return Math.max(1, Math.floor(places / weight));
}

const expectedOf = (layers: Layers): { expectedMs?: number } => {
  const said = layers.find((layer) => layer?.expectedDuration !== undefined)?.expectedDuration;
  return said === undefined ? {} : { expectedMs: said };
};

function spanOf(
  { concurrency, onFailure }: MapOptions,
  items: number,
  course: Course,
  overhead: NodeOverhead,
): number {
  const one = {
    dependsOn: [],
    trigger: 'all_success',
    allowFailure: false,
    priorityKey: 3,
  } as const;
  return simulate({
    nodes: Array.from({ length: items }, () => one),
    options: { concurrency, onFailure },
    courses: Array.from({ length: items }, () => course),
    overheads: Array.from({ length: items }, () => overhead),
  }).makespanMs;
}

function mapEvents(
  node: Node,
  options: EffectiveOptions,
  items: number,
  serverWaitsMs: number,
): number {
  const kind = node.graph === undefined ? {} : { kind: 'graph' as const };
  const one = {
    task: '',
    taskVersion: '',
    ...options,
    settle: false,
    settleSkipped: false,
    ...kind,
  };
  const nodes = Array.from({ length: items }, (_, index) => ({
    ...{ id: String(index), dependsOn: [], class: 0 },
  }));
  const { concurrency, onFailure } = node.map as MapOptions;
  const plan = { name: node.id, version: '1', concurrency, onFailure, classes: [one], nodes };
  return expectedEvents(plan, serverWaitsMs);
}

/** The length of a list that is known beforehand: written out, or made of the parameters alone. */
function itemsOf({ over }: MapOptions, { params }: AssumeContext): number | undefined {
  if (Array.isArray(over)) return over.length;
  try {
    return known(over, params, parseListExpression, (list, values) => list.items(values).length);
  } catch {
    return undefined; // the node fails; how many items it would have is no matter
  }
}

/** What a condition says that reads nothing but parameters; a failure where it cannot be evaluated. */
function byCondition(
  { when }: Node,
  { params }: AssumeContext,
): 'COMPLETED' | 'SKIPPED' | 'BROKEN' {
  if (when === undefined) return 'COMPLETED';
  try {
    const holds = known(when, params, parseCondition, (condition, values) =>
      condition.holds(values),
    );
    return holds === false ? 'SKIPPED' : 'COMPLETED';
  } catch {
    return 'BROKEN';
  }
}

interface Parsed {
  references: { tasks: string[]; params: string[]; dynamic: boolean };
}

/** The value of an expression that reads only parameters; undefined for one that reads what a run will give. */
function known<P extends Parsed, T>(
  text: string,
  params: JsonObject | undefined,
  parse: (text: string) => P,
  evaluate: (parsed: P, context: JsonObject) => T,
): T | undefined {
  const parsed = parse(text);
  const { tasks, dynamic, params: read } = parsed.references;
  const fromRun = tasks.length > 0 || dynamic || /\b(execution|item|index)\b/.test(text);
  if (fromRun || (params === undefined && read.length > 0)) return undefined;
  return evaluate(parsed, { params: params ?? {} });
}

/** It takes as long, and fails at its end. */
const failing = (assumed: Assumed): Assumed => ({
  ...assumed,
  expected: { ...assumed.retries, status: 'FAILED' },
  handlers: { ...assumed.retries, status: 'FAILED' },
  retries: { ...assumed.retries, status: 'FAILED' },
  timeouts: { ...assumed.timeouts, status: 'FAILED' },
});
