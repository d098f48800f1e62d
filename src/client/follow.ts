/** Looks on while an execution runs, and never stands in its way. */
import { messageOf } from '../domain/errors.js';
import type { ExecutionHandle, ExecutionUpdate } from './handle.js';
import type { ExecutionResult } from './result.js';

/** Waits for the end and shows each update before it; where looking fails, the result comes all the same. */
export async function follow(
  handle: ExecutionHandle,
  look: (update: ExecutionUpdate) => void | Promise<void>,
  intervalMs?: number,
): Promise<ExecutionResult> {
  const stop = new AbortController();
  const watching = (async () => {
    for await (const update of handle.watch({
      signal: stop.signal,
      ...(intervalMs === undefined ? {} : { intervalMs }),
    })) {
      if (stop.signal.aborted) return;
      await look(update);
    }
  })().catch(() => undefined);
  try {
    return await handle.result();
  } finally {
    stop.abort();
    await watching;
  }
}

/** Calls a function of the caller's; what it throws becomes a process warning. */
export function quietly(name: string, call: () => void): void {
  try {
    call();
  } catch (error) {
    process.emitWarning(`${name} failed: ${messageOf(error)}`, 'TempographWarning');
  }
}
