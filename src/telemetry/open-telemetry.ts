/** Traces by OpenTelemetry's API: spans of clients, executions, nodes, attempts and hooks, in one trace. */
import {
  context,
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { CancelledFailure, defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { messageOf } from '../domain/errors.js';
import { isObject } from '../domain/json.js';
import type { EndedSpan, SpanAttributes } from '../domain/observation.js';
import {
  parseTrace,
  spanIdOf,
  TRACE_HEADER,
  traceCarrier,
  type TraceContext,
} from '../domain/trace-context.js';
import type { NodeRequest } from '../workflows/requests.js';
import { findProvider } from './provider.js';
import type { Spans, Tracing } from './tracing.js';

/** @param given a tracer provider to be used instead of the process's */
export async function makeTracing(
  given: TracerProvider | undefined,
  env: NodeJS.ProcessEnv,
): Promise<Tracing> {
  const provider = await findProvider(given, env);
  const tracer = provider.getTracer('tempograph');
  return {
    spans: spans(tracer),
    clientInterceptor: clientInterceptor(tracer),
    activityInterceptors,
    write: (span) => write(tracer, span),
  };
}

function spans(tracer: Tracer): Spans {
  return {
    prepare: async (request, run) => {
      const belongs = trace.getSpan(context.active()) !== undefined;
      const name = belongs ? 'prepare' : `start ${request.executionId}`;
      const attributes = { 'tempograph.execution.id': request.executionId };
      return await inSpan(tracer, name, { attributes }, async (span) => {
        const result = await run();
        if ('faults' in result) {
          const { length } = result.faults;
          span.setStatus({ code: SpanStatusCode.ERROR, message: `refused: ${length} faults` });
          return result;
        }
        // Nobody that traces has started it: the execution's trace begins here.
        if (belongs) return result;
        const { traceparent } = traceCarrier(contextOf(span));
        return { prepared: { ...result.prepared, trace: traceparent } };
      });
    },
    attempt: async (request, attempt, run) => {
      // Without a workflow that is traced every attempt would be a trace of its own.
      const active = trace.getSpan(context.active());
      if (!active) return await run();
      const options = { kind: SpanKind.CONSUMER, attributes: ofAttempt(request, attempt) };
      return await context.with(belowNode(active, request), () =>
        inSpan(tracer, `attempt ${attempt}`, options, async (span) => {
          const result = await run();
          tell(span, result);
          return result;
        }),
      );
    },
    hook: async (kind, name, run) => {
      if (!trace.getSpan(context.active())) return await run();
      const attributes = { 'tempograph.hook': name, 'tempograph.hook.kind': kind };
      return await inSpan(tracer, `${kind} hook ${name}`, { attributes }, run);
    },
  };
}

/** Also where its activity is one of many nodes. */
function belowNode(active: Span, { execution, node }: NodeRequest): Context {
  const { traceId, ...rest } = active.spanContext();
  const spanId = spanIdOf(traceId, execution.run.id, node.id);
  return trace.setSpanContext(context.active(), { ...rest, traceId, spanId });
}

function ofAttempt({ execution, node }: NodeRequest, attempt: number): SpanAttributes {
  const { id, project } = execution;
  return {
    'tempograph.execution.id': id,
    'tempograph.node.id': node.id,
    'tempograph.task': node.task,
    'tempograph.attempt': attempt,
    ...(project === undefined ? {} : { 'tempograph.project': project }),
  };
}

/** An attempt that gave its place back returns like any other, perhaps with the error that it will be tried again for. */
function tell(span: Span, result: unknown): void {
  if (!isObject(result)) return;
  const { held, status, error } = result;
  if (typeof held === 'string') span.setAttribute('tempograph.held', held);
  if (typeof status === 'string') span.setAttribute('tempograph.status', status);
  if (isObject(error))
    fail(span, { name: String(error['code']), message: String(error['message']) });
}

async function inSpan<T>(
  tracer: Tracer,
  name: string,
  options: { kind?: SpanKind; attributes: SpanAttributes },
  run: (span: Span) => Promise<T>,
): Promise<T> {
  return await tracer.startActiveSpan(name, options, async (span) => {
    try {
      return await run(span);
    } catch (error) {
      if (error instanceof CancelledFailure) span.setAttribute('tempograph.status', 'CANCELLED');
      else fail(span, { name: codeOf(error), message: messageOf(error) });
      throw error;
    } finally {
      span.end();
    }
  });
}

function fail(span: Span, { name, message }: { name: string; message: string }, at?: number): void {
  span.recordException({ name, message }, at);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** Our errors carry their code as `code`, and as `type` once they are Temporal's. */
function codeOf(error: unknown): string {
  const { code, type, name } = (error ?? {}) as Partial<Record<string, unknown>>;
  return (
    ([code, type, name].find((value) => typeof value === 'string' && value !== '') as
      string | undefined) ?? 'Error'
  );
}

/** A span that has ended in a workflow, with the id that its children already have as their parent's. */
function write(tracer: Tracer, ended: EndedSpan): void {
  const { name, spanId, startedAt, endedAt, attributes, error } = ended;
  const span = tracer.startSpan(name, { startTime: startedAt, attributes }, below(ended.parent));
  span.spanContext().spanId = spanId; // the API has no word for it; its own object, not yet exported
  if (error) fail(span, { name: error.code, message: error.message }, endedAt);
  span.end(endedAt);
}

function clientInterceptor(tracer: Tracer): WorkflowClientInterceptor {
  return {
    startWithDetails: async (input, next) => {
      const { workflowId } = input.options;
      const attributes = { 'tempograph.execution.id': workflowId };
      const options = { kind: SpanKind.PRODUCER, attributes };
      return await inSpan(tracer, `start ${workflowId}`, options, async (span) => {
        const carrier = traceCarrier(contextOf(span));
        const payload = defaultPayloadConverter.toPayload<unknown>(carrier);
        return await next({ ...input, headers: { ...input.headers, [TRACE_HEADER]: payload } });
      });
    },
  };
}

const activityInterceptors: ActivityInterceptorsFactory = () => ({
  inbound: {
    execute: async (input, next) => {
      const parent = fromHeader(input.headers[TRACE_HEADER]);
      // Without one the span that the worker happened to be started in is not its parent either.
      return await context.with(parent ? below(parent) : ROOT_CONTEXT, () => next(input));
    },
  },
});

function fromHeader(payload: Payload | undefined): TraceContext | undefined {
  try {
    return payload && parseTrace(defaultPayloadConverter.fromPayload<unknown>(payload));
  } catch {
    return undefined; // anybody may send a header
  }
}

function contextOf(span: Span): TraceContext {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  const state = traceState?.serialize();
  return { traceId, spanId, sampled: (traceFlags & 1) === 1, ...(state ? { state } : {}) };
}

function below({ traceId, spanId, sampled, state }: TraceContext): Context {
  return trace.setSpanContext(ROOT_CONTEXT, {
    ...{ traceId, spanId, traceFlags: sampled ? 1 : 0, isRemote: true },
    ...(state === undefined ? {} : { traceState: createTraceState(state) }),
  });
}
