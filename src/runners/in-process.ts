/**
 * Runs a handler in the worker itself. For code of the worker's owner: no limit is enforced, and cancelling only asks
 * (`ctx.signal`).
 */
import { hostname } from 'node:os';
import type { RegisteredTask, TaskContext } from '../registry.js';
import type { Runner, RunOptions, RunOutcome } from './runner.js';

export interface InProcessRequest {
  task: RegisteredTask;
  input: unknown;
  context: TaskContext;
}

export class InProcessRunner implements Runner<InProcessRequest> {
  readonly kind = 'in-process';
  private readonly environmentId = `${hostname()}:${process.pid}`;

  async run({ task, input, context }: InProcessRequest, options: RunOptions): Promise<RunOutcome> {
    options.signal.throwIfAborted();
    const started = Date.now();
    const output = await task.definition.run(input, context);
    const ended = Date.now();
    return {
      output,
      metrics: {
        startTime: new Date(started).toISOString(),
        endTime: new Date(ended).toISOString(),
        durationMs: ended - started,
        environmentId: this.environmentId,
      },
      enforced: [],
    };
  }
}
