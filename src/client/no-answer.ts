/**
 * What a question to Temporal comes to that nobody answered in time. It is read from the errors alone, so that the
 * command line need not load Temporal's client for it.
 */
import { isObject } from '../domain/json.js';

/**
 * CANCELLED and DEADLINE_EXCEEDED: both are the end of a call's deadline, for the server resets a call whose deadline has
 * passed (grpc-js then says "Call cancelled"), and may be quicker than the client's own timer. Nobody hears of the calls that
 * we cancel ourselves.
 */
const LATE: readonly number[] = [1, 4];
/** UNAVAILABLE: the server itself cannot be reached. */
export const UNAVAILABLE = 14;
/** FAILED_PRECONDITION: the server knows that nobody polls. */
const NOBODY_POLLS = 9;

/** The gRPC status in an error or in its causes. */
export function grpcStatus(error: unknown): { code: number; details: string } | undefined {
  for (let current = error; isObject(current); current = current['cause']) {
    const { code, details } = current;
    if (typeof code === 'number' && typeof details === 'string') return { code, details };
  }
  return undefined;
}

/** No worker took it in time. */
export const isLate = (error: unknown): boolean => LATE.includes(grpcStatus(error)?.code ?? 0);

/** No worker took it in time, or there is none that would. */
export const isSilence = (error: unknown): boolean =>
  isLate(error) || grpcStatus(error)?.code === NOBODY_POLLS;

/** Temporal's server could not be reached. */
export const isUnreachable = (error: unknown): boolean => grpcStatus(error)?.code === UNAVAILABLE;
