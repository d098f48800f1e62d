/** What a workflow of ours is started with: by the engine now, by a schedule later. */
import { randomUUID } from 'node:crypto';
import type { WorkflowStartOptions } from '@temporalio/client';
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { GraphBuilder } from '../builder.js';
import { adjacencyToSpec, isAdjacency, type Adjacency } from '../domain/adjacency.js';
import { SpecInvalidError } from '../domain/errors.js';
import { atLone, type Fault } from '../domain/fault.js';
import type { Json } from '../domain/json.js';
import type { GraphSpec, Submission } from '../domain/spec.js';
import { validateGraph } from '../domain/validate.js';
import type { AnyTask } from '../registry.js';
import { LONE_NODE, MEMO, SEARCH_ATTRIBUTE, type ExecutionMemo } from '../workflows/messages.js';
import { requestDigest, requestExecutionId, requestFaults } from './request-id.js';
import {
  atSaid,
  escapeExpressions,
  idFaults,
  inputFaults,
  nameFaults,
  REUSE,
  reuseFaults,
  slug,
  startDelayMs,
  submissionOf,
  withInputs,
  type SubmitOptions,
} from './submission.js';

/** What an execution is called, and whether it is a lone task. */
export interface Known {
  kind: 'graph' | 'task' | 'batch';
  name: string;
  /**
   * What the caller asked for, by which one request is told from another of the same key: as it was said, since files of
   * pipelines and the catalogue change meanwhile.
   */
  asked?: object;
  /** The catalogue's task that it is scheduled by. */
  catalogue?: { id: string; version: number };
  /** Of what it is a rerun. */
  rerun?: NonNullable<Submission['rerun']>;
}

export interface StartRequest extends Omit<WorkflowStartOptions, 'taskQueue' | 'args'> {
  args: [spec: GraphSpec, submission: Submission];
}

/** A lone task as a graph of one. */
export function taskSpec(
  task: string | AnyTask,
  input: unknown,
): { spec: GraphSpec; known: Known } {
  const name = typeof task === 'string' ? task : task.name;
  const node = {
    id: LONE_NODE,
    task: name,
    ...(input === undefined ? {} : { input: escapeExpressions(input as Json) }),
  };
  return { spec: { name, tasks: [node] }, known: { kind: 'task', name, asked: { input } } };
}

/**
 * The spec of a builder, of a spec, or of the adjacency form, with the inputs given beside it.
 *
 * @throws SpecInvalidError for inputs of nodes that there are not
 */
export function graphSpec(
  graph: GraphBuilder | GraphSpec | Adjacency,
  name?: string,
  inputs?: Record<string, unknown>,
): { spec: GraphSpec; known: Known } {
  const given =
    graph instanceof GraphBuilder
      ? graph.toSpec()
      : isAdjacency(graph)
        ? adjacencyToSpec(graph, name ?? 'graph')
        : graph;
  const faults = inputFaults(given, inputs);
  if (faults.length > 0) throw new SpecInvalidError(faults);
  const spec = inputs ? withInputs(given, inputs) : given;
  return {
    spec,
    known: {
      ...{ kind: 'graph', name: typeof spec?.name === 'string' ? spec.name : 'graph' },
      asked: { spec },
    },
  };
}

/**
 * The options of the workflow that runs a spec.
 *
 * @param attributes search attributes that the namespace has
 * @throws SpecInvalidError with every fault of the spec and of what was said
 */
export function startRequest(
  spec: GraphSpec,
  options: SubmitOptions & { params?: Record<string, unknown> },
  known: Known,
  attributes: ReadonlySet<string>,
): StartRequest {
  const { executionId, requestId, reuse = 'never', scheduledTime, metadata, project } = options;
  const submission: Submission = {
    ...submissionOf(options),
    ...(known.kind === 'graph' ? {} : { kind: known.kind }),
    ...(known.rerun ? { rerun: known.rerun } : {}),
  };
  const said = atSaid(validateGraph(spec, submission).faults);
  const faults: Fault[] = known.kind === 'task' ? atLone(said) : said;
  const startDelay = startDelayMs(scheduledTime, faults);
  if (startDelay > 0) submission.scheduledTime = startDelay;
  faults.push(...idFaults(executionId), ...requestFaults(options), ...reuseFaults(reuse));
  // A rerun has the names of the execution that it repeats, and that one may be older than the rule.
  if (!known.rerun) faults.push(...nameFaults(options));
  if (faults.length > 0) throw new SpecInvalidError(faults, known.kind);
  const digest = requestId === undefined ? undefined : requestDigest(known.asked ?? {});
  const memo: ExecutionMemo = {
    kind: known.kind,
    name: known.name,
    ...(metadata ? { metadata } : {}),
    ...(requestId === undefined ? {} : { requestId }),
    ...(digest === undefined ? {} : { digest }),
    ...(startDelay > 0 ? { putOff: true as const } : {}),
    ...(known.rerun ? { rerun: rerunMemo(known.rerun) } : {}),
  };
  const made =
    requestId === undefined
      ? `${slug(known.name)}-${randomUUID().slice(-12)}`
      : requestExecutionId(requestId, project);
  return {
    workflowId: executionId ?? made,
    args: [spec, submission],
    workflowIdReusePolicy: REUSE[reuse],
    staticSummary: `${known.name}: ${spec.tasks.length} ${spec.tasks.length === 1 ? 'task' : 'tasks'}`,
    memo: { [MEMO.kind]: memo },
    typedSearchAttributes: searchAttributes(known.name, options, startDelay > 0, attributes),
    ...(startDelay > 0 ? { startDelay } : {}),
  };
}

const rerunMemo = ({
  of,
  by,
  reason,
}: NonNullable<Known['rerun']>): NonNullable<ExecutionMemo['rerun']> => ({
  of,
  ...(by === undefined ? {} : { by }),
  ...(reason === undefined ? {} : { reason }),
});

function searchAttributes(
  name: string,
  { project, sessionId, priority }: SubmitOptions,
  scheduled: boolean,
  known: ReadonlySet<string>,
): SearchAttributePair[] {
  const wanted: [string, string | undefined][] = [
    [SEARCH_ATTRIBUTE.status, scheduled ? 'SCHEDULED' : 'PENDING'],
    [SEARCH_ATTRIBUTE.task, name],
    [SEARCH_ATTRIBUTE.project, project],
    [SEARCH_ATTRIBUTE.session, sessionId],
    [SEARCH_ATTRIBUTE.priority, priority],
  ];
  return wanted.flatMap(([attribute, value]) =>
    value !== undefined && known.has(attribute)
      ? [{ key: defineSearchAttributeKey(attribute, 'KEYWORD'), value }]
      : [],
  );
}
