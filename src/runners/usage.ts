/** What a job took of the process that ran it. */
import { writeFileSync } from 'node:fs';

/** Metrics of a node that ran in a process, by the names that they have there. */
export const USAGE = { memory: 'process.peakMemoryBytes', cpu: 'process.cpuMs' } as const;

/**
 * Begins to measure this process.
 *
 * @returns gives the peak of its resident memory, and its processor time, since then. Where the peak cannot be reset,
 *   which is anywhere but on Linux, it is that of the process's whole life
 */
export function startUsage(): () => Record<string, number> {
  const before = process.cpuUsage();
  try {
    writeFileSync('/proc/self/clear_refs', '5'); // the peak is what it holds now
  } catch {
    // Not Linux, or not allowed.
  }
  return () => {
    const { user, system } = process.cpuUsage(before);
    return {
      [USAGE.memory]: process.resourceUsage().maxRSS * 1_024,
      [USAGE.cpu]: Math.round((user + system) / 1_000),
    };
  };
}
