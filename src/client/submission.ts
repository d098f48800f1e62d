/** What a caller says when scheduling, and how it becomes a spec, a submission and the options of a workflow. */
import { cleanFaults, cleanListFaults } from '../domain/clean-name.js';
import { parseDuration, type Duration } from '../domain/duration.js';
import { fault, type Fault } from '../domain/fault.js';
import { jsonText } from '../domain/json-loss.js';
import { getOwn, isObject, preview, type Json } from '../domain/json.js';
import type { GraphSpec, Submission, TaskOptionsInput } from '../domain/spec.js';
import { didYouMeanValue, hintBudget, nearOrFirst } from '../domain/suggest.js';
import type { TriggerRule } from '../domain/trigger.js';
import { visible } from '../domain/visible-text.js';
import type { WorkflowType } from '../domain/workflow-type.js';
import type { GivenParams } from '../builder/params.js';
import type { NamedTask, TaskInput } from '../registry.js';

/** What may be said of anything that is scheduled, options of its tasks included. */
export interface SubmitOptions extends TaskOptionsInput {
  /** Default: the name and a random part. An id that already ran is refused, unless `reuse` says otherwise. */
  executionId?: string;
  /**
   * Your own key of this request, instead of an execution id: sent again in the same project it gives the same execution
   * and starts none, as long as Temporal keeps that one.
   */
  requestId?: string;
  /** Whether an id may run again: never, after it ended other than COMPLETED, or always. Default never. */
  reuse?: 'never' | 'afterFailure' | 'always';
  /** A delay, or an ISO time with a zone; one in the past starts at once. */
  scheduledTime?: Duration | Date;
  project?: string;
  sessionId?: string;
  metadata?: Record<string, unknown>;
  tags?: string[];
  /** Executions that have to end before this one starts: ids, or `<execution>/<node>`. They are waited for, not polled. */
  dependencies?: string[];
  /** Whether it runs, given how they ended: any trigger rule. Default all_success; otherwise it ends SKIPPED. */
  trigger?: TriggerRule;
  /** Wait also for an id that does not exist yet. Default false: it is refused. */
  awaitUnknown?: boolean;
  /** How long to wait for dependencies, then TIMEOUT. Default 7 days, or the graph's `deadline` where that is less. */
  dependencyTimeout?: Duration;
}

/** What may be said where a graph is scheduled. */
export interface GraphSubmitOptions extends SubmitOptions {
  /** Values of the graph's parameters. */
  params?: Record<string, unknown>;
  /** Inputs by node id, instead of those in the spec. */
  inputs?: Record<string, unknown>;
  /** The graph's name, for the adjacency form. Default `graph`. */
  name?: string;
  /**
   * How its tasks are run, those that nodes name and that do not say so themselves. Either word is a container, `image`
   * and `command` of which are `container_image` and `command` of the input; the program gets what is left of that.
   */
  workflowType?: WorkflowType;
}

/** The same of a graph whose parameters the compiler knows. */
export type TypedGraphOptions<Params> = Omit<GraphSubmitOptions, 'params'> & GivenParams<Params>;

/** Schedules one task by itself. */
export interface TaskSubmission<Task extends NamedTask = NamedTask> extends SubmitOptions {
  /** The task's name, or its definition. */
  task: Task;
  /** Of a definition, what its schema or its `run` takes. */
  input?: TaskInput<Task>;
  /** How it is run, instead of by workers that know it: see {@link GraphSubmitOptions.workflowType}. */
  workflowType?: WorkflowType;
}

/** The part of what was said that travels to the workflow. */
export function submissionOf(options: GraphSubmitOptions): Submission {
  const { executionId, requestId, reuse, scheduledTime, name, inputs, workflowType, ...rest } =
    options;
  void [executionId, requestId, reuse, scheduledTime, name, inputs, workflowType];
  const { project, sessionId, metadata, tags, params, ...more } = rest;
  const { dependencies, trigger, awaitUnknown, dependencyTimeout, ...taskOptions } = more;
  const awaits = { dependencies, trigger, awaitUnknown, dependencyTimeout };
  return {
    ...withoutUndefined(awaits),
    ...(params === undefined ? {} : { params }),
    ...(project === undefined ? {} : { project }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(tags === undefined ? {} : { tags }),
    ...(Object.keys(taskOptions).length > 0 ? { options: taskOptions } : {}),
  };
}

/**
 * Faults of what travels, at the places where the caller said it: `submission.options.retry` was said as `retry`. What is
 * wrong with the whole of it stays `submission`.
 */
export const atSaid = (faults: readonly Fault[]): Fault[] =>
  faults.map((one) => ({
    ...one,
    path: one.path.replace(/^submission(?:\.options(?=[.[]))?(?:\.|(?=\[))/, ''),
  }));

const withoutUndefined = (said: object): Partial<Submission> =>
  Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));

/** Temporal's policy for each. */
export const REUSE = {
  never: 'REJECT_DUPLICATE',
  afterFailure: 'ALLOW_DUPLICATE_FAILED_ONLY',
  always: 'ALLOW_DUPLICATE',
} as const;

export function reuseFaults(reuse: unknown): Fault[] {
  const known = Object.keys(REUSE);
  if (known.includes(reuse as string)) return [];
  const message = `expected one of ${known.join(', ')}, got ${preview(reuse)}`;
  const hint = typeof reuse === 'string' ? didYouMeanValue(reuse, known) : undefined;
  return [fault(['reuse'], 'INVALID_VALUE', message, hint)];
}

export function slug(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 60) || 'graph'
  );
}

