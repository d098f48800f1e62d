/** What one workflow task may still schedule: the server refuses an answer that is too large, or has too many commands. */
import { CancellationScope, sleep, workflowInfo } from '@temporalio/workflow';
import { jsonBytes } from '../domain/json.js';

/** Bytes of activity inputs in one workflow task: half of what a gRPC message may have. */
const BYTES = 2_000_000;
/** Commands in one workflow task. */
const COMMANDS = 500;

export class TaskBudget {
  private spent = { bytes: 0, commands: 0 };
  /** Length of the history: it changes with each workflow task and only then. */
  private at = -1;
  private next: Promise<void> | undefined;

  get hasRoom(): boolean {
    this.renew();
    return this.spent.bytes < BYTES && this.spent.commands < COMMANDS;
  }

  /** Waits for a workflow task that has room for an activity, which is then to be scheduled. */
  async enter(input: object): Promise<void> {
    while (!this.hasRoom) await this.nextTask();
    this.spend(input);
  }

  /** One timer for all that wait; whoever is cancelled meanwhile must not take it from the others. */
  private nextTask(): Promise<void> {
    this.next ??= CancellationScope.nonCancellable(() => sleep(1)).then(() => {
      this.next = undefined;
    });
    return this.next;
  }

  /** An activity is scheduled. */
  spend(input: object): void {
    this.renew();
    this.spent.bytes += jsonBytes(input);
    this.spent.commands++;
  }

  private renew(): void {
    const { historyLength } = workflowInfo();
    if (this.at === historyLength) return;
    this.at = historyLength;
    this.spent = { bytes: 0, commands: 0 };
  }
}
