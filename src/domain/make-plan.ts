/** Makes a plan of a valid graph: every option of every node settled. */
import { SpecInvalidError } from './errors.js';
import { fault, type Fault } from './fault.js';
import { cachePolicy } from './cache.js';
import { chooseRunner, RUNNER_CHOICE, type RunnerChoice } from './choose-runner.js';
import type { Circuit, CircuitSettings } from './circuit.js';
import type { Compensate } from './compensation.js';
import { NO_LIST } from './container-network.js';
import { grantsOf } from './grants.js';
import type { Path } from './json.js';
import { GivenBook } from './given.js';
import { kindOf, taskOf, type NodeKind } from './node-kind.js';
import { layersOf, OPTION_LAYERS, pickFrom, type Layers } from './option-layers.js';
import type { EffectiveOptions, NodeClass, Plan, PlanNode, RunClass, UndoClass } from './plan.js';
import { PlanCircuits } from './plan-circuits.js';
import { PlanLimits } from './plan-limits.js';
import { limitsOf, PROGRAM_TIMEOUT_MS, programOf, type ProgramKind } from './program.js';
import { resolveRetry } from './retry-options.js';
import type { Defaults, ParsedGraph, TaskOptions } from './spec.js';
import type { ValidGraph } from './validate.js';

/** What the worker's registry says of a task. */
export interface TaskFacts {
  version: string;
  options: Defaults;
  postHooks: boolean;
  postHooksOnSkipped: boolean;
  /** Its attempts end elsewhere. */
  external?: boolean;
  /** It runs in the worker's own process. */
  inProcess?: boolean;
  /** A thread or process can load its module. Older workers do not tell. */
  loadable?: boolean;
  /** It was quick of late, as `quick-rule.ts` has it. */
  quick?: boolean;
}

export interface PlanContext {
  task(name: string): TaskFacts | undefined;
  /** Hooks of the worker and of the graph that run for every node. */
  postHooks: boolean;
  postHooksOnSkipped: boolean;
  /** Options from the settings, weaker than a definition's. */
  settings?: TaskOptions;
  /** What the workers may and have. Default {@link RUNNER_CHOICE}. */
  runners?: RunnerChoice;
  /** Circuits that the settings define, by name. */
  circuits?: Readonly<Record<string, CircuitSettings>>;
}

/** The library's own defaults, the weakest layer. */
export const DEFAULT_OPTIONS = {
  priority: 'MEDIUM',
  timeoutMs: 3_600_000,
  heartbeatTimeoutMs: 30_000,
  queueTimeoutMs: 24 * 3_600_000,
  maxLostWorkers: 3,
} as const;

/** What the server takes, in milliseconds. */
const HEARTBEAT_LEAST_MS = 1_000;

/** Those that say it for many. */
const FOR_ALL: ReadonlySet<unknown> = new Set(['defaults', 'settings']);

/** What the layers say together, each field by the strongest that says it. */
function mergedFrom<K extends 'resources' | 'security'>(layers: Layers, key: K): TaskOptions[K] {
  const said = layers.flatMap((layer) => layer?.[key] ?? []);
  return said.length === 0 ? undefined : (Object.assign({}, ...said.reverse()) as TaskOptions[K]);
}

/**
 * The effective options out of layers, strongest first: node, submission, the graph's `defaults`, the task's definition,
 * the settings, the library.
 *
 * @param timeoutMs of an attempt, where nothing is said
 * @throws RangeError when merged retry fields contradict each other
 */
export function effectiveOptions(
  layers: Layers,
  timeoutMs: number = DEFAULT_OPTIONS.timeoutMs,
): EffectiveOptions {
  const pick = <K extends keyof TaskOptions>(key: K): TaskOptions[K] => pickFrom(layers, key);
  const queueTimeout = pick('queueTimeout');
  return {
    priority: pick('priority') ?? DEFAULT_OPTIONS.priority,
    retry: resolveRetry(...layers.map((layer) => layer?.retry)),
    timeoutMs: pick('timeout') ?? timeoutMs,
    totalTimeoutMs: pick('totalTimeout') ?? null,
    heartbeatTimeoutMs: Math.max(
      HEARTBEAT_LEAST_MS,
      pick('heartbeatTimeout') ?? DEFAULT_OPTIONS.heartbeatTimeoutMs,
    ),
    queueTimeoutMs: queueTimeout === undefined ? DEFAULT_OPTIONS.queueTimeoutMs : queueTimeout,
    queue: pick('queue') ?? null,
    maxLostWorkers: pick('maxLostWorkers') ?? DEFAULT_OPTIONS.maxLostWorkers,
  };
}

