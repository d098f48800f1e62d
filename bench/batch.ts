/**
 * Tasks by `scheduleTaskBatch` beside as many `scheduleTask`s one by one: `npm run bench:batch -- [--pairs 5] [--light]`. Rates
 * are from the first call to the last end. Writes its part of `graphs.md`.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machine, median, ratio, table, writePart } from './graphs/report.js';
import { startOurSide } from './graphs/sides.js';
import { onStage, startServer } from './graphs/stage.js';
import { WORKLOADS } from './graphs/workloads.js';

const { values: options } = parseArgs({
  options: { pairs: { type: 'string', default: '5' }, light: { type: 'boolean', default: false } },
});
const { light } = options;
const pairs = Number(options.pairs);
const FILE = fileURLToPath(new URL('graphs.md', import.meta.url));
const ITEMS = 5_000;

await onStage(async (stage) => {
  const server = await startServer(stage);
  const { client, engine, measured } = await startOurSide(stage, server, 'bench-batch');
  const one = WORKLOADS['W4'];
  if (!one) throw new Error('W4 is not there');

  const batch = async (nth: number): Promise<number> => {
    const { wallMs } = await measured(ITEMS, async () => {
      const items = Array.from({ length: ITEMS }, (_, index) => ({
        task: 'noop',
        input: { index },
        light,
      }));
      const { successful } = await engine.scheduleTaskBatch(items, { idempotencyKey: `b${nth}` });
      const runs = new Set(
        successful.map(({ executionId }) => executionId.replace(/\/[^/]*$/, '')),
      );
      await Promise.all([...runs].map((id) => client.workflow.getHandle(id).result()));
      return [...runs];
    });
    return (ITEMS * 1_000) / wallMs;
  };
  const singles = async (nth: number): Promise<number> => {
    const { wallMs } = await measured(one.tasks, () => one.ours(engine, `s${nth}`, { light }));
    return (one.tasks * 1_000) / wallMs;
  };

  const rates: { batch: number[]; singles: number[] } = { batch: [], singles: [] };
  for (let nth = 0; nth <= pairs; nth++) {
    for (const side of nth % 2 === 0
      ? (['batch', 'singles'] as const)
      : (['singles', 'batch'] as const)) {
      const rate = side === 'batch' ? await batch(nth) : await singles(nth);
      console.log(nth, side, `${rate.toFixed(1)} a second`);
      if (nth > 0) rates[side].push(rate); // the first warms both up
    }
  }
  const times = rates.batch.map((rate, nth) => rate / (rates.singles[nth] ?? Number.NaN));
  const row = [median(rates.singles).toFixed(1), median(rates.batch).toFixed(1), ratio(times)];
  writePart(
    FILE,
    '# Our engine beside hand-written Temporal code\n',
    light ? 'batch-light' : 'batch',
    `## ${ITEMS.toLocaleString('en')} ${light ? 'light ' : ''}tasks in a batch beside single ones\n\n\`npm run bench:batch${light ? ' -- --light' : ''}\`. ${one.name} and one \`scheduleTaskBatch\`, server with its state in memory. ${machine()}. Medians of ${pairs}; median (least–most) of the ratios within a pair.\n\n${table(['single tasks a second', 'tasks of a batch a second', 'times as many'], [row])}`,
  );
});
