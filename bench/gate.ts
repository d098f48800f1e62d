/**
 * Processor time of a task beside hand-written Temporal code, held against `gate.json`: fails where it has grown by a
 * quarter. The ratio of two sides that run in turns, since a machine's mood is the same for both; no wall time. Part of `npm run verify`.
 */
import { readFileSync } from 'node:fs';
import { runPairs, startBothSides } from './graphs/pairs.js';
import { onStage } from './graphs/stage.js';
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
let failed = false;
await onStage(async (stage) => {
  const sides = await startBothSides(stage);
  for (const chosen of chosenWorkloads(Object.keys(expected), [])) {
    const [key, { name }] = chosen;
    const pairs = await runPairs(sides, chosen, { pairs: 6, warm: 3 });
    for (const what of KEYS) {
      // The least of each side: whatever else the machine does only adds to it.
      const [ours, raw] = (['ours', 'raw'] as const).map((side) =>
        Math.min(...pairs.map((pair) => pair[side][what])),
      ) as [number, number];
      const allowed = (expected[key]?.[what] ?? 0) * GROWTH;
      const tooMuch = ours / raw > allowed;
      failed ||= tooMuch;
      console.log(
        `${name}: ${what} is ${(ours / raw).toFixed(2)} times that of hand-written code (${ours.toFixed(2)} and ${raw.toFixed(2)}), allowed are ${allowed.toFixed(2)}${tooMuch ? ': TOO MUCH' : ''}`,
      );
    }
  }
});
process.exitCode = failed ? 1 : 0;
