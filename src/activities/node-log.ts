/**
 * Log lines about a node: in the worker's own log one for every transition and whatever is said of it, with the fields
 * an operator filters by; in the store what its task, hooks and runner say.
 */
import { formatDuration } from '../domain/duration.js';
import { formatError, type ErrorRecord } from '../domain/errors.js';
import type { LineLevel, LineSource } from '../domain/log-line.js';
import type { Status, StatusReason } from '../domain/status.js';
import type { TaskLogger } from '../task-context.js';
import type { Logger } from '../telemetry.js';
import { AttemptLines } from './attempt-lines.js';
import type { Deps } from './deps.js';
import { NO_REDACTION, type Redaction } from './redaction.js';
import type { NodeRequest } from '../workflows/requests.js';

/** Characters of a line of a program's in the worker's own log; a longer one is told in parts. */
const PART = 4_000;

export interface NodeLogger extends TaskLogger {
  /** A line of a program's output. */
  output(stream: 'stdout' | 'stderr', line: string): void;
  /** From now on no line holds what this takes out. */
  redact(redaction: Redaction): void;
  transition(from: Status, to: Status, reason?: StatusReason): void;
  retrying(error: ErrorRecord, waitMs: number, maxRetries: number): void;
  /** Its environment could not be prepared, for the so-many-th time in a row. */
  notPrepared(error: ErrorRecord, waitMs: number, times: number): void;
  failed(to: Status, error: ErrorRecord): void;
}

export function nodeLogger(
  { log, lines }: Pick<Deps, 'log' | 'lines'>,
  request: NodeRequest,
  attempt: number,
): NodeLogger {
  const { execution, node } = request;
  const { project, sessionId } = execution;
  const own = {
    ...{ executionId: execution.id, nodeId: node.id, task: node.task, attempt },
    ...(project === undefined ? {} : { project }),
    ...(sessionId === undefined ? {} : { sessionId }),
  };
  let redaction = NO_REDACTION;
  let child: Logger | undefined; // made for the first line: most attempts of a quiet worker have none
  let stored: AttemptLines | undefined; // likewise
  const say =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: object, message: string): void => {
      if (!log.isLevelEnabled(level)) return;
      child ??= log.child(own);
      child[level](redaction.value(besideOwn(fields, own)) as object, redaction.text(message));
    };
  const line = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
  const keep = (level: LineLevel, source: LineSource, message: string, fields?: object): void => {
    if (!lines || (level === 'debug' && !log.isLevelEnabled(level))) return;
    stored ??= new AttemptLines(lines, request, attempt);
    stored.add(level, source, redaction.text(message), redaction.value(fields) as object);
  };
  const both =
    (level: LineLevel) =>
    (message: string, fields?: object): void => {
      line[level](fields ?? {}, message);
      keep(level, 'log', message, fields);
    };
  const started = Date.now();
  const since = (): { durationMs: number } => ({ durationMs: Date.now() - started });
  return {
    redact: (next) => void (redaction = next),
    debug: both('debug'),
    info: both('info'),
    warn: both('warn'),
    error: both('error'),
    output: (stream, text) => {
      // Before it is cut into parts: nothing is taken out of half a secret.
      const clean = redaction.text(text);
      for (let at = 0; at < Math.max(1, clean.length); at += PART)
        line.info({ stream }, clean.slice(at, at + PART));
      keep('info', stream, clean);
    },
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

/** What the logger itself writes into a line. */
const OF_THE_LOGGER = ['level', 'time', 'msg'];

/** A field that the line has anyway would stand in it twice: it is left out, or stands in `fields` where it is another. */
function besideOwn(fields: object, own: object): object {
  const isOwn = (name: string): boolean => name in own || OF_THE_LOGGER.includes(name);
  const entries = Object.entries(fields);
  if (!entries.some(([name]) => isOwn(name))) return fields;
  const others = entries.filter(
    ([name, value]) => isOwn(name) && (own as Record<string, unknown>)[name] !== value,
  );
  return {
    ...Object.fromEntries(entries.filter(([name]) => !isOwn(name))),
    ...(others.length > 0 ? { fields: Object.fromEntries(others) } : {}),
  };
}