type Node = ParsedGraph['tasks'][number];

/** What holds a node back beside others: its lane of a limit, and its circuit. */
interface Held {
  lane: number | undefined;
  circuit: Circuit | undefined;
}

/** A node's class, where it has no fault, and its JSON. */
interface Settled {
  made: NodeClass | undefined;
  text: string;
}

/** What a node may have without saying how it is run. */
const NOT_HOW: ReadonlySet<string> = new Set([
  ...['id', 'task', 'input', 'dependsOn', 'trigger', 'when', 'allowFailure', 'onCancel'],
  ...['scheduledTime', 'description', 'metadata', 'tags'],
]);

/** Most nodes of a large graph: each is run as any other of its task. */
function saysNothing(node: Node): boolean {
  for (const key in node)
    if (!NOT_HOW.has(key) && node[key as keyof Node] !== undefined) return false;
  return true;
}

/** @throws SpecInvalidError with every node whose options, merged, contradict each other */
export function makePlan(
  { graph, submission, params, reads, readsParams }: ValidGraph,
  context: PlanContext,
): Plan {
  const faults: Fault[] = [];
  const classes: NodeClass[] = [];
  const classOfKey = new Map<string, number>();
  const indexOf = new Map(graph.tasks.map((node, index) => [node.id, index]));
  const limits = new PlanLimits(params, faults);
  // Asked for twice, so that those of a hundred thousand nodes are never there at once.
  const layersOfNode = (node: Node): Layers => layersOf(graph, submission, node, context);
  const given = new GivenBook();
  const circuits = new PlanCircuits(context.circuits ?? {}, faults);
  graph.tasks.forEach((node, index) => circuits.hear(index, layersOfNode(node)));
  const settle = (node: Node, index: number, layers: Layers, held: Held): Settled => {
    const at = ['tasks', index];
    const compensate = pickFrom(layers, 'compensate') || undefined;
    const undoLayers = undoLayersOf(graph, submission.options, node, compensate, context);
    const undo = attempt(
      () => undoOf(compensate, undoLayers, context),
      [...at, 'compensate'],
      faults,
    );
    const made = attempt(() => classOf(node, layers, context, { ...held, undo }), at, faults);
    return { made, text: JSON.stringify(made ?? null) };
  };
  const alike = new Map<string, Settled>();
  const nodes = graph.tasks.map((node, index): PlanNode => {
    const layers = layersOfNode(node);
    const kind = kindOf(node);
    const held: Held = {
      // The items of a map stand in lanes of their own execution.
      lane: kind === 'task' ? limits.lane(pickFrom(layers, 'limit'), index) : undefined,
      circuit: kind === 'task' ? circuits.of(layers, programOf(node)) : undefined,
    };
    const like = saysNothing(node) ? JSON.stringify([node.task, held]) : undefined;
    const known = like === undefined ? undefined : alike.get(like);
    const faulty = faults.length;
    const { made, text } = known ?? settle(node, index, layers, held);
    // What is wrong is told of each, by its place.
    if (like !== undefined && faults.length === faulty) alike.set(like, { made, text });
    const taken = given.of(layers);
    const key = `${taken?.key ?? ''}${text}`;
    let classIndex = classOfKey.get(key);
    if (classIndex === undefined && made) {
      const whole = taken ? { ...made, given: { json: taken.parts } } : made;
      classOfKey.set(key, (classIndex = classes.push(whole) - 1));
    }
    const { scheduledTime } = node;
    return {
      id: node.id,
      dependsOn: node.dependsOn.map((id) => indexOf.get(id) as number),
      class: classIndex ?? 0,
      ...(reads[index]?.length ? { reads: reads[index] } : {}),
      ...(readsParams[index] ? { readsParams: true as const } : {}),
      ...(node.trigger === 'all_success' ? {} : { trigger: node.trigger }),
      ...(node.when === undefined ? {} : { conditional: true as const }),
      ...(node.allowFailure ? { allowFailure: true as const } : {}),
      ...(node.onCancel === 'run' ? { runsOnCancel: true as const } : {}),
      ...(typeof scheduledTime === 'number' ? { startDelayMs: scheduledTime } : {}),
      ...(typeof scheduledTime === 'string' ? { notBefore: Date.parse(scheduledTime) } : {}),
    };
  });
  if (faults.length > 0) throw new SpecInvalidError(faults);
  const { name, version, concurrency, onFailure, deadline } = graph;
  return {
    name,
    version,
    concurrency,
    onFailure,
    ...(deadline === undefined ? {} : { deadlineMs: deadline }),
    ...(classes.some((one) => one.undo) ? { compensation: graph.compensation } : {}),
    classes,
    nodes,
    ...limits.planned(),
  };
}

