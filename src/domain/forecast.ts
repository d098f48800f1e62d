/**
 * The forecast of a graph: what can be said of a run before it. Everything that is wrong with it, or its order, how long
 * it takes and why, the worst that its retries and time-outs allow, what it costs in Temporal, and each node's options.
 *
 * Pure. The makespan is what the real scheduler makes of the assumed durations (`simulate.ts`), the options are what
 * `prepare` would settle (`make-plan.ts`), the split is the one that it would make (`budget.ts`).
 */
import { assume, type Assumed, type Below, type DurationOrigin } from './assumed.js';
import { expectedBytes, splitOf, type Split } from './budget.js';
import { keepingPlace, type Course } from './course.js';
import { SpecInvalidError } from './errors.js';
import type { Fault } from './fault.js';
import { parseOverrides, type Overrides, type OverridesInput } from './forecast-overrides.js';
import { getOwn, jsonBytes, type JsonObject } from './json.js';
import { makePlan } from './make-plan.js';
import { layersOf, leavesUndo, type Layers } from './option-layers.js';
import { nodesOf, type NodeForecast } from './node-forecast.js';
import { kindOf, MAX_DEPTH } from './node-kind.js';
import { learnOverhead, type Overhead, type PastGraph } from './overhead.js';
import { NO_FACTS, planContextOf, type PlanFacts } from './plan-facts.js';
import { expectedEvents, givenInline, nodeBody, schedulerNodes, type Plan } from './plan.js';
import type { ProgramLook } from './program-looks.js';
import { simulate, type Simulation } from './simulate.js';
import { slackOf } from './slack.js';
import type { TaskOptions } from './spec.js';
import { sortGraph } from './topology.js';
import { validateGraph, type KnownTasks, type ValidGraph } from './validate.js';

/** A forecast with what each node would do. */
export interface GraphForecast {
  name: string;
  version: string;
  /** Ids, each after what it depends on. */
  order: string[];
  /** Ids by level: what is on one level waits for nothing else on it. */
  levels: string[][];
  /** The chain of nodes that takes longest where nothing waits for a place. */
  criticalPath: string[];
  criticalPathMs: number;
  /** How long it takes under its window and limits, what its nodes cost outside their handlers included. */
  makespanMs: number;
  /** What nodes cost outside their handlers, and how much of the makespan would not be there without it. */
  overhead: Overhead & { makespanMs: number };
  /** What the makespan is due to: a chain in which each began when the one before let it. */
  makespanPath: string[];
  /** The window. */
  concurrency: number;
  /** Most nodes that run at once, under window and limits; without them. */
  peakParallelism: number;
  maxParallelism: number;
  /** The sum of all run times. */
  totalWorkMs: number;
  /** Under the same window: every attempt but the last fails when it is nearly done; the same at its time-out. */
  worstCase: { retriesMs: number; timeoutsMs: number };
  deadline?: { deadlineMs: number; met: boolean };
  /** Expected in the histories of this execution, and of those below it; and how it is cut. */
  temporal: {
    events: number;
    bytes: number;
    split: Split & { segments?: number };
    executionsBelow: number;
    eventsBelow: number;
  };
  /** Keyed limits, with their places; null where nobody says here. */
  limits: { key: string; max: number | null }[];
  /** Nodes by where their durations come from. */
  durations: Partial<Record<DurationOrigin, number>>;
  /** Whether a worker's tasks were at hand: else names and inputs were not checked. */
  tasksChecked: boolean;
  /** What workers found of its programs, those of its sub-graphs too; absent where none was asked. */
  programs?: ProgramLook[];
  /** What was assumed, and what could not be known. */
  notes: string[];
  nodes: Record<string, NodeForecast>;
}

/** What a forecast assumes. */
export interface ForecastOptions extends OverridesInput {
  /** The submission: params, options and so on. */
  submission?: unknown;
  /** What a worker said of the tasks. */
  facts?: PlanFacts;
  /** The tasks, where this process has them. */
  tasks?: KnownTasks;
  /** How long tasks usually run, in milliseconds by name. */
  history?: Readonly<Record<string, number>>;
  /** Graphs that completed, which tell what nodes cost outside their handlers. */
  pastGraphs?: readonly PastGraph[];
  /** When it would start, in epoch milliseconds, for start times that are dates. Default 0. */
  startAt?: number;
}