export function startDelayMs(time: Duration | Date | undefined, faults: Fault[]): number {
  if (time === undefined) return 0;
  const isDate = time instanceof Date || (typeof time === 'string' && /^\d{4}-/.test(time));
  if (!isDate) {
    try {
      return parseDuration(time);
    } catch (error) {
      faults.push(fault(['scheduledTime'], 'INVALID_VALUE', (error as Error).message));
      return 0;
    }
  }
  const isNone = time instanceof Date && Number.isNaN(time.getTime());
  const text = isNone ? 'Invalid Date' : time instanceof Date ? time.toISOString() : time;
  const at = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(at))
    faults.push(
      fault(
        ['scheduledTime'],
        'INVALID_VALUE',
        `expected a delay, or an ISO time with a zone such as 2027-01-31T08:00:00Z, got ${JSON.stringify(text)}`,
      ),
    );
  return Math.max(0, at - Date.now()) || 0;
}

export function withInputs(spec: GraphSpec, inputs: Record<string, unknown>): GraphSpec {
  return {
    ...spec,
    tasks: spec.tasks.map((node) => {
      if (!isObject(node)) return node; // what is no node is told by the check of the graph
      const input = getOwn(inputs, node.id);
      return input === undefined ? node : { ...node, input };
    }),
  };
}

/** Inputs that nothing would read: what names no node of the graph is a slip. */
export function inputFaults(spec: GraphSpec, inputs: unknown): Fault[] {
  if (inputs === undefined) return [];
  if (!isObject(inputs)) {
    const message = `expected an input for each node, { <id>: <input> }, got ${preview(inputs)}`;
    return [fault(['inputs'], 'INVALID_TYPE', message)];
  }
  const tasks: unknown = isObject(spec) ? spec.tasks : undefined;
  if (!Array.isArray(tasks)) return []; // which is told by the check of the graph
  const ids = new Set(tasks.flatMap((node) => (isObject(node) ? [String(node['id'])] : [])));
  const hints = hintBudget();
  return Object.keys(inputs)
    .filter((id) => !ids.has(id))
    .map((id) => {
      const near = hints(() => nearOrFirst(id, [...ids]));
      return fault(['inputs', id], 'UNKNOWN_REFERENCE', `there is no node ${preview(id)}`, near);
    });
}

/** A lone task's input is data, not a template: `${{` in it means itself. What is no JSON is left to the check of the graph. */
export function escapeExpressions(value: Json): Json {
  try {
    return JSON.parse(jsonText(value, 'input').replaceAll('${{', () => '$${{')) as Json;
  } catch {
    return value;
  }
}

/**
 * An execution id is a workflow id of at most 255 characters without a slash: that begins a node's. Asked at a start alone,
 * so that an execution that has another one stays readable.
 */
export function idFaults(executionId: string | undefined): Fault[] {
  if (executionId === undefined) return [];
  const isText = typeof executionId === 'string';
  const isStep = executionId === '.' || executionId === '..';
  if (isText && !isStep && /^[^/]{1,255}$/s.test(executionId))
    return cleanFaults(['executionId'], executionId);
  // Clients take these for steps of the address, also where they are escaped.
  const hint = isStep ? 'no address over HTTP holds it' : undefined;
  const expected = isStep ? 'another id than "." and ".."' : '1 to 255 characters without "/"';
  const message = `expected ${expected}, got ${visible(preview(executionId))}`;
  return [fault(['executionId'], 'INVALID_VALUE', message, hint)];
}

/** The same of the names by which it is found. */
export function nameFaults({ project, sessionId, tags }: SubmitOptions): Fault[] {
  // What is no text, or no list of texts, is told by the check of the submission.
  return [
    ...cleanFaults(['project'], project),
    ...cleanFaults(['sessionId'], sessionId),
    ...cleanListFaults(['tags'], tags),
  ];
}
