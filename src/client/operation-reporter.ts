/** Tells a reporter of the caller's how operations go: each start, each end, and at last the whole report. */
import type { NodeArtifact } from '../domain/artifact.js';
import { isTerminal } from '../domain/status.js';
import type { OperationReport, TaskReport } from '../domain/task-report.js';
import { quietly } from './follow.js';
import type { ExecutionHandle, ExecutionUpdate } from './handle.js';
import { operationReport } from './report.js';
import { nodeResult } from './result.js';

/** An operation whose first attempt has begun. */
export interface StartedOperation {
  name: string;
  task: string;
  executionId: string;
  /** An ISO time. */
  startedAt: string;
}

/**
 * Told in order, each call after the one before has ended; `executeOperations` waits for the last. What they throw is
 * only a warning of the process.
 */
export interface OperationsReporter {
  operationStarted?(operation: StartedOperation): void | Promise<void>;
  /** Once for each operation; of those that never ran, at the end. */
  operationFinished?(operation: OperationReport): void | Promise<void>;
  taskFinished?(report: TaskReport): void | Promise<void>;
}

export class OperationTeller {
  private telling: Promise<void> = Promise.resolve();
  private readonly started = new Set<string>();
  private readonly finished = new Set<string>();

  constructor(private readonly reporter: OperationsReporter | undefined) {}

  /** Somebody listens: it is worth looking on. */
  get isHeard(): boolean {
    return this.reporter !== undefined;
  }

  /**
   * What has changed while they run.
   *
   * @param nameOf the operation of a node
   * @param isFinal false for an end after which the operation is tried again in another way
   */
  async see(
    handle: ExecutionHandle,
    { changed, startedAt: createdAt }: ExecutionUpdate,
    nameOf: (nodeId: string) => string | undefined,
    isFinal: (operation: OperationReport) => boolean,
  ): Promise<void> {
    if (!this.isHeard) return;
    const ended = changed.filter(({ status }) => isTerminal(status));
    const kept: NodeArtifact[] = ended.some(({ artifacts }) => artifacts)
      ? await handle.artifacts()
      : [];
    for (const view of changed) {
      const name = nameOf(view.id);
      if (name === undefined) continue;
      const own = kept.flatMap(({ nodeId, ...one }) => (nodeId === view.id ? [one] : []));
      const node = nodeResult(view, null, own, createdAt);
      const operation = operationReport(`${handle.executionId}/${view.id}`, name, node);
      this.begun(operation);
      const ran = isTerminal(view.status) && view.status !== 'SKIPPED' && view.attempts > 0;
      if (ran && isFinal(operation)) this.over(operation);
    }
  }

  /** All have ended: whatever was not told yet, then the whole. Resolves when all of it was heard. */
  async end(report: TaskReport): Promise<void> {
    for (const operation of report.operations) {
      this.begun(operation);
      this.over(operation);
    }
    this.tell('taskFinished', (reporter) => reporter.taskFinished?.(report));
    await this.telling;
  }

  private begun({ name, task, executionId, startedAt }: OperationReport): void {
    if (startedAt === null || this.started.has(name)) return;
    this.started.add(name);
    this.tell('operationStarted', (reporter) =>
      reporter.operationStarted?.({ name, task, executionId, startedAt }),
    );
  }

  private over(operation: OperationReport): void {
    if (this.finished.has(operation.name)) return;
    this.finished.add(operation.name);
    this.tell('operationFinished', (reporter) => reporter.operationFinished?.(operation));
  }

  private tell(
    name: keyof OperationsReporter,
    call: (reporter: OperationsReporter) => void | Promise<void>,
  ): void {
    const { reporter } = this;
    if (!reporter) return;
    this.telling = this.telling
      .then(() => call(reporter))
      .catch((error: unknown) =>
        quietly(`reporter.${name}`, () => {
          throw error;
        }),
      );
  }
}