function classOf(
  node: Node,
  layers: Layers,
  context: PlanContext,
  { lane, circuit, undo }: Held & { undo: UndoClass | undefined },
): NodeClass {
  const kind = kindOf(node);
  if (kind !== 'task') return { ...classOfKind(kind, node, layers), ...(undo ? { undo } : {}) };
  const task = taskOf(node);
  const facts = context.task(task);
  const cache = cachePolicy(pickFrom(layers, 'cache'));
  const run = runClass(node, layers, facts, context);
  const options = effectiveOptions(layers, programOf(node) ? PROGRAM_TIMEOUT_MS : undefined);
  const result = pickFrom(layers, 'result');
  const onUnknown = pickFrom(layers, 'onUnknown');
  const expectedMs = pickFrom(layers, 'expectedDuration');
  // One activity for many has no place in a limit for one, no bound of one's own over all attempts, nobody to ask how an
  // attempt of one ended, and nobody who makes a result while others go on.
  const asks = onUnknown !== undefined && onUnknown !== 'retry';
  const alone =
    lane !== undefined || options.totalTimeoutMs !== null || asks || result?.async === true;
  const inProcess = run ? run.runner === 'in-process' : facts?.inProcess;
  const light = inProcess && !facts?.external && !alone && isLight(layers, facts);
  return {
    task,
    taskVersion: facts?.version ?? 'unknown',
    ...options,
    // Nobody beats for it: only its own time can end an attempt.
    ...(facts?.external ? { external: true, heartbeatTimeoutMs: options.timeoutMs } : {}),
    settle: context.postHooks || (facts?.postHooks ?? false),
    settleSkipped: context.postHooksOnSkipped || (facts?.postHooksOnSkipped ?? false),
    ...(lane === undefined ? {} : { lane }),
    ...(circuit === undefined ? {} : { circuit }),
    ...(cache === undefined ? {} : { cache }),
    ...(result === undefined ? {} : { result }),
    ...(onUnknown === undefined || onUnknown === 'retry' ? {} : { onUnknown }),
    ...(light ? { light } : {}),
    ...(run ? { run } : {}),
    ...(expectedMs === undefined ? {} : { expectedMs }),
    ...(undo ? { undo } : {}),
  };
}

function isLight(layers: Layers, facts: TaskFacts | undefined): boolean {
  const said = pickFrom(layers, 'light');
  return said === 'auto' ? facts?.quick === true : said === true;
}

/** A node of which nothing itself is tried: of the options only its priority means anything. */
function classOfKind(kind: Exclude<NodeKind, 'task'>, node: Node, layers: Layers): NodeClass {
  const priority = pickFrom(layers, 'priority');
  const own: TaskOptions = { retry: { strategy: 'NONE' }, ...(priority ? { priority } : {}) };
  return {
    task: taskOf(node),
    taskVersion: '1',
    ...effectiveOptions([own]),
    settle: false,
    settleSkipped: false,
    kind,
  };
}

/**
 * Everything that says something of where what undoes a node runs, and how it is held, strongest first. What a node's own
 * `security` and `resources` say is said of its undo, too: it is the same work, taken back.
 */
export function undoLayersOf(
  graph: ParsedGraph,
  submission: TaskOptions | undefined,
  { resources, security }: ParsedGraph['tasks'][number],
  compensate: Compensate | undefined,
  { settings }: PlanContext,
): Layers {
  if (!compensate || !programOf(compensate)) return [];
  const ofNode: TaskOptions = {
    ...(resources ? { resources } : {}),
    ...(security ? { security } : {}),
  };
  return [compensate, ofNode, submission, graph.defaults, settings];
}

