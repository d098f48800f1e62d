/**
 * Processor time of a task beside hand-written Temporal code, held against `gate.json`: fails where it has grown by a
 * quarter. A ratio within pairs, since a machine's mood is the same for both sides; no wall time. Part of `npm run verify`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Measured } from './graphs/measure.js';
import { runPairs, startBothSides } from './graphs/pairs.js';
import { median, ratio } from './graphs/report.js';
import { chosenWorkloads } from './graphs/workloads.js';

const GROWTH = 1.25;
const KEYS = ['workerCpuMs', 'serverCpuMs'] as const;
type Expected = Record<string, Record<(typeof KEYS)[number], number>>;

const expected = JSON.parse(
  readFileSync(new URL('gate.json', import.meta.url), 'utf8'),
) as Expected;
if (process.platform !== 'linux') {
  console.log('not measured: processor times of other processes are read from /proc');
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), 'tempograph-gate-'));
const stops: (() => Promise<unknown>)[] = [];
let failed = false;
try {
  const sides = await startBothSides(folder, undefined, stops);
  for (const chosen of chosenWorkloads(Object.keys(expected), [])) {
    const [key, { name }] = chosen;
    const pairs = await runPairs(sides, chosen, { pairs: 5, warm: 3 });
    for (const what of KEYS) {
      const ratios = pairs.map(({ raw, ours }) => share(ours, raw, what));
      const allowed = (expected[key]?.[what] ?? 0) * GROWTH;
      const tooMuch = median(ratios) > allowed;
      failed ||= tooMuch;
      console.log(
        `${name}: ${what} is ${ratio(ratios)} times that of hand-written code, allowed are ${allowed.toFixed(2)}${tooMuch ? ': TOO MUCH' : ''}`,
      );
    }
  }
} finally {
  for (const stop of stops.reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;

function share(ours: Measured, raw: Measured, what: (typeof KEYS)[number]): number {
  return ours[what] / raw[what];
}
