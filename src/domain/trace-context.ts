/**
 * W3C trace context, as far as the parts of an execution have to agree on it without speaking to each other: whoever
 * knows the trace and the execution knows the id of each node's span, before that span is written.
 */

/** A span that others are children of. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  traceId: string;
  /** 16 hexadecimal digits. */
  spanId: string;
  /** The spans of this trace are kept. */
  sampled: boolean;
  /** What tracing systems hand on to each other, as it came. */
  state?: string;
}

/** What travels in a header: the format of OpenTelemetry's default propagator. */
export interface TraceCarrier {
  traceparent: string;
  tracestate?: string;
}

/** Temporal's header for it, the one that the SDK's own OpenTelemetry interceptors use. */
export const TRACE_HEADER = '_tracer-data';

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const ZEROS = /^0+$/;
/** Characters of a trace state that are handed on. */
const STATE_LIMIT = 512;

/** The context in a carrier; undefined for anything that is none. */
export function parseTrace(carrier: unknown): TraceContext | undefined {
  const { traceparent, tracestate } = (carrier ?? {}) as Partial<Record<string, unknown>>;
  const [, traceId = '', spanId = '', flags = ''] =
    typeof traceparent === 'string' ? (TRACEPARENT.exec(traceparent) ?? []) : [];
  if (ZEROS.test(traceId) || ZEROS.test(spanId) || traceId === '') return undefined;
  const sampled = (Number.parseInt(flags, 16) & 1) === 1;
  const state = typeof tracestate === 'string' && tracestate.length <= STATE_LIMIT && tracestate;
  return { traceId, spanId, sampled, ...(state ? { state } : {}) };
}

export function traceCarrier({ traceId, spanId, sampled, state }: TraceContext): TraceCarrier {
  return {
    traceparent: `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`,
    ...(state === undefined ? {} : { tracestate: state }),
  };
}

/**
 * The id of an execution's span in a trace, or of one of its nodes'.
 *
 * @param run the first run of the execution's workflow
 */
export function spanIdOf(traceId: string, run: string, nodeId?: string): string {
  const text = JSON.stringify(nodeId === undefined ? [traceId, run] : [traceId, run, nodeId]);
  const id = hex(mix(text, 0x9e3779b9)) + hex(mix(text, 0x85ebca6b));
  return ZEROS.test(id) ? '0000000000000001' : id;
}

/** FNV-1a from a seed, with murmur3's finish: spread evenly, no secret. */
function mix(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++)
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) ^ (hash >>> 15);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const hex = (word: number): string => word.toString(16).padStart(8, '0');
