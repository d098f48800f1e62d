/**
 * Validation: everything that is wrong with a graph, at once. The client, `validate` and the worker's `prepare` use this
 * same function; nothing starts unless it finds nothing.
 */
import { append } from './append.js';
import { circuitFaults } from './circuit-faults.js';
import { specNameFaults } from './clean-name.js';
import { DataFlow } from './data-flow.js';
import { fault, type Fault } from './fault.js';
import { isObject, preview, type JsonObject, type Path } from './json.js';
import { jsonFaults } from './json-faults.js';
import type { KnownTasks } from './known-tasks.js';
import { limitFaults } from './limit-faults.js';
import { looseNode, type LooseNode } from './loose-node.js';
import { kindFaults } from './node-kind-faults.js';
import { takesUndo } from './option-layers.js';
import { paramSpecFaults, resolveParams, wrappedParams } from './params.js';
import { parseGraph } from './parse-graph.js';
import { resolveRetry, RetryOptionsSchema } from './retry-options.js';
import {
  GraphSpecSchema,
  NODE_ID,
  SPEC_LIMITS,
  SUBMISSION_LIMITS,
  SubmissionSchema,
  TASK_NAME,
  TASK_NAME_WORDS,
  type ParamSpec,
  type ParsedGraph,
  type ParsedSubmission,
} from './spec.js';
import { faultsFromZod } from './spec-faults.js';
import { didYouMean, hintBudget } from './suggest.js';
import { Ancestors, formatCycle, sortGraph } from './topology.js';
import { undoFaults } from './undo-faults.js';
import { visible } from './visible-text.js';

export type { KnownTasks } from './known-tasks.js';

export interface ValidGraph {
  graph: ParsedGraph;
  submission: ParsedSubmission;
  /** The parameters' values, defaults filled in. */
  params: JsonObject;
  /** For each node, the nodes whose output or status its input or its condition names, as indexes. */
  reads: number[][];
  /** For each node, whether its input or its condition names a parameter. */
  readsParams: boolean[];
}

/** Where a graph stands: by itself, or so many graphs below one that does, with parameters that only its run knows. */
interface Place {
  depth: number;
  paramsUnknown?: true;
}

/**
 * The graph, ready to be planned, or every fault found, those of its sub-graphs too.
 *
 * @param place where it is not a graph by itself
 */
export function validateGraph(
  spec: unknown,
  submission: unknown = {},
  tasks?: KnownTasks,
  place: Place = { depth: 0 },
): { faults: Fault[]; valid?: undefined } | { faults: []; valid: ValidGraph } {
  const foreign = [
    ...jsonFaults(spec, SPEC_LIMITS),
    ...jsonFaults(submission, SUBMISSION_LIMITS, ['submission']),
  ];
  if (foreign.length > 0) return { faults: foreign };
  const wrapped = isObject(spec) ? wrappedParams(spec['params']) : undefined;
  if (wrapped) {
    const meant = { ...(spec as object), params: wrapped.meant };
    return { faults: [wrapped.fault, ...validateGraph(meant, submission, tasks, place).faults] };
  }
  // Before the spec is read once more by its schema, so that of a large one only one of the two readings is in memory.
  const shape = checkShape(spec, submission, tasks, place);
  const parsed = parseGraph(spec);
  const submitted = SubmissionSchema.safeParse(submission ?? {});
  const faults: Fault[] = [];
  if (!parsed.success) append(faults, faultsFromZod(parsed.error, spec));
  if (!submitted.success) {
    faults.push(
      ...faultsFromZod(submitted.error, submission, 'submission').map((f) => ({
        ...f,
        path: f.path === '(root)' ? 'submission' : `submission.${f.path}`,
      })),
    );
  }
  append(faults, shape.faults);
  const specs = parsed.success ? parsed.data.params : paramSpecsOf(spec);
  const given = submitted.success ? (submitted.data.params ?? {}) : givenOf(submission);
  const resolved =
    specs && given && shape.paramsSound && !place.paramsUnknown
      ? resolveParams(specs, given)
      : { params: {}, faults: [] };
  faults.push(...resolved.faults);
  if (faults.length > 0 || !parsed.success || !submitted.success) return { faults: dedupe(faults) };
  return {
    faults: [],
    valid: {
      graph: parsed.data,
      submission: submitted.data,
      params: resolved.params,
      reads: shape.reads,
      readsParams: shape.readsParams,
    },
  };
}