/** What a run of a graph would be like. */
export type Forecast = { faults: Fault[]; plan?: undefined } | { faults: []; plan: GraphForecast };

/** The forecast of a graph, or everything that is wrong with it and with what was said of it. */
export function planGraph(spec: unknown, options: ForecastOptions = {}): Forecast {
  const { submission, facts, tasks, history, pastGraphs = [], startAt, ...given } = options;
  const { faults: wrong, overrides } = parseOverrides(given);
  const { faults, valid } = validateGraph(spec, submission ?? {}, tasks);
  if (!valid || !overrides) return { faults: [...faults, ...wrong] };
  try {
    const forecaster = new Forecaster({
      ...{ facts: facts ?? NO_FACTS, history: history ?? {}, startAt: startAt ?? 0, depth: 0 },
      ...{
        tasks,
        overrides: overrides.forNodes(valid.graph.tasks.map(({ id }) => id)),
        overhead: learnOverhead(pastGraphs, overrides.overhead),
        notes: [],
        known: new Map(),
      },
    });
    const plan = forecaster.forecast(
      valid,
      valid.params,
      facts !== undefined || tasks !== undefined,
    );
    const unused = overrides.unused(forecaster.names);
    return unused.length > 0 ? { faults: unused } : { faults: [], plan };
  } catch (error) {
    if (error instanceof SpecInvalidError) return { faults: [...error.faults] };
    throw error;
  }
}

/** Waits in which places are given back, above which all nodes are taken to keep theirs: each is a step to simulate. */
const MOST_STEPS = 500_000;

interface Parts {
  facts: PlanFacts;
  history: Readonly<Record<string, number>>;
  startAt: number;
  depth: number;
  tasks: KnownTasks | undefined;
  overrides: Overrides;
  overhead: Overhead;
  notes: string[];
  /** Graphs below that were forecast already. */
  known: Map<string, Below | undefined>;
}

class Forecaster {
  /** Ids and task names that were met, those below with their path. */
  readonly names = new Set<string>();
  /** What the submission says of every node, those below too. */
  private options: TaskOptions | undefined;

  constructor(
    private readonly parts: Parts,
    private readonly prefix = '',
  ) {}

