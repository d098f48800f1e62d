/**
 * Validation: everything that is wrong with a graph, at once. The client, `validate` and the worker's `prepare` use this
 * same function; nothing starts unless it finds nothing.
 */
import { fault, type Fault } from './fault.js';
import { isObject, type Json, type JsonObject, type Path } from './json.js';
import { jsonFaults } from './json-faults.js';
import { paramSpecFaults, resolveParams } from './params.js';
import { resolveRetry, RetryOptionsSchema } from './retry-options.js';
import {
  GraphSpecSchema,
  NODE_ID,
  SPEC_LIMITS,
  SubmissionSchema,
  type ParsedGraph,
  type ParsedSubmission,
} from './spec.js';
import { faultsFromZod } from './spec-faults.js';
import { didYouMean, hintBudget } from './suggest.js';
import { templateProblems } from './template.js';
import { MAX_READS } from './budget.js';
import { Ancestors, formatCycle, sortGraph } from './topology.js';

/** What is known of the tasks that a graph names. Without it, task names are not checked. */
export interface KnownTasks {
  names: readonly string[];
  /** What is wrong with an input that holds no expressions; empty when the task takes it. */
  checkInput?(task: string, input: Json): string[];
  hooks?: readonly string[];
}

export interface ValidGraph {
  graph: ParsedGraph;
  submission: ParsedSubmission;
  /** The parameters' values, defaults filled in. */
  params: JsonObject;
  /** For each node, the nodes whose output or status its input names, as indexes. */
  reads: number[][];
  /** For each node, whether its input names a parameter. */
  readsParams: boolean[];
}

/** A node as far as it can be read in a spec that may be refused. */
interface LooseNode {
  index: number;
  id: string;
  dependsOn: string[];
  task: unknown;
  queue: unknown;
  input: unknown;
}

/** The graph, ready to be planned, or every fault found. */
export function validateGraph(
  spec: unknown,
  submission: unknown = {},
  tasks?: KnownTasks,
): { faults: Fault[]; valid?: undefined } | { faults: []; valid: ValidGraph } {
  const foreign = [
    ...jsonFaults(spec, SPEC_LIMITS),
    ...jsonFaults(submission, SPEC_LIMITS, ['submission']),
  ];
  if (foreign.length > 0) return { faults: foreign };
  const parsed = GraphSpecSchema.safeParse(spec);
  const submitted = SubmissionSchema.safeParse(submission ?? {});
  const faults: Fault[] = [];
  if (!parsed.success) faults.push(...faultsFromZod(parsed.error, spec));
  if (!submitted.success) {
    faults.push(
      ...faultsFromZod(submitted.error, submission, 'submission').map((f) => ({
        ...f,
        path: `submission.${f.path}`,
      })),
    );
  }
  const shape = checkShape(spec, submission, tasks);
  faults.push(...shape.faults);
  const given = submitted.success ? (submitted.data.params ?? {}) : {};
  const resolved =
    parsed.success && shape.paramsSound
      ? resolveParams(parsed.data.params, given)
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
): { faults: Fault[]; reads: number[][]; readsParams: boolean[]; paramsSound: boolean } {
  if (!isObject(spec)) return { faults: [], reads: [], readsParams: [], paramsSound: false };
  const list = Array.isArray(spec['tasks']) ? spec['tasks'] : [];
  const queue = optionsQueue(submission, 'options') ?? optionsQueue(spec, 'defaults');
  const nodes = list.map((node, index) => looseNode(node, index, queue));
  const paramSpecs = isObject(spec['params']) ? spec['params'] : {};
  const params = paramSpecFaults(paramSpecs);
  const faults: Fault[] = [
    ...params,
    ...hookFaults(spec['hooks'], tasks),
    ...retryFaults(spec, list),
  ];
  if (nodes.length > SPEC_LIMITS.nodes) {
    faults.push(
      fault(['tasks'], 'TOO_LARGE', `${nodes.length} tasks; the limit is ${SPEC_LIMITS.nodes}`),
    );
  }
  const indexOf = new Map<string, number>();
  for (const node of nodes) faults.push(...identityFaults(node, indexOf));
  const hints = hintBudget();
  const dependsOn = nodes.map((node) => dependencyIndexes(node, indexOf, faults, hints));
  const sorted = sortGraph(dependsOn);
  const ids = nodes.map((node) => node.id);
  if ('cycles' in sorted) faults.push(...sorted.cycles.map((cycle) => cycleFault(cycle, ids)));
  const data = new DataFlow(indexOf, Object.keys(paramSpecs), new Ancestors(dependsOn), faults);
  for (const node of nodes) {
    faults.push(...taskFaults(node, tasks));
    data.check(node, tasks);
  }
  return {
    faults,
    reads: data.reads,
    readsParams: data.readsParams,
    paramsSound: params.length === 0,
  };
}

