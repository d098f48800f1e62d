/** What a schedule runs: every execution is what `scheduleTask` or `scheduleTaskGraph` would start. */
import type { ScheduleDescription, ScheduleOptionsAction } from '@temporalio/client';
import type { SearchAttributePair } from '@temporalio/common';
import { SpecInvalidError } from '../domain/errors.js';
import { fault, type Fault } from '../domain/fault.js';
import { isObject, preview, type Json } from '../domain/json.js';
import type { GraphSpec, Submission } from '../domain/spec.js';
import { INLINE_SPEC_BYTES, isLargeSpec } from '../domain/spec-ref.js';
import {
  LONE_NODE,
  MEMO,
  SEARCH_ATTRIBUTE,
  WORKFLOW,
  type ExecutionMemo,
} from '../workflows/messages.js';
import type { GraphWork, TaskWork } from './schedule-options.js';
import { graphSpec, startRequest, taskSpec, type Known } from './start-request.js';
import type { GraphSubmitOptions } from './submission.js';

/** What is run, and all that is said of it. */
export interface Work {
  spec: GraphSpec;
  known: Known;
  options: GraphSubmitOptions;
}

/** Not parsed yet: either of the two ways to say what is run. */
type Said = Partial<Omit<TaskWork, 'graph'> & Omit<GraphWork, 'task'>>;

/** The action that starts it, and the search attributes by which the schedule itself is found. */
export interface WorkRequest {
  action: ScheduleOptionsAction;
  attributes: SearchAttributePair[];
}

/** A new schedule's work; undefined, with a fault, where it cannot be told what is to be run. */
export function workOf(said: Record<string, unknown>, faults: Fault[]): Work | undefined {
  const { task, graph, input, inputs, name, ...options } = said as Said;
  if ((task == null) === (graph == null)) {
    const both = task == null ? 'says nothing to run' : 'says two things to run';
    faults.push(fault([], 'MISSING', `${both}: give task or graph`));
    return undefined;
  }
  if (task != null) {
    if (inputs !== undefined) faults.push(misplaced('inputs', 'a graph', 'a task takes input'));
    return { ...taskSpec(task, input), options };
  }
  if (input !== undefined) faults.push(misplaced('input', 'a task', 'a graph takes inputs'));
  if (isObject(graph)) return { ...graphSpec(graph, name, inputs), options };
  faults.push(fault(['graph'], 'INVALID_TYPE', `expected a graph, got ${preview(graph)}`));
  return undefined;
}

const misplaced = (field: string, where: string, instead: string): Fault =>
  fault([field], 'UNKNOWN_FIELD', `is for ${where}; ${instead}`);

/** The work of a schedule that is there, with what is said anew. */
export function changedWork(
  { action }: ScheduleDescription,
  said: Record<string, unknown>,
  faults: Fault[],
): Work | undefined {
  const { task, graph, input, inputs, name, ...rest } = said as Said;
  if (task != null || graph != null) return workOf(said, faults);
  const [spec, submission] = action.args as [GraphSpec, Submission | undefined];
  const memo = action.memo?.[MEMO.kind] as ExecutionMemo | undefined;
  const known: Known = {
    kind: memo?.kind === 'task' ? 'task' : 'graph',
    name: memo?.name ?? spec.name,
  };
  const { options: before = {}, kind: _kind, ...fields } = submission ?? {};
  const options = { ...before, ...fields, ...rest } as GraphSubmitOptions;
  if (known.kind === 'graph') {
    if (input !== undefined) faults.push(misplaced('input', 'a task', 'a graph takes inputs'));
    return { spec: graphSpec(spec, name, inputs).spec, known, options };
  }
  if (inputs !== undefined) faults.push(misplaced('inputs', 'a graph', 'a task takes input'));
  const lone = spec.tasks.find(({ id }) => id === LONE_NODE);
  return input === undefined || lone?.task === undefined
    ? { spec, known, options }
    : { ...taskSpec(lone.task, input), known, options };
}

/** Undefined, with faults, when a submission of the same would be refused. */
export function requestOf(
  { spec, known, options }: Work,
  where: { taskQueue: string; workflowId: string; attributes: ReadonlySet<string> },
  faults: Fault[],
): WorkRequest | undefined {
  try {
    const request = startRequest(spec, options, known, where.attributes);
    if (isLargeSpec(spec as unknown as Json))
      faults.push(
        fault(
          ['graph'],
          'TOO_LARGE',
          `has more than ${INLINE_SPEC_BYTES.toLocaleString('en')} bytes of JSON, which a schedule cannot hold`,
          'schedule a small graph that has it as a sub-graph by name, or whose task submits it',
        ),
      );
    // Temporal gives each execution its own id and start; the rest is as where one is submitted.
    const { workflowIdReusePolicy: _reuse, startDelay: _delay, ...rest } = request;
    const { taskQueue, workflowId } = where;
    const action = {
      ...rest,
      type: 'startWorkflow' as const,
      workflowType: WORKFLOW.graph,
      taskQueue,
      workflowId,
    };
    const ours: readonly string[] = [SEARCH_ATTRIBUTE.task, SEARCH_ATTRIBUTE.project];
    const pairs = (request.typedSearchAttributes ?? []) as SearchAttributePair[];
    return { action, attributes: pairs.filter(({ key }) => ours.includes(key.name)) };
  } catch (error) {
    if (!(error instanceof SpecInvalidError)) throw error;
    faults.push(...error.faults);
    return undefined;
  }
}