  /** @throws SpecInvalidError when options that come together contradict each other */
  forecast(
    valid: ValidGraph,
    params: JsonObject | undefined,
    tasksChecked: boolean,
  ): GraphForecast {
    const { facts, startAt, overrides } = this.parts;
    const { graph, submission } = valid;
    this.options = submission.options;
    const context = planContextOf(facts);
    const made = makePlan(valid, context);
    const plan = { ...made, concurrency: overrides.concurrency ?? made.concurrency };
    const layers = graph.tasks.map((node) => layersOf(graph, submission, node, context));
    const assumed = this.assumeAll(valid, plan, params, layers);
    const nodes = schedulerNodes(plan);
    const limits = this.limitsOf(plan);
    const widths = assumed.map(({ width }) => width);
    const overheads = assumed.map((one) => one.overhead);
    // Where nothing waits for a place nothing waits for its turn either.
    const unbound = overheads.map(({ stepMs }) => ({ stepMs, perNodeMs: 0 }));
    const run = (
      which: 'expected' | 'handlers' | 'retries' | 'timeouts',
      free = false,
    ): Simulation =>
      simulate({
        ...{ nodes, widths, startedAt: startAt },
        courses: bounded(assumed.map((one) => one[which])),
        ...(which === 'handlers' ? {} : { overheads: free ? unbound : overheads }),
        options: { concurrency: free ? Infinity : plan.concurrency, onFailure: plan.onFailure },
        ...(plan.lanes && !free
          ? { limits: { max: limits.map(({ max }) => max ?? Infinity), lanes: plan.lanes } }
          : {}),
      });
    const expected = run('expected');
    const free = run('expected', true);
    const makespanMs = Math.round(expected.makespanMs);
    const handlersMs = Math.round(run('handlers').makespanMs);
    const worst = {
      retriesMs: Math.round(run('retries').makespanMs),
      timeoutsMs: Math.round(run('timeouts').makespanMs),
    };
    const sorted = sortGraph(plan.nodes.map(({ dependsOn }) => dependsOn));
    if (!('order' in sorted)) throw new RangeError('a valid graph has no cycle');
    const ids = plan.nodes.map(({ id }) => id);
    const named = (indexes: readonly number[]): string[] => indexes.map((at) => ids[at] ?? '');
    const { deadlineMs } = plan;
    return {
      ...{ name: plan.name, version: plan.version, order: named(sorted.order) },
      levels: levelsOf(sorted, ids),
      ...{ criticalPath: named(free.criticalPath), criticalPathMs: Math.round(free.makespanMs) },
      ...{ makespanMs, makespanPath: named(expected.criticalPath) },
      overhead: { ...this.parts.overhead, makespanMs: Math.max(0, makespanMs - handlersMs) },
      ...{ concurrency: plan.concurrency, peakParallelism: expected.peakParallelism },
      maxParallelism: free.peakParallelism,
      totalWorkMs: expected.nodes.reduce(
        (sum, { runMs, startMs }, at) =>
          sum + (startMs === null ? 0 : (assumed[at]?.workMs ?? runMs)),
        0,
      ),
      worstCase: worst,
      ...(deadlineMs === undefined
        ? {}
        : { deadline: { deadlineMs, met: makespanMs <= deadlineMs } }),
      temporal: temporalOf(plan, valid, assumed, facts),
      limits,
      durations: countBy(assumed.map(({ durationFrom }) => durationFrom)),
      ...{ tasksChecked, notes: this.notesOf(limits) },
      nodes: nodesOf(plan, {
        ...{
          kinds: graph.tasks.map((node) => kindOf(node)),
          levels: sorted.levels,
          layers,
          assumed,
        },
        ...{ expected, slack: slackOf(nodes, sorted.order, free) },
      }),
    };
  }

  private assumeAll(
    { graph }: ValidGraph,
    plan: Plan,
    params: JsonObject | undefined,
    layers: Layers[],
  ): Assumed[] {
    const { overrides, history, overhead, facts, notes } = this.parts;
    const context = {
      ...{
        plan,
        params,
        overrides,
        history,
        overhead,
        serverWaitsMs: facts.settings.serverWaitsMs,
      },
      limits: facts.settings.limits,
      courses: new Map<string, Course>(),
      graph: (spec: string | JsonObject, given: JsonObject | undefined, node: string) =>
        this.below(spec, given, node),
      note: (text: string) => void notes.push(`${this.prefix}${text}`),
    };
    const definitions = planContextOf(facts);
    return graph.tasks.map((node, index) => {
      this.names.add(this.prefix + node.id);
      if (node.task !== undefined) this.names.add(node.task);
      if (leavesUndo(graph, node, definitions))
        notes.push(`${this.prefix}${node.id}: a map is undone only where its node says how`);
      return assume(node, index, layers[index] ?? [], context);
    });
  }

  /** The forecast of a sub-graph, once for all nodes that are the same in all that matters. */
  private below(
    graph: string | JsonObject,
    params: JsonObject | undefined,
    node: string,
  ): Below | undefined {
    const { known, overrides, depth } = this.parts;
    if (overrides.hasBelow(node)) return this.forecastBelow(graph, params, node);
    const key = JSON.stringify([depth, graph, params ?? null]);
    if (!known.has(key)) known.set(key, this.forecastBelow(graph, params, node));
    return known.get(key);
  }

