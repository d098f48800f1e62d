/**
 * Whether there are traces, and what the rest of the code says to them. OpenTelemetry is loaded only where they are asked
 * for: by an option, by OTEL_* in the environment, or by a tracer provider that the process has registered.
 */
import type { TracerProvider } from '@opentelemetry/api';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { EndedSpan } from '../domain/observation.js';
import type { NodeRequest, PrepareRequest, PrepareResult } from '../workflows/requests.js';

/**
 * `true` asks for traces, `false` refuses them whatever the environment says; a tracer provider of your own is used
 * instead of the process's.
 */
export type TracingOption = boolean | { tracerProvider?: TracerProvider };

/** What activities report. Each runs what it is given within a span, and gives its result or its error. */
export interface Spans {
  prepare(request: PrepareRequest, run: () => Promise<PrepareResult>): Promise<PrepareResult>;
  attempt<T>(request: NodeRequest, attempt: number, run: () => Promise<T>): Promise<T>;
  hook<T>(kind: 'pre' | 'post', name: string, run: () => Promise<T>): Promise<T>;
}

export interface Tracing {
  spans: Spans;
  /** Starts executions within a span, and hands it on. */
  clientInterceptor: WorkflowClientInterceptor;
  /** Takes up the span that a workflow scheduled an activity in. */
  activityInterceptors: ActivityInterceptorsFactory;
  /** Writes a span that a workflow tells of. */
  write(span: EndedSpan): void;
}

/** Somebody in this process has asked for traces. */
let asked = false;

const direct = <T>(run: () => Promise<T>): Promise<T> => run();

/** No traces. */
export const UNTRACED: Spans = {
  prepare: (_request, run) => direct(run),
  attempt: (_request, _attempt, run) => direct(run),
  hook: (_kind, _name, run) => direct(run),
};

/**
 * The traces of this process, where they are asked for.
 *
 * @param env where OTEL_* are read
 * @throws TaskError CONFIGURATION for an exporter that is not here
 */
export async function openTracing(
  option: TracingOption | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Tracing | undefined> {
  if (!isAsked(option, env)) return undefined;
  asked = true;
  const { makeTracing } = await import('./open-telemetry.js');
  return await makeTracing(typeof option === 'object' ? option.tracerProvider : undefined, env);
}

/** Sends the last spans, before the process ends. Never throws, and takes a few seconds at most. */
export async function flushTraces(): Promise<void> {
  if (asked) await (await import('./provider.js')).flushOurs();
}

function isAsked(option: TracingOption | undefined, env: NodeJS.ProcessEnv): boolean {
  if (option !== undefined) return option !== false;
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return false;
  if (hasRegistered()) return true;
  const exporter = env['OTEL_TRACES_EXPORTER'];
  if (exporter) return exporter !== 'none';
  return Boolean(env['OTEL_EXPORTER_OTLP_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']);
}

/** Whether the process has registered a tracer provider, asked without loading OpenTelemetry's API. */
function hasRegistered(): boolean {
  const api = (globalThis as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')];
  return (api as { trace?: unknown } | undefined)?.trace !== undefined;
}
