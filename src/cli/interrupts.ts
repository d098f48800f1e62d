/**
 * Ctrl-C and what else asks this process to stop. One listener at a time, the newest; a second request ends the process
 * at once, whatever it is doing.
 */
import { performance } from 'node:perf_hooks';
import { EXIT } from './exit.js';

export type OnInterrupt = (signal: NodeJS.Signals) => void;

/** npm passes on a Ctrl-C that the terminal has sent us already: within this many milliseconds it is the same one. */
const SAME_REQUEST_MS = 100;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

class Interrupts {
  private readonly listeners: OnInterrupt[] = [];
  private askedAt: number | undefined;

  /** @returns ends the listening; the one before is asked again */
  listen(onInterrupt: OnInterrupt): () => void {
    if (this.listeners.length === 0) for (const signal of SIGNALS) process.on(signal, this.receive);
    this.listeners.push(onInterrupt);
    return () => {
      this.listeners.splice(this.listeners.lastIndexOf(onInterrupt), 1);
      if (this.listeners.length === 0)
        for (const signal of SIGNALS) process.off(signal, this.receive);
    };
  }

  private readonly receive = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (this.askedAt === undefined) {
      this.askedAt = now;
      this.listeners.at(-1)?.(signal);
    } else if (now - this.askedAt > SAME_REQUEST_MS) endAtOnce();
  };
}

export const interrupts = new Interrupts();

/** For a command that has nothing to tidy up. Child processes of ours end with this process. */
export function endAtOnce(): void {
  process.exit(EXIT.interrupted);
}

/** Aborted at the first request to stop. */
export function interruptSignal(): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController();
  const stop = interrupts.listen(() => controller.abort());
  return { signal: controller.signal, stop };
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
