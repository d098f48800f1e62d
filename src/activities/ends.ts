/** What an attempt comes to, whoever ends it: the pipeline, or a report from elsewhere. */
import { messageOf, TaskError, type ErrorRecord } from '../domain/errors.js';
import type { HeldOutcome, NodeOutcome } from '../domain/outcome.js';
import { issueMessages, type RegisteredTask } from '../registry.js';
import type { NodeRequest } from '../workflows/requests.js';
import type { Attempt } from './attempt.js';
import type { Facts } from './facts.js';
import type { NodeLogger } from './node-log.js';

type EndedAttempt = Pick<Attempt, 'number' | 'attempts' | 'executionTimeMs' | 'checkpoint'>;

/** @throws TaskError with every issue of what the schema refuses */
export async function checked(
  schema: RegisteredTask['definition']['input'],
  value: unknown,
  code: 'INPUT_INVALID' | 'OUTPUT_INVALID',
  message: string,
): Promise<unknown> {
  if (!schema) return value;
  const parsed = await schema.safeParseAsync(value);
  if (parsed.success) return parsed.data;
  const issues = issueMessages(parsed.error);
  throw new TaskError(code, `${message}: ${issues.join('; ')}`, { details: { issues } });
}

/** A node gives its place back. @param counted the attempt was one */
export function held(
  attempt: EndedAttempt,
  why: HeldOutcome['held'],
  waitMs: number,
  { counted, error }: { counted: boolean; error?: ErrorRecord },
): HeldOutcome {
  return {
    held: why,
    waitMs,
    attemptsUsed: counted ? attempt.number : attempt.number - 1,
    attempts: counted
      ? attempt.attempts
      : attempt.attempts.filter((known) => known.attempt !== attempt.number),
    executionTimeMs: attempt.executionTimeMs,
    ...(attempt.checkpoint === undefined ? {} : { checkpoint: attempt.checkpoint }),
    ...(error ? { error } : {}),
  };
}

/** The envelope of an end. */
export function outcomeOf(
  request: NodeRequest,
  attempt: EndedAttempt,
  facts: Facts,
  end: Pick<
    NodeOutcome,
    | ('status' | 'output' | 'outputHash' | 'unmade' | 'artifacts')
    | ('cached' | 'reused' | 'verified' | 'error')
  >,
): NodeOutcome {
  const { warnings, metrics } = facts.collected;
  return {
    ...(facts.listed ? { artifacts: facts.listed } : {}),
    ...end,
    taskVersion: facts.task?.version ?? request.node.taskVersion,
    attempts: attempt.attempts,
    attemptCount: end.cached || end.reused ? attempt.number - 1 : attempt.number,
    executionTimeMs: attempt.executionTimeMs,
    ...(facts.inputHash === undefined ? {} : { inputHash: facts.inputHash }),
    ...(warnings.length > 0 ? { warnings } : {}),
    ...(facts.environment ? { environment: facts.environment } : {}),
    ...(Object.keys(metrics).length > 0 ? { metrics } : {}),
  };
}

/** What `onRetry` throws is logged and changes nothing. */
export async function tellOfRetry(
  task: RegisteredTask | undefined,
  error: unknown,
  attempt: number,
  waitMs: number,
  log: NodeLogger,
): Promise<void> {
  try {
    await task?.definition.onRetry?.(error, attempt, waitMs);
  } catch (failure) {
    log.warn(`onRetry failed: ${messageOf(failure)}`);
  }
}
