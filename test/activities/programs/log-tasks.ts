/** A task that says something on every attempt, wherever it runs. */
import { defineTask, type Isolation } from '../../../src/registry.js';
import type { TaskContext } from '../../../src/task-context.js';

export interface Says {
  lines: number;
  /** Attempts that fail after they have said it. */
  fails?: number;
}

function say({ lines, fails = 0 }: Says, { attempt, log, warn }: TaskContext): number {
  for (let n = 1; n <= lines; n++) log.info(`line ${n}`, { n });
  warn('nearly full');
  log.error('bad', { at: 'end' });
  if (attempt <= fails) throw new Error('again');
  return lines;
}

export const MODES = ['in-process', 'thread', 'process'] as const satisfies readonly Isolation[];
const of = (isolation: Isolation) =>
  defineTask<Says>({
    ...{ name: `says-${isolation}`, isolation, module: import.meta.url },
    ...{ retry: { strategy: 'IMMEDIATE', maxRetries: 3 }, run: say },
  });
export const saysInProcess = of('in-process');
export const saysInThread = of('thread');
export const saysInAProcess = of('process');
