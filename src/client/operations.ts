/**
 * Named operations, one after another or several at once, with their results by name (D5). They are a graph on
 * Temporal: sequential is a chain, parallel a graph without edges whose concurrency is `maxWorkers`. So they survive
 * their caller, and can be watched and cancelled like any execution.
 */
import { availableParallelism } from 'node:os';
import { SpecInvalidError, TaskError } from '../domain/errors.js';
import { fault, type Fault } from '../domain/fault.js';
import { jsonFaults } from '../domain/json-faults.js';
import { getOwn, isObject, preview, setOwn } from '../domain/json.js';
import type { RetryInput } from '../domain/retry-options.js';
import { NODE_ID, SUBMISSION_LIMITS, type GraphSpec } from '../domain/spec.js';
import { isFailure } from '../domain/status.js';
import { makeReport, type TaskReport } from '../domain/task-report.js';
import type { AnyTask } from '../registry.js';
import { nameOf } from './batch-items.js';
import { assertOptions } from './expected.js';
import { follow } from './follow.js';
import type { ExecutionHandle } from './handle.js';
import { cloneable } from './operation-params.js';
import { OperationTracker, type ProgressOptions } from './operation-progress.js';
import { OperationTeller, type OperationsReporter } from './operation-reporter.js';
import { refusals } from './operation-refusals.js';
import { NOT_RUN, resultOfNode, withoutPool, type OperationResults } from './operation-result.js';
import { operationReport } from './report.js';
import type { ExecutionResult, NodeResult } from './result.js';
import type { GraphSubmitOptions, SubmitOptions } from './submission.js';

/** A task with a name of its own among others. */
export interface Operation {
  /** Unique among the operations. */
  name: string;
  task: string | AnyTask;
  /** The task's input, over `commonParams`. */
  params?: Record<string, unknown>;
}

/** How operations run, and what all of them have in common. */
export interface OperationsOptions extends Omit<SubmitOptions, 'scheduledTime'>, ProgressOptions {
  /** Default sequential. */
  mode?: 'sequential' | 'parallel';
  /** Operations that run at once where `mode` is parallel. Default: CPUs − 1, at least 1; at most 1,000. */
  maxWorkers?: number;
  /** Go on after a failure. Default false: what has not started is SKIPPED, what runs in parallel is cancelled. */
  continueOnError?: boolean;
  /** Part of every operation's input; its own params win. */
  commonParams?: Record<string, unknown>;
  /** Default EXPONENTIAL_BACKOFF: 3 retries after 1 s, 2 s and 4 s, at most 60 s, ± 25 %; `unknownErrors` is fail. */
  retry?: RetryInput;
  /** Told of each start and end, and at last of the whole, with all that `engine.report` gives. */
  reporter?: OperationsReporter;
}

/** What is needed of an engine. */
export interface GraphScheduler {
  scheduleTaskGraph(graph: GraphSpec, options: GraphSubmitOptions): Promise<ExecutionHandle>;
}

/** D's defaults. Weaker than the `retry` option, stronger than a task's own. */
export const OPERATION_RETRY = {
  strategy: 'EXPONENTIAL_BACKOFF',
  maxRetries: 3,
  delay: '1s',
  factor: 2,
  maxDelay: '60s',
  jitter: 0.25,
  unknownErrors: 'fail',
} as const satisfies RetryInput;

/** An operation with the id of its node and its whole input. */
interface Step {
  operation: Operation;
  id: string;
  input: unknown;
}

/**
 * Runs operations and waits for all of them; a failed one is a result, not an exception.
 *
 * Where no thread or process can be started, or params do not survive a structured clone, what has not started runs
 * one after another (such params as their JSON), and their results have a warning that says why.
 *
 * @throws SpecInvalidError for a name that repeats, or a task that there is not where failures stop the others; TaskStateError for an id that already ran
 */
