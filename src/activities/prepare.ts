/**
 * The first step of every execution: the spec against the worker's registry. What it answers is pinned for the
 * execution, so a later deployment changes nothing about a graph that runs.
 */
import { markRefused, withoutRefused } from '../domain/batch.js';
import { messageOf, SpecInvalidError, TaskError } from '../domain/errors.js';
import { atLone, fault, type Fault } from '../domain/fault.js';
import { isObject, type Json } from '../domain/json.js';
import { makePlan } from '../domain/make-plan.js';
import type { Plan } from '../domain/plan.js';
import type { GraphSpec } from '../domain/spec.js';
import { isSpecRef } from '../domain/spec-ref.js';
import { validateGraph, type KnownTasks, type ValidGraph } from '../domain/validate.js';
import { definedUndo, planContext, type WorkerFacts } from '../registry-facts.js';
import { inputProblems, type TaskRegistry } from '../registry.js';
import type { CheckAnswer, CheckRequest, RerunAnswer, RerunQuestion } from '../workflows/asks.js';
import type { ExecutionInfo, PrepareRequest, PrepareResult } from '../workflows/requests.js';
import { storeBelow } from './below-specs.js';
import type { Deps } from './deps.js';
import { bounded, pin } from './pin.js';
import { recordRefused } from './record-open.js';
import { loadSpec } from './references.js';
import { planRerun } from './rerun.js';
import { toldOf } from './rerun-told.js';
import { seedOf } from './seed.js';

/** What the registry says of the tasks that a graph names. */
export function knownTasks(registry: TaskRegistry, graph?: KnownTasks['graph']): KnownTasks {
  return {
    names: registry.names,
    ...(graph ? { graph } : {}),
    hooks: registry.hookNames,
    schemas: (name) => {
      const task = registry.get(name);
      return task && registry.schemas(task);
    },
    undo: (name) => definedUndo(registry, name),
    checkInput: (name, input) => {
      const task = registry.get(name);
      return task ? inputProblems(task, input) : [];
    },
  };
}

/** What the worker's settings say of tasks. */
interface PlanSettings extends WorkerFacts {
  graph?: KnownTasks['graph'];
}
type Planned = { faults: Fault[] } | { valid: ValidGraph; plan: Plan };

/** The plan of a spec, or everything that is wrong with it. Nothing is stored. */
export function planSpec(
  registry: TaskRegistry,
  spec: Json,
  submission: Json,
  settings: PlanSettings = {},
): Planned {
  const planned = planWhole(registry, spec, submission, settings);
  if (!('faults' in planned) || !isObject(submission) || submission['kind'] !== 'batch')
    return 'faults' in planned ? { faults: bounded(planned.faults) } : planned;
  const asked = spec as unknown as GraphSpec;
  const rest = withoutRefused(asked, planned.faults);
  const again = rest && planWhole(registry, rest.spec as unknown as Json, submission, settings);
  if (!again || 'faults' in again) return { faults: bounded((again ?? planned).faults) };
  markRefused(again, rest.refused, asked);
  return again;
}

/**
 * {@link planSpec} by this worker. What a schema of a task throws, or a mistake of ours, comes again each time: it is a
 * fault, so that nothing waits for ever, and the worker's log says where.
 *
 * @throws what a file or a store gave, which may pass
 */
export function planHere(deps: Deps, spec: Json, submission: Json): Planned {
  try {
    return planSpec(deps.registry, spec, submission, planSettings(deps));
  } catch (error) {
    if (error instanceof TaskError || isOfSystem(error)) throw error;
    const message = `the worker could not plan it: ${messageOf(error)}`;
    deps.log.error({ err: error }, message);
    return { faults: [fault([], 'ENGINE', message, "the worker's log says where")] };
  }
}

const isOfSystem = (error: unknown): boolean =>
  error instanceof Error && (error as NodeJS.ErrnoException).syscall !== undefined;

function planWhole(
  registry: TaskRegistry,
  spec: Json,
  submission: Json,
  settings: PlanSettings,
): Planned {
  const { faults, valid } = validateGraph(
    spec,
    submission ?? {},
    knownTasks(registry, settings.graph),
  );
  if (!valid) return { faults };
  try {
    return { valid, plan: makePlan(valid, planContext(registry, valid, settings)) };
  } catch (error) {
    if (error instanceof SpecInvalidError) return { faults: [...error.faults] };
    throw error;
  }
}

/** What was submitted, which may be anything. */
function kindOf(submission: Json): ExecutionInfo['kind'] {
  const kind = isObject(submission) ? submission['kind'] : undefined;
  return kind === 'task' || kind === 'batch' ? kind : 'graph';
}

/** What was refused, in a message. */
const subjectOf = (submission: Json): 'task' | 'graph' =>
  kindOf(submission) === 'task' ? 'task' : 'graph';

