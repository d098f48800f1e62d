/** What the end of a thread or process means for the handler that ran in it. */
import { TaskError } from '../domain/errors.js';
import { SetUpError } from './runner.js';

export interface GuestExit {
  place: 'thread' | 'process';
  /** Null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** It said itself, or V8 did, that its heap was full. */
  outOfMemory: boolean;
  memoryMb: number;
  /** The end of what a process wrote to standard error. */
  stderr?: string;
}

/** The handler's error for the end of its guest: heap full, an exit asked for by the task, or a crash. */
export function exitError(exit: GuestExit): TaskError {
  const { place, code, signal, outOfMemory, memoryMb, stderr = '' } = exit;
  const tail = stderr.trim().slice(-500);
  if (outOfMemory)
    return new TaskError(
      'RESOURCE_EXHAUSTED',
      `the handler's ${place} ran out of memory: its heap is bounded to ${memoryMb} MB (isolatedMemoryMb); raise it, or work in smaller pieces`,
      { details: { resource: 'memory', limitMb: memoryMb } },
    );
  if (signal === null)
    return new TaskError(
      'PROCESS_EXIT',
      `the handler ended its ${place} with process.exit(${code ?? 0}); return or throw instead`,
      { details: { exitCode: code } },
    );
  return new TaskError(
    'CRASHED',
    `the handler's ${place} was ended by ${signal}${tail === '' ? '' : `: ${tail}`}`,
    { details: { signal } },
  );
}

/** A guest that ended before it could take a job: nothing of the task has run. */
export function startError(place: 'thread' | 'process', cause: unknown, what: string): TaskError {
  return new SetUpError(`a ${place} cannot be started: ${what}`, {
    details: { pool: place },
    cause,
  });
}