export async function executeOperations(
  engine: GraphScheduler,
  operations: readonly Operation[],
  options: OperationsOptions = {},
): Promise<OperationResults> {
  assertUsable(operations, options);
  const results: OperationResults = {};
  if (operations.length === 0) return results;
  const { inputs, faults } = inputsOf(operations, options);
  assertJson(inputs);
  const ids = idsOf(operations);
  const steps = operations.map((operation, at) => ({
    operation,
    id: ids[at] ?? '',
    input: inputs[at],
  }));
  const parallel = options.mode === 'parallel' && faults.length === 0;
  const warnings = options.mode === 'parallel' ? faults : [];
  const tracker = new OperationTracker(operations.length, options);
  for (const { operation } of steps) setOwn(results, operation.name, NOT_RUN); // fixes the order
  const teller = new OperationTeller(options.reporter);
  const ended: ExecutionResult[] = [];
  const run = async (part: readonly Step[], inParallel: boolean, id?: string): Promise<void> => {
    const how = { ...options, inParallel, id, tracker, teller };
    const { result, thrown } = await refusable(runGraph(engine, part, how));
    const refused = options.continueOnError
      ? refusals(thrown?.faults ?? faultsOf(result))
      : undefined;
    if (thrown && !refused) throw thrown;
    if (result) ended.push(result);
    part.forEach(({ operation, id: node }, at) => {
      const own =
        result && !refused ? resultOfNode(node, result, warnings) : (refused?.get(at) ?? NOT_RUN);
      setOwn(results, operation.name, own);
    });
    const others = refused ? part.filter((_step, at) => !refused.has(at)) : [];
    if (others.length === 0) return;
    tracker.again(others.length);
    // What a worker has refused has taken the id.
    await run(others, inParallel, thrown ? id : id && `${id}-others`);
  };
  await run(steps, parallel, options.executionId);
  const left = parallel ? leftBehind(steps, results, options) : [];
  if (left.length > 0) {
    const first = left.find(({ operation }) => withoutPool(getOwn(results, operation.name)));
    warnings.push(sequentially(getOwn(results, first?.operation.name ?? '')?.error?.message ?? ''));
    tracker.again(left.length);
    const { executionId } = options;
    await run(left, false, executionId && `${executionId}-one-by-one`);
  }
  tracker.end();
  if (teller.isHeard) await teller.end(reportOf(steps, results, ended));
  return results;
}

/** The result of a graph, or what the client refuses it for. */
async function refusable(
  ran: Promise<ExecutionResult>,
): Promise<{ result?: ExecutionResult; thrown?: SpecInvalidError }> {
  try {
    return { result: await ran };
  } catch (error) {
    if (error instanceof SpecInvalidError) return { thrown: error };
    throw error;
  }
}

/** What a worker refused it for: the names of tasks, which only workers know. */
function faultsOf(result: ExecutionResult | undefined): unknown {
  const details = result?.status === 'REJECTED' ? result.error?.details : undefined;
  return isObject(details) ? details['faults'] : undefined;
}

const sequentially = (why: string): string =>
  `${why}; ran one after another instead of in parallel`;

interface RunOptions extends OperationsOptions {
  inParallel: boolean;
  id: string | undefined;
  tracker: OperationTracker;
  teller: OperationTeller;
}

async function runGraph(
  engine: GraphScheduler,
  steps: readonly Step[],
  { inParallel, id, tracker, teller, ...options }: RunOptions,
): Promise<ExecutionResult> {
  const { mode, maxWorkers, continueOnError, commonParams, onProgress, ...rest } = options;
  const { description, unit, executionId, reporter, ...submission } = rest;
  void [mode, commonParams, description, unit, executionId, reporter];
  const params = Object.fromEntries(
    steps.flatMap(({ input }, at) => (input === undefined ? [] : [[`p${at}`, input]])),
  ) as Record<string, unknown>;
  const spec: GraphSpec = {
    name: 'operations',
    concurrency: inParallel ? (maxWorkers ?? Math.max(1, availableParallelism() - 1)) : 1,
    onFailure: inParallel && !continueOnError ? 'failFast' : 'continue',
    defaults: { retry: OPERATION_RETRY },
    // Inputs go as parameters: they are data, and one that a task refuses is only that operation's end.
    params: Object.fromEntries(Object.keys(params).map((name) => [name, {}])),
    tasks: steps.map(({ operation: { task }, id: node, input }, at) => ({
      id: node,
      task: nameOf(task),
      ...(input === undefined ? {} : { input: `\${{ params.p${at} }}` }),
      ...(inParallel || at === 0
        ? {}
        : {
            dependsOn: [steps[at - 1]?.id ?? ''],
            trigger: continueOnError ? ('all_done' as const) : ('all_success' as const),
          }),
    })),
  };
  const handle = await engine.scheduleTaskGraph(spec, {
    ...submission,
    params,
    ...(id === undefined ? {} : { executionId: id }),
  });
  if (!onProgress && !teller.isHeard) return await handle.result();
  const names = new Map(steps.map(({ operation, id: node }) => [node, operation.name]));
  return await follow(handle, async (update) => {
    tracker.see(update.counts);
    await teller.see(
      handle,
      update,
      (node) => names.get(node),
      (one) => !withoutPool(one),
    );
  });
}