/** @throws Unable where no runner can take it; RangeError when merged retry fields contradict each other */
function undoOf(
  compensate: Compensate | undefined,
  layers: Layers,
  context: PlanContext,
): UndoClass | undefined {
  if (!compensate) return undefined;
  const { retry, timeout, queue } = compensate;
  const isProgram = programOf(compensate) !== undefined;
  const task = taskOf(compensate);
  const facts = isProgram ? undefined : context.task(task);
  const said: TaskOptions = {
    ...(retry === undefined ? {} : { retry }),
    ...(timeout === undefined ? {} : { timeout }),
  };
  // Those of the graph's defaults and of the submission are for the nodes' own work, and so are the node's.
  const options = effectiveOptions(
    [said, facts?.options, context.settings],
    isProgram ? PROGRAM_TIMEOUT_MS : undefined,
  );
  const run = isProgram ? runClass(compensate, layers, undefined, context) : undefined;
  return {
    task,
    taskVersion: facts?.version ?? 'unknown',
    retry: options.retry,
    timeoutMs: options.timeoutMs,
    heartbeatTimeoutMs: options.heartbeatTimeoutMs,
    ...(queue === undefined ? {} : { queue }),
    ...(run ? { run } : {}),
  };
}

/** Where a node's work runs, of a map's each item's; undefined where the definition alone says so. @throws Unable */
export function runClass(
  node: Pick<ParsedGraph['tasks'][number], 'task' | ProgramKind>,
  layers: Layers,
  facts: TaskFacts | undefined,
  { runners = RUNNER_CHOICE }: PlanContext,
): RunClass | undefined {
  const program = programOf(node);
  // What is said for all nodes is said for the programs among them: a handler beside them has asked for nothing.
  const own = program ? layers : layers.filter((_, index) => !FOR_ALL.has(OPTION_LAYERS[index]));
  const resources = mergedFrom(own, 'resources');
  const { permissions = [] } = mergedFrom(own, 'security') ?? {};
  const { level = 'LOW' } = mergedFrom(layers, 'security') ?? {};
  const chosen = chooseRunner(
    {
      ...{ kind: program?.kind ?? 'handler', isolation: pickFrom(layers, 'isolation') },
      ...{ level, permissions, hasResources: resources !== undefined },
      hasRuntime: program?.kind === 'process' && program.process.runtime !== undefined,
    },
    runners,
  );
  if ('refused' in chosen) throw new Unable(chosen.refused);
  const grants = program && grantsOf(program, level, permissions);
  if (grants && 'refused' in grants) throw new Unable(grants.refused);
  const { runner } = chosen;
  if (runner === 'container' && grants && grants.network.length > 0)
    throw new Unable(NO_LIST(grants.network.join(', ')));
  const bare = pickFrom(layers, 'circuit') === false ? { bare: true as const } : {};
  if (program) return { runner, limits: limitsOf(resources), level, permissions, ...bare };
  if (facts?.loadable === false && runner !== 'in-process')
    throw new Unable(
      `task ${JSON.stringify(node.task)} has no module for a ${runner} to load; in its definition write module: import.meta.url, or ask for no isolation, resources and permissions`,
    );
  // It runs there anyway; and of a task that nobody here knows, only what is named is known.
  const isSaid = pickFrom(layers, 'isolation') !== undefined;
  return runner === (facts?.options.isolation ?? 'in-process') || !(facts || isSaid)
    ? undefined
    : { runner };
}

/** No runner can take the node as it was asked. */
export class Unable extends RangeError {}

/** What is made, or undefined and a fault: layers that are sound by themselves may contradict each other. */
function attempt<T>(make: () => T, at: Path, faults: Fault[]): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    if (error instanceof Unable) {
      faults.push(fault(at, 'INVALID_VALUE', error.message, 'see docs/isolation.md'));
      return undefined;
    }
    const hint =
      at.at(-1) === 'compensate'
        ? "compensate, the task's definition and the settings say different things"
        : 'the node, the submission, the defaults and the task say different things';
    faults.push(fault([...at, 'retry'], 'RETRY', error.message, hint));
    return undefined;
  }
}
