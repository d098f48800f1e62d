/** What the end of a sandbox means. Pure; the order of the questions is the point. */
import type { Resource, SandboxVerdict } from './sandbox-spec.js';

export interface Ending {
  /** What we ended it for; undefined where we did not. */
  ended: 'stopped' | Resource | undefined;
  oomKills: number;
  forkRefusals: number;
  diskFull: boolean;
  /** bwrap said how the program ended; else it was never started, or bwrap itself was ended. */
  reported: boolean;
  /** Of bwrap: it folds a signal into 128 + its number. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The end of standard error. */
  stderr: string;
}

/** Whether its share of the memory is held for each process: then no counter tells, but the runtimes' own words. */
const SIGNATURES: readonly (readonly [codes: readonly number[], says: RegExp])[] = [
  [[134, 133], /heap out of memory|Fatal (?:process|JavaScript).*out of memory/],
  [[3, 1], /java\.lang\.OutOfMemoryError/],
  [[1], /^MemoryError\b/m],
  [[1, 133, 134], /^RangeError: Array buffer allocation failed/m],
];
const NO_SPACE = /No space left on device|ENOSPC|Disk quota exceeded|File too large|EFBIG/;

/** Names of the signals that end a program; others are a number. */
const SIGNALS: Readonly<Record<number, string>> = {
  ...{ 1: 'SIGHUP', 2: 'SIGINT', 3: 'SIGQUIT', 4: 'SIGILL', 5: 'SIGTRAP', 6: 'SIGABRT' },
  ...{ 7: 'SIGBUS', 8: 'SIGFPE', 9: 'SIGKILL', 10: 'SIGUSR1', 11: 'SIGSEGV', 12: 'SIGUSR2' },
  ...{ 13: 'SIGPIPE', 14: 'SIGALRM', 15: 'SIGTERM', 24: 'SIGXCPU', 25: 'SIGXFSZ', 31: 'SIGSYS' },
};

export function verdictOf(ending: Ending): SandboxVerdict {
  const { ended, oomKills, forkRefusals, diskFull, reported, code, signal, stderr } = ending;
  if (ended === 'stopped') return { kind: 'stopped' };
  if (ended !== undefined) return { kind: 'exhausted', resource: ended };
  // Also where it ended well: a child of it may be the one that was killed.
  if (oomKills > 0) return { kind: 'exhausted', resource: 'memory' };
  if (!reported)
    return signal === null
      ? { kind: 'unprepared', message: stderr.trim() || `bwrap ended with ${code}` }
      : { kind: 'exited', code: null, signal };
  if (code === 0) return { kind: 'exited', code, signal: null };
  const name = code !== null && code > 128 ? SIGNALS[code - 128] : undefined;
  if (name === 'SIGXCPU') return { kind: 'exhausted', resource: 'cpu' };
  if (name === 'SIGXFSZ') return { kind: 'exhausted', resource: 'disk' };
  if (SIGNATURES.some(([codes, says]) => codes.includes(code ?? -1) && says.test(stderr)))
    return { kind: 'exhausted', resource: 'memory' };
  if (diskFull || NO_SPACE.test(stderr)) return { kind: 'exhausted', resource: 'disk' };
  if (forkRefusals > 0) return { kind: 'exhausted', resource: 'processes' };
  return { kind: 'exited', code: name === undefined ? code : null, signal: name ?? signal };
}
