/** What one workflow task may still schedule: the server refuses an answer that is too large, or has too many commands. */
import { workflowInfo } from '@temporalio/workflow';
import { jsonBytes } from '../domain/json.js';

/** Bytes of activity inputs in one workflow task: half of what a gRPC message may have. */
const BYTES = 2_000_000;
/** Commands in one workflow task. */
const COMMANDS = 500;

export class TaskBudget {
  private spent = { bytes: 0, commands: 0 };
  /** Length of the history: it changes with each workflow task and only then. */
  private at = -1;

  get hasRoom(): boolean {
    this.renew();
    return this.spent.bytes < BYTES && this.spent.commands < COMMANDS;
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
