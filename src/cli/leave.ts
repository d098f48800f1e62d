/** An execution that nobody watches: its id is told, and whether the workers that are there refuse it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutionResult } from '../client.js';
import { KNOWING_WORKERS } from '../domain/failure.js';
import type { Fault } from '../domain/fault.js';
import { isTerminal } from '../domain/status.js';
import type { CommandHandle } from '../remote/surface.js';
import { EXIT, failureOf, type ExitCode } from './exit.js';
import { workerCommand } from './no-worker.js';
import type { Output } from './output.js';
import { exitOf, faultsOf, printResult, resultDocument } from './result-text.js';
import type { Session } from './session.js';

/** How long workers have to check what was submitted, in milliseconds; a small graph takes them some tens. */
const CHECKED_WITHIN_MS = 5_000;

export interface LeaveOptions {
  /** Fields of the JSON beside the ids. */
  more?: Record<string, unknown>;
  /** It starts at a later time, and is checked then: nothing is waited for. */
  startsLater?: boolean;
  /** Words for faults that only a worker found. */
  refused?: (faults: readonly Fault[]) => Error;
}

/**
 * Prints the id at once, and then waits until a worker has checked the execution, where one polls the queue.
 *
 * @returns 2 where the workers refuse it, else 0, also where none has checked it in time: that is noted
 */
export async function leave(
  out: Output,
  session: Session,
  handle: CommandHandle,
  { more = {}, startsLater = false, refused }: LeaveOptions = {},
): Promise<ExitCode> {
  const { executionId, executions } = handle;
  out.print(executionId);
  const result = startsLater ? undefined : await rejection(out, session, handle);
  if (result === undefined) {
    out.document({ executionId, ...more, executions });
    return EXIT.done;
  }
  tellRejection(out, result, refused);
  return exitOf(result);
}

/** Tells an execution that was refused before anything of it ran, as a refused file is told. */
export function tellRejection(
  out: Output,
  result: ExecutionResult,
  refused: LeaveOptions['refused'],
): void {
  const faults = faultsOf(result);
  if (refused && faults.length > 0) {
    out.note(`${out.noteStyle.red('error:')} ${failureOf(refused(faults)).message}`);
    // All else that may be done is in what stands above.
    if (faults.some(({ code }) => code === 'UNKNOWN_TASK'))
      out.note(`${KNOWING_WORKERS.say}: ${KNOWING_WORKERS.command}`);
  } else printResult(out, result);
  out.document(resultDocument(result));
}

/** How it ended, where it is REJECTED; undefined where it goes on, or nobody can say yet. */
async function rejection(
  out: Output,
  session: Session,
  handle: CommandHandle,
): Promise<ExecutionResult | undefined> {
  const workers = await session.workers().catch(() => undefined);
  if (workers?.pollers === 0) {
    const { taskQueue } = workers;
    out.note(
      `no worker polls the task queue ${JSON.stringify(taskQueue)}, so the execution waits, and is not checked yet; start one with ${workerCommand(taskQueue)}`,
    );
    return undefined;
  }
  const stop = new AbortController();
  const late = delay(CHECKED_WITHIN_MS, undefined, { ref: false, signal: stop.signal });
  try {
    const nobody = () => undefined; // it is submitted: what keeps it from being looked at is no failure of that
    const isTaken = await Promise.race([
      taken(handle, stop.signal).catch(nobody),
      late.catch(nobody),
    ]);
    if (isTaken === false) return await handle.result();
    if (isTaken === undefined)
      out.note(
        `no worker has checked it within ${CHECKED_WITHIN_MS / 1_000} s; "tempograph status ${handle.executionId}" tells how it stands`,
      );
    return undefined;
  } finally {
    stop.abort();
  }
}

/**
 * Whether the workers took it, once one has checked it: before that it has no nodes, and what they refuse never has any.
 * A node that is refused later is a node that failed.
 */
async function taken(handle: CommandHandle, signal: AbortSignal): Promise<boolean | undefined> {
  for await (const { status, total } of handle.watch({ signal })) {
    if (total > 0) return true;
    if (isTerminal(status)) return status !== 'REJECTED';
  }
  return undefined;
}
