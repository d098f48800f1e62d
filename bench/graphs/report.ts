/** Results as text: what the machine is, medians with their spread, and a file with a part for each kind of run. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** The least value that so large a part of all does not exceed. @param part from 0 to 1: 0.99 is p99 */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

/**
 * `1.41 (1.34–1.56)`: the median of ratios, the least and the most.
 *
 * @param tail how large a part is left out at either end: of many runs the extremes are the machine's
 */
export const ratio = (values: readonly number[], tail = 0): string =>
  `${median(values).toFixed(2)} (${percentile(values, tail).toFixed(2)}–${percentile(values, 1 - tail).toFixed(2)})`;

/** The machine, the day and how busy it was. */
export function machine(): string {
  const [cpu] = cpus();
  const load = (loadavg()[0] ?? 0).toFixed(1);
  return `${cpus().length} × ${cpu?.model ?? 'processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}, load ${load} at the end`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/**
 * Replaces one part of a file of results, or adds it.
 *
 * @param head how a file that is not there yet begins
 */
export function writePart(file: string, head: string, mark: string, text: string): void {
  const line = `<!-- ${mark} -->`;
  let before = head;
  try {
    before = readFileSync(file, 'utf8');
  } catch {
    // The first results.
  }
  const parts = before.split(/(?=^<!-- [\w-]+ -->$)/m).filter((part) => !part.startsWith(line));
  writeFileSync(
    file,
    [...parts.map((part) => part.trimEnd()), `${line}\n\n${text}\n`].join('\n\n'),
  );
  execFileSync('npx', ['prettier', '--write', file], { stdio: 'ignore' });
}
