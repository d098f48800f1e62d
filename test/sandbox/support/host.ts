/** What is on the host, whoever put it there. */
import { readdirSync, readFileSync } from 'node:fs';
import { startOf } from '../../../src/process-name.js';

/** Processes with that text in their command line; the dead that nobody has reaped do not count. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        const said = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return pid > 0 && said.includes(text) && startOf(pid) !== undefined;
      } catch {
        return false;
      }
    });
}

/** A number of seconds for sleep(1) that nobody else sleeps. */
export const marker = (): string => String(1e6 + Math.floor(Math.random() * 1e9));
