/** Log lines about a node: one for every transition, with the fields an operator filters by. */
import { formatDuration } from '../domain/duration.js';
import { formatError, type ErrorRecord } from '../domain/errors.js';
import type { Status, StatusReason } from '../domain/status.js';
import type { TaskLogger } from '../registry.js';
import type { Logger } from '../telemetry.js';
import { NO_REDACTION, type Redaction } from './redaction.js';
import type { NodeRequest } from '../workflows/requests.js';

export interface NodeLogger extends TaskLogger {
  /** From now on no line holds what this takes out. */
  redact(redaction: Redaction): void;
  transition(from: Status, to: Status, reason?: StatusReason): void;
  retrying(error: ErrorRecord, waitMs: number, maxRetries: number): void;
  /** Its environment could not be prepared, for the so-many-th time in a row. */
  notPrepared(error: ErrorRecord, waitMs: number, times: number): void;
  failed(to: Status, error: ErrorRecord): void;
}

export function nodeLogger(
  log: Logger,
  { execution, node }: NodeRequest,
  attempt: number,
): NodeLogger {
  const { project, sessionId } = execution;
  let redaction = NO_REDACTION;
  let child: Logger | undefined; // made for the first line: most attempts of a quiet worker have none
  const say =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: object, message: string): void => {
      if (!log.isLevelEnabled(level)) return;
      child ??= log.child({
        executionId: execution.id,
        nodeId: node.id,
        task: node.task,
        attempt,
        ...(project === undefined ? {} : { project }),
        ...(sessionId === undefined ? {} : { sessionId }),
      });
      child[level](redaction.value(fields) as object, redaction.text(message));
    };
  const line = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
  const started = Date.now();
  const since = (): { durationMs: number } => ({ durationMs: Date.now() - started });
  return {
    redact: (next) => void (redaction = next),
    debug: (message, fields) => line.debug(fields ?? {}, message),
    info: (message, fields) => line.info(fields ?? {}, message),
    warn: (message, fields) => line.warn(fields ?? {}, message),
    error: (message, fields) => line.error(fields ?? {}, message),
    transition: (from, to, reason) =>
      line.info({ from, to, ...(reason ? { reason } : {}), ...since() }, `${from} → ${to}`),
    retrying: (error, waitMs, maxRetries) =>
      line.warn(
        { from: 'RUNNING', to: 'RETRYING', waitMs, error, ...since() },
        `retry ${error.attempt ?? attempt}/${maxRetries} in ${formatDuration(waitMs)}: ${formatError(error)}`,
      ),
    notPrepared: (error, waitMs, times) =>
      line.warn(
        { from: 'PREPARING', to: 'RETRYING', waitMs, error, ...since() },
        `set-up ${times} failed, again in ${formatDuration(waitMs)}: ${formatError(error)}`,
      ),
    failed: (to, error) =>
      line.error({ from: 'RUNNING', to, error, ...since() }, `${to}: ${formatError(error)}`),
  };
}
