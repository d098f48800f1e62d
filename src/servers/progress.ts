/** Progress of finding, getting or starting a server: something to show while a build takes minutes. */

/** What is going on: looking, waiting for another process, fetching, building, checking, starting. */
export type ServerStep = 'search' | 'wait' | 'download' | 'build' | 'check' | 'start';

export interface ServerProgress {
  step: ServerStep;
  /** One line, in plain words, fit for a terminal. */
  message: string;
  /** Since the call that reports began, in milliseconds. */
  elapsedMs: number;
}

/** Called at every change, and every 3 s while one step goes on. */
export type OnProgress = (progress: ServerProgress) => void;

/** How often a step that goes on is reported again, in milliseconds. */
const REPEAT_MS = 3_000;

export interface ProgressReporter {
  /** Reports once. */
  say(step: ServerStep, message: string): void;
  /** Reports now, and again until `work` settles; `message` is asked each time, so that it can tell what is new. */
  during<T>(step: ServerStep, message: () => string, work: () => Promise<T>): Promise<T>;
}

/** A reporter whose `elapsedMs` counts from this call. Without `onProgress` it says nothing. */
export function progressReporter(onProgress?: OnProgress): ProgressReporter {
  const startedAt = Date.now();
  const say = (step: ServerStep, message: string) =>
    onProgress?.({ step, message, elapsedMs: Date.now() - startedAt });

  return {
    say,
    async during(step, message, work) {
      say(step, message());
      const timer = setInterval(() => say(step, message()), REPEAT_MS);
      try {
        return await work();
      } finally {
        clearInterval(timer);
      }
    },
  };
}