/** The queue that options for many nodes name. */
function optionsQueue(value: unknown, field: 'options' | 'defaults'): unknown {
  const options = isObject(value) ? value[field] : undefined;
  return isObject(options) ? options['queue'] : undefined;
}

function looseNode(value: unknown, index: number, queue: unknown): LooseNode {
  const node = isObject(value) ? value : {};
  const dependsOn = Array.isArray(node['dependsOn']) ? node['dependsOn'] : [];
  return {
    index,
    id: typeof node['id'] === 'string' ? node['id'] : '',
    dependsOn: dependsOn.map((item) => (typeof item === 'string' ? item : '')),
    task: node['task'],
    queue: node['queue'] ?? queue,
    input: node['input'],
  };
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
      faults.push(fault(path, 'UNKNOWN_DEPENDENCY', `unknown task ${JSON.stringify(id)}`, hint));
    } else if (found.has(index)) {
      faults.push(fault(path, 'DUPLICATE_ID', `${JSON.stringify(id)} is listed twice`));
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

function taskFaults(node: LooseNode, tasks: KnownTasks | undefined): Fault[] {
  const { task, index } = node;
  if (typeof task !== 'string' || task === '') return []; // the schema says so
  if (task === 'default' || task.startsWith('tempograph.')) {
    return [
      fault(
        ['tasks', index, 'task'],
        'UNKNOWN_TASK',
        `${JSON.stringify(task)} is a name of our own`,
        'name one of your tasks',
      ),
    ];
  }
  // A node with a queue of its own may name a task that only the workers of that queue know.
  if (!tasks || tasks.names.includes(task) || typeof node.queue === 'string') return [];
  const hint =
    didYouMean(task, tasks.names) ??
    'no worker that was asked has it; define it there, or correct the name';
  return [
    fault(['tasks', index, 'task'], 'UNKNOWN_TASK', `unknown task ${JSON.stringify(task)}`, hint),
  ];
}

function hookFaults(hooks: unknown, tasks: KnownTasks | undefined): Fault[] {
  const known = tasks?.hooks;
  if (!known || !isObject(hooks)) return [];
  return (['pre', 'post'] as const).flatMap((kind) => {
    const names: unknown[] = Array.isArray(hooks[kind]) ? hooks[kind] : [];
    return names.flatMap((name, position) =>
      typeof name !== 'string' || known.includes(name)
        ? []
        : [
            fault(
              ['hooks', kind, position],
              'UNKNOWN_HOOK',
              `unknown hook ${JSON.stringify(name)}`,
              didYouMean(name, known) ?? 'register it in the worker',
            ),
          ],
    );
  });
}

/** Fields of one retry option that contradict each other. */
function retryFaults(spec: Record<string, unknown>, list: readonly unknown[]): Fault[] {
  const places: [(string | number)[], unknown][] = [
    [['defaults', 'retry'], isObject(spec['defaults']) ? spec['defaults']['retry'] : undefined],
  ];
  list.forEach((node, index) =>
    places.push([['tasks', index, 'retry'], isObject(node) ? node['retry'] : undefined]),
  );
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

function tooManyReads(count: number, path: Path): Fault {
  const hint = 'gather them in steps, some hundred at a time';
  return fault(path, 'TOO_LARGE', `reads ${count} tasks; the limit is ${MAX_READS}`, hint);
}

/** Checks what the nodes' inputs read, and remembers it. */
class DataFlow {
  readonly reads: number[][] = [];
  readonly readsParams: boolean[] = [];
  private readonly hints = hintBudget();

  constructor(
    private readonly indexOf: ReadonlyMap<string, number>,
    private readonly params: readonly string[],
    private readonly ancestors: Ancestors,
    private readonly faults: Fault[],
  ) {}

  check(node: LooseNode, tasks: KnownTasks | undefined): void {
    const path = ['tasks', node.index, 'input'];
    const { template, problems } = templateProblems((node.input ?? null) as Json, path);
    for (const { path: at, message } of problems) {
      const hint = this.hints(() => this.hyphenHint(message));
      this.faults.push(fault(at, 'EXPRESSION', message, hint));
    }
    const { references } = template;
    if (references.dynamic) {
      this.faults.push(
        fault(
          path,
          'EXPRESSION',
          'tasks and params must be indexed by a name that stands in the expression',
          `for example tasks["${[...this.indexOf.keys()][0] ?? 'a'}"].output`,
        ),
      );
    }
    this.readsParams[node.index] = references.params.length > 0;
    this.reads[node.index] = references.tasks.flatMap((id) => this.referenced(node, id, path));
    if (references.tasks.length > MAX_READS)
      this.faults.push(tooManyReads(references.tasks.length, path));
    for (const name of references.params)
      if (!this.params.includes(name)) this.unknownParam(name, path);
    const constant =
      problems.length === 0 &&
      references.tasks.length === 0 &&
      references.params.length === 0 &&
      !references.dynamic;
    if (
      constant &&
      typeof node.task === 'string' &&
      tasks?.checkInput &&
      !JSON.stringify(node.input ?? null).includes('${{')
    ) {
      const wrong = tasks.checkInput(node.task, (node.input ?? null) as Json);
      this.faults.push(...wrong.map((message) => fault(path, 'INPUT_INVALID', message)));
    }
  }

  private referenced(node: LooseNode, id: string, path: (string | number)[]): number[] {
    const index = this.indexOf.get(id);
    if (index === undefined) {
      this.faults.push(
        fault(
          path,
          'UNKNOWN_REFERENCE',
          `reads tasks.${id}, but there is no such task`,
          this.hints(() => this.referenceHint(id)),
        ),
      );
      return [];
    }
    if (!this.ancestors.has(node.index, index)) {
      const hint =
        index === node.index
          ? 'a task cannot read itself'
          : `add ${JSON.stringify(id)} to dependsOn`;
      this.faults.push(
        fault(
          path,
          'NOT_AN_ANCESTOR',
          `reads tasks[${JSON.stringify(id)}], which ${JSON.stringify(node.id)} does not wait for`,
          hint,
        ),
      );
    }
    return [index];
  }

  private referenceHint(id: string): string | undefined {
    const longer = [...this.indexOf.keys()].find(
      (other) => other.startsWith(`${id}-`) || other.startsWith(`${id}.`),
    );
    return longer === undefined ? didYouMean(id, this.indexOf.keys()) : quotedHint(longer);
  }

  /** `tasks.lines-1.output` is a subtraction in CEL: the usual reason for an expression that makes no sense. */
  private hyphenHint(message: string): string | undefined {
    const meant = [...this.indexOf.keys()].find(
      (id) => id.includes('-') && message.includes(`tasks.${id}`),
    );
    return meant === undefined ? undefined : quotedHint(meant);
  }

  private unknownParam(name: string, path: (string | number)[]): void {
    const hint = this.hints(() => didYouMean(name, this.params)) ?? 'declare it under params';
    this.faults.push(
      fault(path, 'UNKNOWN_PARAM', `reads params.${name}, which the graph does not declare`, hint),
    );
  }
}

const quotedHint = (id: string): string =>
  `an id with "-" or "." is written tasks[${JSON.stringify(id)}]`;
