/** The span that an attempt runs in, as the headers that other services take it up by. */
import { traceCarrier, type TraceCarrier } from '../domain/trace-context.js';

/** What OpenTelemetry's API leaves in the process once somebody has registered something with it. */
const API = Symbol.for('opentelemetry.js.api.1');

/** W3C `traceparent` and `tracestate`; undefined where nobody traces. Loads OpenTelemetry only where it is in use. */
export async function traceHeaders(): Promise<TraceCarrier | undefined> {
  if ((globalThis as Record<symbol, unknown>)[API] === undefined) return undefined;
  const { context, isSpanContextValid, trace } = await import('@opentelemetry/api');
  const span = trace.getSpanContext(context.active());
  if (!span || !isSpanContextValid(span)) return undefined;
  const state = span.traceState?.serialize();
  return traceCarrier({
    ...{ traceId: span.traceId, spanId: span.spanId, sampled: (span.traceFlags & 1) === 1 },
    ...(state ? { state } : {}),
  });
}