/** The parameters of a spec that has faults elsewhere; undefined where theirs is the fault. */
function paramSpecsOf(spec: unknown): Readonly<Record<string, ParamSpec>> | undefined {
  if (!isObject(spec)) return undefined;
  const parsed = GraphSpecSchema.shape.params.safeParse(spec['params']);
  return parsed.success ? parsed.data : undefined;
}

/** The values in a submission that has faults elsewhere; undefined where theirs is the fault. */
function givenOf(submission: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isObject(submission)) return undefined;
  const parsed = SubmissionSchema.shape.params.safeParse(submission['params']);
  return parsed.success ? (parsed.data ?? {}) : undefined;
}

function dedupe(faults: Fault[]): Fault[] {
  const seen = new Set<string>();
  return faults.filter((f) => {
    const key = `${f.path}\n${f.code}\n${f.message}`;
    return seen.has(key) ? false : seen.add(key);
  });
}

/** Everything that the schema cannot say. Reads leniently, so that these faults stand beside the schema's. */
function checkShape(
  spec: unknown,
  submission: unknown,
  tasks: KnownTasks | undefined,
  { depth }: Place,
): { faults: Fault[]; reads: number[][]; readsParams: boolean[]; paramsSound: boolean } {
  if (!isObject(spec)) return { faults: [], reads: [], readsParams: [], paramsSound: false };
  // A hole in the list is a node that is undefined: `map` would leave it out, and count wrongly.
  const list: unknown[] = Array.isArray(spec['tasks']) ? Array.from(spec['tasks']) : [];
  const queue = optionFor(submission, 'options', 'queue') ?? optionFor(spec, 'defaults', 'queue');
  const result =
    optionFor(submission, 'options', 'result') ?? optionFor(spec, 'defaults', 'result');
  const nodes = list.map((node, index) => looseNode(node, index, { queue, result }));
  const paramSpecs = isObject(spec['params']) ? spec['params'] : {};
  const params = paramSpecFaults(paramSpecs);
  const faults: Fault[] = [
    ...params,
    ...hookFaults(spec['hooks'], tasks),
    // A rerun has the names of the execution that it repeats, and that one may be older than the rule.
    ...(isObject(submission) && submission['rerun'] ? [] : specNameFaults(spec, list)),
    ...retryFaults(spec, list, submission),
    ...limitFaults(spec, list, submission),
    ...circuitFaults(spec, list, submission),
  ];
  if (nodes.length > SPEC_LIMITS.nodes) {
    faults.push(
      fault(
        ['tasks'],
        'TOO_LARGE',
        `${nodes.length.toLocaleString('en')} tasks; the limit is ${SPEC_LIMITS.nodes.toLocaleString('en')}`,
      ),
    );
  }
  const indexOf = new Map<string, number>();
  for (const node of nodes) faults.push(...identityFaults(node, indexOf));
  const hints = hintBudget();
  const dependsOn = nodes.map((node) => dependencyIndexes(node, indexOf, faults, hints));
  const sorted = sortGraph(dependsOn);
  const ids = nodes.map((node) => node.id);
  if ('cycles' in sorted)
    append(
      faults,
      sorted.cycles.map((cycle) => cycleFault(cycle, ids)),
    );
  const data = new DataFlow(
    nodes,
    indexOf,
    Object.keys(paramSpecs),
    new Ancestors(dependsOn),
    faults,
  );
  const undo = optionFor(spec, 'defaults', 'compensate');
  append(faults, undoFaults(undo, ['defaults', 'compensate']));
  append(faults, undoNameFaults(['defaults', 'compensate'], undo, tasks));
  const kind = isObject(submission) ? submission['kind'] : undefined;
  const takesDefined = ({ raw = {}, compensate }: LooseNode): boolean =>
    undo === undefined && compensate === undefined && takesUndo(spec, kind, raw);
  const below = (inner: unknown): Fault[] =>
    validateGraph(inner, {}, tasks, { depth: depth + 1, paramsUnknown: true }).faults;
  for (const node of nodes) {
    append(faults, taskFaults(node, tasks, takesDefined(node)));
    append(faults, kindFaults(node, tasks, depth, below));
    append(faults, undoFaults(node.compensate, ['tasks', node.index, 'compensate']));
    data.check(node, tasks);
  }
  return {
    faults,
    reads: data.reads,
    readsParams: data.readsParams,
    paramsSound: params.length === 0,
  };
}

