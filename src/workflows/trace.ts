/**
 * The workflow's part of traces and metrics: it says what has happened, the worker makes spans and numbers of it.
 *
 * T1. Whether there is a trace stands in the history: in the header that the workflow was started with, or in the answer
 *     of `prepare`. Workers with tracing and without it make the same commands.
 * T2. Ids of spans are derived, not drawn: segments, the coordinator and later runs agree on them without messages, and
 *     the workflow's own random numbers stay as they are.
 * T3. OpenTelemetry's SDK is not in the bundle, and nothing here waits: not one microtask more.
 */
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { proxySinks, workflowInfo, type Sinks } from '@temporalio/workflow';
import { isObject } from '../domain/json.js';
import { SINK, type Marked, type Observer, type SpanAttributes } from '../domain/observation.js';
import { formatFaults, type Fault } from '../domain/fault.js';
import type { HeldOutcome, NodeOutcome } from '../domain/outcome.js';
import type { StatusReason, TerminalStatus } from '../domain/status.js';
import {
  parseTrace,
  spanIdOf,
  TRACE_HEADER,
  traceCarrier,
  type TraceContext,
} from '../domain/trace-context.js';
import type { GraphState } from './graph-state.js';
import type { Counts } from './messages.js';
import type { ExecutionInfo, PrepareRequest } from './requests.js';

type Headers = Record<string, Payload>;

/** The span that this workflow was started in. */
let parent: TraceContext | undefined;

/** Takes the trace from a start header. */
export function adoptHeader(headers: Headers): void {
  const payload = headers[TRACE_HEADER];
  if (!payload) return;
  try {
    parent = parseTrace(defaultPayloadConverter.fromPayload<unknown>(payload));
  } catch {
    // Anybody may send a header: one that cannot be read is none.
  }
}

/** Takes the trace that a worker began, for an execution that came without one. */
export function adoptTrace(traceparent: string | undefined): void {
  if (traceparent !== undefined) parent ??= parseTrace({ traceparent });
}

/** A span of ours: an execution's, by its first run, or a node's. */
export interface SpanName {
  run: string;
  nodeId?: string;
}

/**
 * The headers of what this workflow starts.
 *
 * @param below the span to be below; without one that which this workflow was started in, for its next run
 */
export function withTrace(headers: Headers, below?: () => SpanName): Headers {
  if (!parent) return headers;
  const span = below?.();
  const spanId = span ? spanIdOf(parent.traceId, span.run, span.nodeId) : parent.spanId;
  const carrier = traceCarrier({ ...parent, spanId });
  return { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload<unknown>(carrier) };
}

/** The worker's ear; undefined while history is replayed. */
function observer(): Observer | undefined {
  if (workflowInfo().unsafe.isReplaying) return undefined;
  return proxySinks<Sinks & { [SINK]: Observer & Sinks[string] }>()[SINK];
}

/** An execution has been prepared and begins. */
export function executionStarted({ kind, project }: ExecutionInfo): void {
  observer()?.started({ kind, ...(project === undefined ? {} : { project }) });
}

export interface ExecutionEnding {
  status: TerminalStatus;
  endedAt: number;
  counts: Counts;
  total: number;
  error?: { code: string; message: string } | undefined;
}

/** An execution was refused before it began. */
export function executionRefused(
  { executionId, spec, run }: PrepareRequest,
  faults: readonly Fault[],
): void {
  const name = isObject(spec) && typeof spec['name'] === 'string' ? spec['name'] : '';
  const message = formatFaults(faults).slice(0, 1_000);
  executionEnded(
    { id: executionId, kind: 'graph', graph: name.slice(0, 200), run },
    {
      ...{ status: 'REJECTED', counts: {}, total: 0, endedAt: Date.now() },
      error: { code: 'SPEC_INVALID', message },
    },
  );
}

type Named = Pick<ExecutionInfo, 'id' | 'kind' | 'graph' | 'run' | 'project' | 'sessionId'>;

/** An execution has ended: its span, and its numbers. */
export function executionEnded(execution: Named, ending: ExecutionEnding): void {
  const observe = observer();
  const { kind, graph, project, run } = execution;
  const { status, endedAt, counts, total, error } = ending;
  observe?.ended({
    ...{ kind, status, counts, durationMs: endedAt - run.startedAt },
    ...(project === undefined ? {} : { project }),
  });
  if (!observe || !parent?.sampled) return;
  observe.span({
    name: `${kind} ${graph}`,
    spanId: spanIdOf(parent.traceId, run.id),
    parent,
    startedAt: run.startedAt,
    endedAt,
    attributes: {
      ...shared(execution),
      'tempograph.graph': graph,
      'tempograph.kind': kind,
      'tempograph.status': status,
      'tempograph.nodes': total,
    },
    ...(error ? { error } : {}),
  });
}

export interface NodeEnding {
  outcome: NodeOutcome;
  reason: StatusReason | undefined;
  endedAt: number;
}

/** A node has ended: its span. */
export function nodeEnded(
  execution: ExecutionInfo,
  state: GraphState,
  index: number,
  { outcome, reason, endedAt }: NodeEnding,
): void {
  const observe = parent?.sampled ? observer() : undefined;
  if (!observe || !parent) return;
  const { id } = state.node(index);
  const { scheduledAt } = state.view(index);
  const { error, status } = outcome;
  const first = scheduledAt ?? outcome.attempts[0]?.startedAt;
  observe.span({
    name: `node ${id}`,
    spanId: spanIdOf(parent.traceId, execution.run.id, id),
    parent: { ...parent, spanId: spanIdOf(parent.traceId, execution.run.id) },
    startedAt: Math.min(first === undefined ? endedAt : Date.parse(first), endedAt),
    endedAt,
    attributes: {
      ...shared(execution),
      'tempograph.node.id': id,
      'tempograph.task': state.classOf(index).task,
      'tempograph.status': status,
      'tempograph.attempts': outcome.attemptCount,
      ...(reason === undefined ? {} : { 'tempograph.reason': reason }),
    },
    ...(error ? { error: { code: error.code, message: error.message } } : {}),
  });
}

/** A node gave its place back. */
export function nodeHeld(execution: ExecutionInfo, task: string, { held }: HeldOutcome): void {
  const { project } = execution;
  observer()?.held({ reason: held, task, ...(project === undefined ? {} : { project }) });
}

/** An execution or a node of it was paused or resumed: the store hears of it at once. */
export function executionMarked(execution: ExecutionInfo, told: Omit<Marked, 'execution'>): void {
  const { id, kind, run, graph, version, project, sessionId, parent } = execution;
  observer()?.marked({
    ...told,
    execution: {
      ...{ id, kind, run, graph, version },
      ...(parent ? { below: true as const } : {}),
      ...(project === undefined ? {} : { project }),
      ...(sessionId === undefined ? {} : { sessionId }),
    },
  });
}

/** A graph that waited before its first node has begun. Of a lone task, and of items, their nodes say so. */
export function executionBegan(execution: ExecutionInfo, startedAt: number): void {
  if (execution.kind !== 'graph') return;
  const at = new Date(startedAt).toISOString();
  executionMarked(execution, { mark: { status: 'RUNNING', at }, startedAt });
}

function shared({
  id,
  project,
  sessionId,
}: Pick<Named, 'id' | 'project' | 'sessionId'>): SpanAttributes {
  return {
    'tempograph.execution.id': id,
    ...(project === undefined ? {} : { 'tempograph.project': project }),
    ...(sessionId === undefined ? {} : { 'tempograph.session.id': sessionId }),
  };
}