/** Reads each pipeline once, however many nodes name it; the next question reads it anew. */
function remembering(deps: Deps): Deps {
  const known = new Map<string, ReturnType<Deps['graphs']>>();
  const graphs: Deps['graphs'] = (name) => {
    const found = known.get(name) ?? deps.graphs(name);
    known.set(name, found);
    return found;
  };
  return { ...deps, graphs };
}

/**
 * What was sent, planned, and its name. A function of its own, so that a spec of 100,000 nodes is gone once it is planned:
 * what was read of it is what is used.
 */
async function planSent(
  all: Deps,
  deps: Deps,
  { spec: given, submission, executionId }: PrepareRequest,
): Promise<{ name: string; planned: Planned }> {
  let spec: Json;
  try {
    spec = await loadSpec(all, given);
  } catch (error) {
    if (!(error instanceof TaskError) || error.code !== 'NOT_FOUND') throw error;
    const faults = [fault([], 'INVALID_VALUE', error.message, 'submit it by a client of ours')];
    return { name: '', planned: { faults } };
  }
  const name = isObject(spec) && typeof spec['name'] === 'string' ? spec['name'] : '';
  const found = planHere(deps, spec, submission);
  if (!('faults' in found)) return { name, planned: found };
  // Who sent a task sent no list of them.
  const isLone = kindOf(submission) === 'task';
  const planned = isLone ? { faults: atLone(found.faults) } : found;
  deps.log.warn(
    { executionId, to: 'REJECTED', faults: planned.faults.length },
    new SpecInvalidError(planned.faults, subjectOf(submission)).message,
  );
  return { name, planned };
}

/** @throws SpecInvalidError never: faults are an answer */
export async function prepare(all: Deps, request: PrepareRequest): Promise<PrepareResult> {
  const { spec: given, submission, executionId, run, scheduledTime: meant } = request;
  const deps = remembering(all);
  const { name, planned } = await planSent(all, deps, request);
  const refuse = (faults: readonly Fault[]): void => {
    recordRefused(
      deps,
      { id: executionId, run, graph: name, kind: kindOf(submission) },
      new SpecInvalidError(faults, subjectOf(submission)).message,
    );
  };
  if ('faults' in planned) {
    refuse(planned.faults);
    return { faults: planned.faults };
  }
  const { valid, plan } = planned;
  const { project, sessionId, kind = 'graph', rerun } = valid.submission;
  await storeBelow(deps, valid, plan);
  const again = rerun && (await planRerun(deps, valid, plan, rerun));
  if (again && 'faults' in again) {
    refuse(again.faults);
    return again;
  }
  const beganAt = new Date(run.startedAt).toISOString();
  const scheduledTime = rerun?.scheduledTime ?? meant;
  return await pin(deps, {
    execution: {
      ...{ id: executionId, kind, run },
      ...(project === undefined ? {} : { project }),
      ...(sessionId === undefined ? {} : { sessionId }),
      ...(rerun ? { rerunOf: rerun.of } : {}),
      ...(scheduledTime === undefined ? {} : { scheduledTime }),
    },
    ...{ valid, plan, refuse },
    ...(isSpecRef(given) ? { byReference: true } : {}),
    more: {
      // Also where nothing runs below a node: an edit may add what does.
      ...(valid.submission.options ? { options: valid.submission.options } : {}),
      ...(again ? { rerun: await seedOf(deps.blobs, plan, again, beganAt) } : {}),
    },
  });
}

/** Everything that is wrong with a spec, for a client that does not know this worker's tasks. */
export async function check(
  deps: Deps,
  { spec: given, submission }: CheckRequest,
): Promise<CheckAnswer> {
  const spec = await loadSpec(deps, given);
  const planned = planHere(remembering(deps), spec, submission);
  return { faults: 'faults' in planned ? planned.faults : [] };
}

/** What a rerun would do. Nothing of it begins. */
export async function forecast(
  all: Deps,
  { spec: given, submission }: RerunQuestion,
): Promise<RerunAnswer> {
  const spec = await loadSpec(all, given);
  const deps = remembering(all);
  const planned = planHere(deps, spec, submission);
  if ('faults' in planned) return planned;
  const { valid, plan } = planned;
  const { rerun } = valid.submission;
  if (!rerun) return { faults: [] };
  await storeBelow(deps, valid, plan);
  const again = await planRerun(deps, valid, plan, rerun);
  return 'faults' in again ? again : await toldOf(deps.blobs, plan, again);
}

/** What a worker knows beside its registry. */
export const planSettings = ({ settings, graphs, runners, quick }: Deps): PlanSettings => ({
  ...(quick ? { isQuick: (task: string) => quick.has(task) } : {}),
  circuits: settings.circuits,
  settings: settings.defaults,
  graph: graphs,
  runners: { ...settings.runners, containers: runners.programKinds.includes('container') },
});
