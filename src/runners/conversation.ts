/**
 * The worker's side of one job in a guest: passes on what the handler says, asks it to stop when the signal is aborted,
 * and ends a guest that does not.
 *
 * C1. The job ends once: by the guest's last word, or by the guest's own end.
 * C2. Asked, then ended: `terminate` after the grace, `kill` a little later. All of it before the attempt's own
 *     deadline, so that two attempts of a node never run at once.
 */
import type { Artifact } from '../domain/artifact.js';
import { formatDuration } from '../domain/duration.js';
import { TaskError } from '../domain/errors.js';
import type { TaskContext } from '../task-context.js';
import type { FromGuest, Job, Said, ToGuest } from './protocol.js';
import { StoppedError } from './runner.js';
import { dehydrate, rehydrate } from './thrown.js';

/** The way to a guest. */
export interface Link {
  send(message: ToGuest): void;
  /** Ends the guest, whatever it does. A process may still see the signal. */
  terminate(): void;
  /** Ends it for good. */
  kill(): void;
}

export interface ConversationOptions {
  signal: AbortSignal;
  /** Time between asking and ending, in milliseconds. */
  graceMs: number;
  /** Takes what the handler says; none for a job that says nothing. */
  context?: TaskContext;
}

export class Conversation {
  /** The job's output; rejects with what the handler threw, or with why the guest ended. */
  readonly ended: Promise<unknown>;
  /** The guest has come up. */
  greeted = false;
  private settle!: { resolve: (output: unknown) => void; reject: (error: unknown) => void };
  private over = false;
  private terminated = false;
  /** Time that the handler had between being asked and being ended. */
  private grantedMs = 0;
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly onAbort = (): void => this.askToStop();

  constructor(
    job: Job,
    private readonly link: Link,
    private readonly options: ConversationOptions,
  ) {
    this.ended = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    this.ended.catch(() => undefined); // whoever runs the job awaits it
    link.send({ type: 'job', job });
    const { signal } = options;
    if (signal.aborted) this.askToStop();
    else signal.addEventListener('abort', this.onAbort, { once: true });
  }

  /** True when the guest can take another job. */
  get reusable(): boolean {
    return this.over && !this.terminated;
  }

  receive(message: FromGuest): void {
    if (this.over) return;
    switch (message.type) {
      case 'hello':
        this.greeted = true;
        return;
      case 'said':
        return this.take(message.said);
      case 'end':
        if ('thrown' in message) this.end(() => this.settle.reject(rehydrate(message.thrown)));
        else this.end(() => this.settle.resolve(message.output));
        return;
      case 'crash':
        this.terminated = true;
        return this.end(() => this.settle.reject(crashed(rehydrate(message.thrown))));
    }
  }

  /** The guest has ended. @param error why, as far as we did not end it ourselves */
  lost(error: unknown): void {
    const own = this.terminated
      ? new StoppedError(
          `the handler went on for ${formatDuration(this.grantedMs)} after it was asked to stop (ctx.signal), and was ended`,
        )
      : error;
    this.terminated = true;
    this.end(() => this.settle.reject(own));
  }

  private end(tell: () => void): void {
    if (this.over) return;
    this.over = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.options.signal.removeEventListener('abort', this.onAbort);
    tell();
  }

  /** What the worker does not take, the guest cannot be told of: it has gone on. So the attempt ends with it. */
  private take(said: Said): void {
    try {
      this.pass(said);
    } catch (error) {
      this.terminated = true;
      this.end(() => this.settle.reject(error));
    }
  }

  private pass(said: Said): void {
    const { context } = this.options;
    if (!context) return;
    switch (said.call) {
      case 'log':
        return context.log[said.level](said.message, said.fields);
      case 'progress':
        return context.progress(said.value);
      case 'checkpoint':
        return context.checkpoint(said.value);
      case 'metric':
        return context.metric(said.name, said.value);
      case 'warn':
        return context.warn(said.message);
      case 'artifact':
        return this.answer(said.id, context.artifact(said.name, said.source, said.options));
      case 'readArtifact':
        return this.answer(said.id, context.readArtifact(said.artifact));
    }
  }

  private answer(id: number, answering: Promise<Artifact | Uint8Array>): void {
    answering.then(
      (answer) => this.link.send({ type: 'answer', id, answer }),
      (error: unknown) => this.link.send({ type: 'answer', id, thrown: dehydrate(error) }),
    );
  }

  private askToStop(): void {
    const { signal, graceMs, context } = this.options;
    const { message = 'stopped', kind = 'cancelled' } = signal.reason as Partial<
      Error & { kind: string }
    >;
    this.link.send({ type: 'abort', message, kind });
    const leftMs = Math.max(0, (context?.deadline.getTime() ?? Infinity) - Date.now());
    const termMs = Math.min(graceMs, leftMs / 2);
    this.grantedMs = termMs;
    this.after(termMs, () => {
      this.terminated = true;
      this.link.terminate();
    });
    this.after(termMs + Math.min(graceMs, leftMs / 2, 1_000) / 2, () => this.link.kill());
  }

  private after(ms: number, act: () => void): void {
    this.timers.push(setTimeout(act, ms));
  }
}

function crashed(error: unknown): TaskError {
  const message = error instanceof Error ? error.message : String(error);
  return new TaskError('CRASHED', `an error that nothing caught ended the guest: ${message}`, {
    cause: error,
  });
}
