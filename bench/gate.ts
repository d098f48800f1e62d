/**
 * Processor time of a task beside hand-written Temporal code, held against `gate.json`: fails where it has grown by a
 * quarter. The ratio of two sides that run in turns, since a machine's mood is the same for both; no wall time. Part of `npm run verify`.
 */
import { readFileSync } from 'node:fs';
import { runPairs, startBothSides } from './graphs/pairs.js';
import { onStage } from './graphs/stage.js';
import { chosenWorkloads } from './graphs/workloads.js';

const GROWTH = 1.25;
const PAIRS = 6;
const WARM = 3;
const KEYS = ['workerCpuMs', 'serverCpuMs'] as const;
type Expected = Record<string, Record<(typeof KEYS)[number], number>>;

const expected = JSON.parse(
  readFileSync(new URL('gate.json', import.meta.url), 'utf8'),
) as Expected;
if (process.platform !== 'linux') {
  console.log('not measured: processor times of other processes are read from /proc');
  process.exit(0);
}
type Pairs = Awaited<ReturnType<typeof runPairs>>;

/** The least of each side: whatever else the machine does only adds to it. */
function comparedOf(key: string, what: (typeof KEYS)[number], pairs: Pairs) {
  const [ours, raw] = (['ours', 'raw'] as const).map((side) =>
    Math.min(...pairs.map((pair) => pair[side][what])),
  ) as [number, number];
  const allowed = (expected[key]?.[what] ?? 0) * GROWTH;
  return { ours, raw, allowed, tooMuch: ours / raw > allowed };
}

let failed = false;
await onStage(async (stage) => {
  const sides = await startBothSides(stage);
  for (const chosen of chosenWorkloads(Object.keys(expected), [])) {
    const [key, { name }] = chosen;
    const pairs = await runPairs(sides, chosen, { pairs: PAIRS, warm: WARM });
    // After a long run of tests one side has come to the limit by chance; what has grown stays grown.
    if (KEYS.some((what) => comparedOf(key, what, pairs).tooMuch))
      pairs.push(
        ...(await runPairs(sides, chosen, { pairs: PAIRS, warm: 0, first: WARM + PAIRS })),
      );
    for (const what of KEYS) {
      const { ours, raw, allowed, tooMuch } = comparedOf(key, what, pairs);
      failed ||= tooMuch;
      console.log(
        `${name}: ${what} is ${(ours / raw).toFixed(2)} times that of hand-written code (${ours.toFixed(2)} and ${raw.toFixed(2)}, ${pairs.length} pairs), allowed are ${allowed.toFixed(2)}${tooMuch ? ': TOO MUCH' : ''}`,
      );
    }
  }
});
process.exitCode = failed ? 1 : 0;
