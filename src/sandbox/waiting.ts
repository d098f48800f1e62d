/**
 * A sandbox that is up and waits at its gate for what it is to run.
 *
 * W1. It is handed out once, and to nobody when it has ended: {@link WaitingSandbox.take} says so.
 * W2. Before it is handed out nothing of any task is in it, and nothing runs in it but our starter and the modules that it
 *     was told to load.
 */
import type { SandboxFolder } from './folder.js';
import type { SandboxParts } from './sandbox-parts.js';
import type { Supervision } from './supervision.js';

export interface WaitingOptions {
  parts: SandboxParts;
  folder: SandboxFolder;
  supervision: Supervision;
  pid: number | undefined;
  /** Ends it. */
  stop: AbortController;
}

export class WaitingSandbox {
  private state: 'waits' | 'taken' | 'ended' = 'waits';
  /** Nothing of it is left, or it has been taken. */
  gone: Promise<void> = Promise.resolve();

  constructor(readonly options: WaitingOptions) {}

  /** Whether it may be taken: it still waits, and runs. */
  get isReady(): boolean {
    return this.state === 'waits' && this.options.supervision.isAlive;
  }

  /** @returns false where it was taken before, or has ended */
  take(): boolean {
    if (!this.isReady) return false;
    this.state = 'taken';
    return true;
  }

  /** It has ended, or is to: nobody gets it any more. @returns false where somebody has it */
  retire(): boolean {
    if (this.state === 'taken') return false;
    this.state = 'ended';
    return true;
  }

  /** Ends it, unless somebody has it. Nothing of it is left when this settles. */
  async discard(): Promise<void> {
    if (this.state === 'taken') return; // whoever has it takes it down
    this.options.stop.abort();
    await this.gone;
  }
}