  private forecastBelow(
    graph: string | JsonObject,
    params: JsonObject | undefined,
    node: string,
  ): Below | undefined {
    const { facts, depth, notes, overrides, tasks } = this.parts;
    const spec = typeof graph === 'string' ? getOwn(facts.pipelines, graph) : graph;
    if (spec === undefined || depth >= MAX_DEPTH) {
      notes.push(`${this.prefix}${node}: the pipeline ${JSON.stringify(graph)} is not known here`);
      return undefined;
    }
    const inner = new Forecaster(
      { ...this.parts, depth: depth + 1, overrides: overrides.below(node) },
      `${this.prefix}${node}/`,
    );
    const submission = {
      ...(params === undefined ? {} : { params }),
      ...(this.options === undefined ? {} : { options: this.options }),
    };
    const place = {
      depth: depth + 1,
      ...(params === undefined ? { paramsUnknown: true as const } : {}),
    };
    const { valid } = validateGraph(spec, submission, tasks, place);
    if (!valid) {
      notes.push(`${this.prefix}${node}: its graph could not be planned`);
      return undefined;
    }
    try {
      const found = inner.forecast(valid, params, true);
      for (const name of inner.names) this.names.add(name);
      const { makespanMs, totalWorkMs, worstCase, peakParallelism, temporal, deadline } = found;
      const handlersMs = makespanMs - found.overhead.makespanMs;
      const within = (ms: number): number => Math.min(ms, deadline?.deadlineMs ?? Infinity);
      return {
        ...{ makespanMs, handlersMs, totalWorkMs, peakParallelism },
        retriesMs: within(worstCase.retriesMs),
        timeoutsMs: within(worstCase.timeoutsMs),
        executions: temporal.executionsBelow,
        events: temporal.events + temporal.eventsBelow,
      };
    } catch (error) {
      if (!(error instanceof SpecInvalidError)) throw error;
      notes.push(`${this.prefix}${node}: its graph can only be planned with its parameters`);
      return undefined;
    }
  }

  private limitsOf({ limits = [] }: Plan): GraphForecast['limits'] {
    const { settings } = this.parts.facts;
    return limits.map(({ key, max }) => ({
      key,
      max: max ?? getOwn(settings.limits, key)?.max ?? null,
    }));
  }

  private notesOf(limits: GraphForecast['limits']): string[] {
    const open = limits.filter(({ max }) => max === null).map(({ key }) => key);
    const unknown = open.map(
      (key) => `the limit ${JSON.stringify(key)} has no max here: it is taken to have room`,
    );
    return [...new Set([...this.parts.notes, ...unknown])];
  }
}

/** Courses with fewer steps where there would be too many to simulate. */
function bounded(courses: readonly Course[]): readonly Course[] {
  const steps = courses.reduce((sum, { attempts }) => sum + attempts.length, 0);
  if (steps <= MOST_STEPS) return courses;
  const known = new Map<Course, Course>(); // most nodes share theirs
  return courses.map((course) => {
    const kept = known.get(course) ?? keepingPlace(course);
    known.set(course, kept);
    return kept;
  });
}

function levelsOf(
  { order, levels }: { order: readonly number[]; levels: readonly number[] },
  ids: readonly string[],
): string[][] {
  const byLevel: string[][] = [];
  for (const index of order) (byLevel[levels[index] ?? 0] ??= []).push(ids[index] ?? '');
  return byLevel;
}

function temporalOf(
  plan: Plan,
  { graph }: ValidGraph,
  assumed: readonly Assumed[],
  { settings }: PlanFacts,
): GraphForecast['temporal'] {
  const given = plan.classes.map((one) => givenInline(one.given));
  const bodyBytes = jsonBytes(
    graph.tasks.map((node, index) => nodeBody(node, given[plan.nodes[index]?.class ?? -1])),
  );
  const split = splitOf(plan, bodyBytes, settings);
  const segments =
    split.pieces === 'segments'
      ? { segments: Math.ceil(plan.nodes.length / split.nodesPerSegment) }
      : {};
  return {
    events: expectedEvents(plan, settings.serverWaitsMs),
    bytes: expectedBytes(plan, bodyBytes),
    split: { ...split, ...segments },
    executionsBelow: assumed.reduce((sum, { below }) => sum + below.executions, 0),
    eventsBelow: assumed.reduce((sum, { below }) => sum + below.events, 0),
  };
}

function countBy<K extends string>(keys: readonly K[]): Partial<Record<K, number>> {
  const counts: Partial<Record<K, number>> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}
