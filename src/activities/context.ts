/** The context that a handler gets. */
import { splitMark } from '../domain/catalogue-mark.js';
import { setOwn, type Json } from '../domain/json.js';
import { progressOf, type Progress } from '../domain/progress.js';
import type { TaskContext } from '../task-context.js';
import { assertCheckpoint } from '../runners/checkpoint.js';
import type { NodeRequest } from '../workflows/requests.js';
import type { Artifacts } from './artifacts.js';
import type { Attempt } from './attempt.js';
import type { NodeLogger } from './node-log.js';
import { assertNoSecret, type Redaction } from './redaction.js';

const WARNINGS_LIMIT = 50;
const METRICS_LIMIT = 100;
/** Characters of a metric's name. */
const NAME_LIMIT = 200;

/** What a handler says beside its output. */
export interface Collected {
  warnings: string[];
  metrics: Record<string, number>;
}

export interface ContextParts {
  metadata: Record<string, unknown>;
  outputs: Record<string, Json>;
  collected: Collected;
  artifacts: Artifacts;
  readArtifact: TaskContext['readArtifact'];
  log: NodeLogger;
  /** Of the secrets that the input holds. */
  redaction: Redaction;
  /** Called with what the handler says of its progress, at most once a second. */
  tellProgress: (progress: Progress) => void;
}

export function makeContext(
  request: NodeRequest,
  attempt: Pick<Attempt, 'signal' | 'number' | 'deadline' | 'checkpoint' | 'beat' | 'tellProgress'>,
  parts: ContextParts,
): TaskContext {
  const { execution, node, retry } = request;
  const { collected, redaction } = parts;
  const executionId = `${execution.id}/${node.id}`;
  const { mark, rest: metadata } = splitMark(parts.metadata);
  return {
    signal: attempt.signal,
    attempt: attempt.number,
    maxRetries: retry.maxRetries,
    executionId,
    graphId: execution.id,
    nodeId: node.id,
    task: node.task,
    catalogueTaskId: mark?.id,
    priority: request.priority ?? 'MEDIUM',
    project: execution.project,
    sessionId: execution.sessionId,
    metadata,
    idempotencyKey: executionId,
    deadline: new Date(attempt.deadline),
    log: parts.log,
    outputs: parts.outputs,
    progress(said) {
      const progress = progressOf(redaction.value(said));
      if (progress) attempt.tellProgress(progress, parts.tellProgress);
    },
    checkpoint(value) {
      assertCheckpoint(value);
      assertNoSecret(redaction, value, 'a checkpoint');
      attempt.checkpoint = value;
      attempt.beat();
    },
    lastCheckpoint: () => attempt.checkpoint,
    metric(name, value) {
      if (Number.isFinite(value) && Object.keys(collected.metrics).length < METRICS_LIMIT)
        setOwn(collected.metrics, redaction.text(name).slice(0, NAME_LIMIT), value);
    },
    artifact: (name, source, options) => parts.artifacts.keep(name, source, options),
    readArtifact: parts.readArtifact,
    warn(message) {
      parts.log.warn(message);
      if (collected.warnings.length < WARNINGS_LIMIT)
        collected.warnings.push(redaction.text(message).slice(0, 500));
    },
  };
}