/** What options for many nodes say of one of them. */
function optionFor(
  value: unknown,
  field: 'options' | 'defaults',
  option: 'queue' | 'result' | 'retry' | 'compensate',
): unknown {
  const options = isObject(value) ? value[field] : undefined;
  return isObject(options) ? options[option] : undefined;
}

function identityFaults(node: LooseNode, indexOf: Map<string, number>): Fault[] {
  if (!NODE_ID.test(node.id)) return []; // the schema says so
  const first = indexOf.get(node.id);
  if (first === undefined) {
    indexOf.set(node.id, node.index);
    return [];
  }
  return [
    fault(
      ['tasks', node.index, 'id'],
      'DUPLICATE_ID',
      `${JSON.stringify(node.id)} is already the id of tasks[${first}]`,
      'ids are unique in a graph',
    ),
  ];
}

function dependencyIndexes(
  node: LooseNode,
  indexOf: ReadonlyMap<string, number>,
  faults: Fault[],
  hints: ReturnType<typeof hintBudget>,
): number[] {
  const found = new Set<number>();
  node.dependsOn.forEach((id, position) => {
    const path = ['tasks', node.index, 'dependsOn', position];
    const index = indexOf.get(id);
    if (index === undefined) {
      const hint = hints(() => didYouMean(id, indexOf.keys()));
      faults.push(fault(path, 'UNKNOWN_DEPENDENCY', `unknown task ${preview(id)}`, hint));
    } else if (found.has(index)) {
      faults.push(fault(path, 'DUPLICATE_ID', `${preview(id)} is listed twice`));
    } else found.add(index);
  });
  return [...found];
}

function cycleFault(cycle: readonly number[], ids: readonly string[]): Fault {
  const names = formatCycle(cycle, ids);
  return fault(
    ['tasks', cycle[0] ?? 0, 'dependsOn'],
    'CYCLE',
    `the graph has a cycle: ${names}`,
    'each depends on the next; remove one of these dependencies',
  );
}

/**
 * The tasks that a node names: its own, and those that undo and verify it.
 *
 * @param takesDefined it is undone as its task's definition says
 */
function taskFaults(
  { index, task, queue, compensate, onUnknown }: LooseNode,
  tasks: KnownTasks | undefined,
  takesDefined: boolean,
): Fault[] {
  const at = ['tasks', index];
  const verify = isObject(onUnknown) ? onUnknown['verify'] : undefined;
  const own = nameFaults([...at, 'task'], task, queue, tasks);
  // A node's queue is for its own work: what undoes and verifies it runs on the execution's, unless it says one.
  return [
    ...own,
    ...(takesDefined && own.length === 0 ? definedUndoFaults(at, task, tasks) : []),
    ...undoNameFaults([...at, 'compensate'], compensate, tasks),
    ...nameFaults([...at, 'onUnknown', 'verify'], verify, undefined, tasks),
  ];
}

