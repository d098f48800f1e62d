/**
 * Runs a handler in the worker itself. For code of the worker's owner: no limit is enforced, and cancelling only asks
 * (`ctx.signal`).
 */
import { hostname } from 'node:os';
import {
  metricsOf,
  type ModeDetail,
  type Runner,
  type RunOptions,
  type RunOutcome,
  type RunRequest,
} from './runner.js';

export class InProcessRunner implements Runner {
  readonly detail: ModeDetail = { mode: 'in-process', size: null, memoryMb: null };
  private readonly environmentId = `${hostname()}:${process.pid}`;

  async run({ task, input, context }: RunRequest, { signal }: RunOptions): Promise<RunOutcome> {
    signal.throwIfAborted();
    const started = Date.now();
    const output = await task.definition.run(input, context);
    return { output, metrics: metricsOf(started, Date.now(), this.environmentId), enforced: {} };
  }

  async check(): Promise<string[]> {
    return [];
  }

  async close(): Promise<void> {}
}