function assertUsable(operations: readonly Operation[], options: OperationsOptions): void {
  if (!Array.isArray(operations))
    throw new TaskError(
      'CONFIGURATION',
      `executeOperations: expected a list of { name, task, params }, got ${preview(operations)}`,
    );
  assertOptions('executeOperations', options);
  const { maxWorkers = 1 } = options;
  const seen = new Set<string>();
  const faults: Fault[] = Array.from(operations as unknown[]).flatMap((operation, at) => {
    const path = ['operations', at, 'name'];
    if (!isObject(operation))
      return [
        fault(
          ['operations', at],
          'INVALID_TYPE',
          `expected { name, task, params }, got ${preview(operation)}`,
        ),
      ];
    const { name } = operation;
    if (typeof name !== 'string' || name === '')
      return [fault(path, 'INVALID_TYPE', 'must be a text that is not empty')];
    if (seen.has(name))
      return [
        fault(path, 'DUPLICATE_ID', `${JSON.stringify(name)} is the name of another operation`),
      ];
    seen.add(name);
    return [];
  });
  if (!Number.isInteger(maxWorkers) || maxWorkers < 1 || maxWorkers > 1_000) {
    const message = `expected a whole number from 1 to 1,000, got ${preview(maxWorkers)}`;
    faults.push(fault(['maxWorkers'], 'INVALID_VALUE', message));
  }
  if (faults.length > 0) throw new SpecInvalidError(faults, 'operations');
}

/** Node ids: the names, where they can be. */
function idsOf(operations: readonly Operation[]): string[] {
  const taken = new Set(operations.map(({ name }) => name));
  return operations.map(({ name }, at) => {
    if (NODE_ID.test(name)) return name;
    let id = `operation-${at + 1}`;
    while (taken.has(id)) id += '_';
    taken.add(id);
    return id;
  });
}

function inputsOf(
  operations: readonly Operation[],
  { commonParams }: OperationsOptions,
): { inputs: unknown[]; faults: string[] } {
  const faults: string[] = [];
  const inputs = operations.map(({ name, params }) => {
    if (!params && !commonParams) return undefined;
    const { value, lost } = cloneable({ ...commonParams, ...params });
    for (const place of lost)
      faults.push(
        sequentially(
          `operation ${JSON.stringify(name)}: ${place} does not survive a structured clone and was taken as its JSON`,
        ),
      );
    return value;
  });
  return { inputs, faults };
}

/** @throws SpecInvalidError naming the operation and the place in its params */
function assertJson(inputs: readonly unknown[]): void {
  const faults = inputs.flatMap((input, at) =>
    jsonFaults(input, SUBMISSION_LIMITS, ['operations', at, 'params']),
  );
  if (faults.length > 0) throw new SpecInvalidError(faults, 'operations');
}

/** The report of all of them, over both graphs where there are two: of each operation, what it came to at last. */
function reportOf(
  steps: readonly Step[],
  results: OperationResults,
  ended: readonly ExecutionResult[],
): TaskReport {
  const [first, last = first] = [ended[0], ended.at(-1)];
  const operations = steps.map(({ operation: { name, task }, id }) => {
    const { executionId = '', nodes = {} } = ended.findLast((one) => getOwn(one.nodes, id)) ?? {};
    const { output: _output, ok: _ok, ...result } = getOwn(results, name) ?? NOT_RUN;
    const node = getOwn<NodeResult>(nodes, id);
    const artifacts = node?.artifacts ?? [];
    return operationReport(`${executionId}/${id}`, name, {
      ...{ task: nameOf(task), reason: node?.reason ?? null },
      ...{ attemptHistory: node?.attemptHistory ?? [], cached: node?.cached ?? false },
      ...{ reused: node?.reused ?? null, environment: node?.environment ?? null },
      ...{ ...result, artifacts },
      ...{ startedAt: node?.startedAt ?? null, endedAt: node?.endedAt ?? null },
      durationMs: node?.durationMs ?? null,
    });
  });
  const failed = operations.some(({ status }) => isFailure(status));
  const { executionId = '', startedAt = null, status = 'FAILED' as const } = first ?? {};
  const endedAt = last?.endedAt ?? null;
  return makeReport({
    ...{ executionId, name: 'operations', operations, startedAt, endedAt, warnings: [] },
    status: failed && ended.length > 1 ? 'FAILED' : (last?.status ?? status),
    durationMs: startedAt && endedAt ? Date.parse(endedAt) - Date.parse(startedAt) : null,
    createdAt: new Date().toISOString(),
    error: last?.error ?? null,
  });
}

/** The operations that no thread or process could be started for, and those not begun because of them. */
function leftBehind(
  steps: readonly Step[],
  results: OperationResults,
  { continueOnError = false }: OperationsOptions,
): Step[] {
  const all = steps.map((step) => ({
    step,
    result: getOwn(results, step.operation.name) ?? NOT_RUN,
  }));
  if (!all.some(({ result }) => withoutPool(result))) return [];
  const stops = all.some(({ result }) => isFailure(result.status) && !withoutPool(result));
  if (stops && !continueOnError) return [];
  return all
    .filter(({ result }) => withoutPool(result) || result.status === 'SKIPPED')
    .map(({ step }) => step);
}
