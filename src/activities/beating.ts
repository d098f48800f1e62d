/** The engine's own work says that it lives: a worker that is lost in the midst of it is known within seconds. */
import { Context } from '@temporalio/activity';

/** Between two heartbeats. Most of this work ends before the first. */
const BEAT_MS = 2_000;

/** Runs a step of the engine's own, with heartbeats for as long as it takes. */
export async function beating<T>(run: () => Promise<T>): Promise<T> {
  const context = Context.current();
  // A local activity has none: it ends with its workflow task.
  if (context.info.isLocal) return await run();
  const timer = setInterval(() => context.heartbeat(), BEAT_MS);
  try {
    return await run();
  } finally {
    clearInterval(timer);
  }
}