/** The name of a task that undoes, as `compensate` says it. */
function undoNameFaults(at: Path, compensate: unknown, tasks: KnownTasks | undefined): Fault[] {
  if (!isObject(compensate)) return nameFaults(at, compensate, undefined, tasks);
  return nameFaults([...at, 'task'], compensate['task'], compensate['queue'], tasks);
}

/** The same, of what the definition of the node's task says. */
function definedUndoFaults(at: Path, task: unknown, tasks: KnownTasks | undefined): Fault[] {
  const undo = typeof task === 'string' ? tasks?.undo?.(task) : undefined;
  if (!undo) return [];
  return nameFaults([...at, 'task'], undo.task, undo.queue, tasks).map((one) => ({
    ...one,
    message: `${preview(task)} is undone by its definition's compensate, ${one.message}`,
  }));
}

function nameFaults(
  path: Path,
  task: unknown,
  queue: unknown,
  tasks: KnownTasks | undefined,
): Fault[] {
  if (typeof task !== 'string' || task === '') return []; // the schema says so
  if (!TASK_NAME.test(task))
    return [
      fault(
        path,
        'INVALID_VALUE',
        `no task can have this name: expected ${TASK_NAME_WORDS}, got ${visible(preview(task))}`,
        tasks && didYouMean(task, tasks.names),
      ),
    ];
  if (task === 'default' || task.startsWith('tempograph.'))
    return [
      fault(
        path,
        'UNKNOWN_TASK',
        `${preview(task)} is a name of our own`,
        'name one of your tasks',
      ),
    ];
  // What has a queue of its own may be a task that only the workers of that queue know.
  if (!tasks || tasks.names.includes(task) || typeof queue === 'string') return [];
  const hint =
    didYouMean(task, tasks.names) ??
    'the worker that was asked has no such task; all workers of one task queue must have the same, so define it there or use a task queue of your own';
  return [fault(path, 'UNKNOWN_TASK', `unknown task ${preview(task)}`, hint)];
}

function hookFaults(hooks: unknown, tasks: KnownTasks | undefined): Fault[] {
  const known = tasks?.hooks;
  if (!known || !isObject(hooks)) return [];
  return (['pre', 'post'] as const).flatMap((kind) => {
    const names: unknown[] = Array.isArray(hooks[kind]) ? hooks[kind] : [];
    return names.flatMap((name, position) =>
      typeof name !== 'string' || known[kind].includes(name)
        ? []
        : [
            fault(
              ['hooks', kind, position],
              'UNKNOWN_HOOK',
              `unknown hook ${preview(name)}`,
              didYouMean(name, known[kind]) ?? `register it in the worker's namedHooks.${kind}`,
            ),
          ],
    );
  });
}

/** Fields of one retry option that contradict each other, of what undoes a node too. */
function retryFaults(
  spec: Record<string, unknown>,
  list: readonly unknown[],
  submission: unknown,
): Fault[] {
  const byDefault = optionFor(spec, 'defaults', 'compensate');
  const places: [(string | number)[], unknown][] = [
    [['defaults', 'retry'], optionFor(spec, 'defaults', 'retry')],
    [['defaults', 'compensate', 'retry'], isObject(byDefault) ? byDefault['retry'] : undefined],
    [['submission', 'options', 'retry'], optionFor(submission, 'options', 'retry')],
  ];
  list.forEach((node, index) => {
    if (!isObject(node)) return;
    const { retry, compensate } = node;
    if (retry !== undefined) places.push([['tasks', index, 'retry'], retry]);
    const undo = isObject(compensate) ? compensate['retry'] : undefined;
    if (undo !== undefined) places.push([['tasks', index, 'compensate', 'retry'], undo]);
  });
  return places.flatMap(([path, value]) => {
    if (value === undefined) return [];
    const parsed = RetryOptionsSchema.safeParse(value);
    if (!parsed.success) return []; // the schema says so
    try {
      resolveRetry(parsed.data);
      return [];
    } catch (error) {
      return [fault(path, 'RETRY', (error as Error).message)];
    }
  });
}
