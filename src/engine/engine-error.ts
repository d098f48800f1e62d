/** What the engine's refusals mean: a fault of what was asked for, or of the engine and its host. */
import { messageOf, TaskError } from '../domain/errors.js';
import { targetFault } from '../domain/target-fault.js';

/** The HTTP status of what dockerode threw; undefined where no answer came. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

/** Whether it is the engine that speaks, in its own words. */
export const isTold = (error: unknown): boolean => toldBy(error) !== undefined;

/** What the engine says, without dockerode's frame around it. */
export function reasonOf(error: unknown): string {
  const told = toldBy(error);
  if (told !== undefined) return told.trim();
  return messageOf(error)
    .replace(/^\(HTTP code \d+\) .*? - /, '')
    .trim();
}

function toldBy(error: unknown): string | undefined {
  const json = (error as { json?: { message?: unknown } | null } | null)?.json;
  return typeof json?.message === 'string' ? json.message : undefined;
}

/**
 * The engine, or the way to it, is at fault: another attempt may do better. It is a fault of the engine for certain only
 * where no answer came, or that it cannot work now: others say 500 of a registry, a file or a command that is wrong.
 */
export function engineFailed(what: string, error: unknown): TaskError {
  const failed = new TaskError('ENVIRONMENT', `the container engine: ${what}: ${reasonOf(error)}`, {
    cause: error,
  });
  return statusOf(error) === 503 || isUnanswered(error) ? targetFault(failed) : failed;
}

const UNANSWERED: readonly string[] = [
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['ENOTFOUND', 'EAI_AGAIN'],
];

function isUnanswered(error: unknown): boolean {
  if (error instanceof NoAnswer) return true;
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  if (statusOf(error) !== undefined || typeof code !== 'string') return false;
  return UNANSWERED.includes(code) || syscall === 'connect';
}

/** What is known without asking: nobody would answer, or nobody did. */
export class NoAnswer extends Error {
  override name = 'NoAnswer';
}

/**
 * The engine refused what was asked for. A status of 400, 403, 404 or 422 is about the request and stays as it is; any
 * other may pass.
 */
export function engineRefused(what: string, error: unknown): TaskError {
  if (![400, 403, 404, 422].includes(statusOf(error) ?? 0)) return engineFailed(what, error);
  return new TaskError('CONFIGURATION', `${what}: ${reasonOf(error)}`, { cause: error });
}
