import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePipeline } from '../../src/index.js';
import type { GraphSpec } from '../../src/domain/spec.js';
import { buildCli } from '../support/cli.js';
import { startHarness } from '../support/engine.js';
import { until } from '../support/until.js';
import { runExample } from '../support/user-program.js';

const folder = join(__dirname, '..', '..', 'examples', 'graphs');

/** What a program of examples/graphs prints. */
const run = (program: string): Promise<string> => runExample(join('graphs', program), 'silent');

describe('examples/graphs', () => {
  beforeAll(buildCli);

  it('order-saga: a failed order gives the money back, then the stock, and says so', async () => {
    expect((await run('order-saga.ts')).trim().split('\n')).toEqual([
      'FAILED: ship: no van is free',
      'undone: charge by refund, COMPLETED',
      'undone: reserve by release, COMPLETED',
      'ledger: charged 4200; refunded 4200 for receipt of charge',
      'lamps: 3',
    ]);
  });

  it.each([
    [true, { publish: 'published Week 48', archive: null }],
    [false, { publish: null, archive: 'archived Week 48' }],
  ])('report-with-approval: approved %s', async (approved, output) => {
    const harness = await startHarness();
    const { spec } = parsePipeline(readFileSync(join(folder, 'report-with-approval.yaml'), 'utf8'));
    const handle = await harness.engine.scheduleTaskGraph(spec as GraphSpec);
    const node = handle.node('agree');
    await until(async () => (await node.status()).approval !== undefined);
    expect((await node.status()).approval?.message).toBe('Publish "Week 48" of 3 regions?');
    await (approved ? node.approve() : node.deny());
    const result = await handle.resultOrThrow();
    expect(result.output).toEqual(output);
    await harness.stop();
  });

  it('nightly-backfill: loads every day but the broken one, and says why', async () => {
    expect((await run('nightly-backfill.ts')).trim().split('\n')).toEqual([
      'COMPLETED: loaded 2026-11-01: 101, 2026-11-02: 102, 2026-11-04: 104, 2026-11-05: 105, 2026-11-06: 106, 2026-11-07: 107',
      '2026-11-03: extract: the file of 2026-11-03 is cut off',
    ]);
  });

  it('model-evaluation: scores all cases and asks for the release', async () => {
    const printed = await run('model-evaluation.ts');
    expect(printed).toContain('Release with a score of 0.975?');
    expect(printed).toContain('COMPLETED: score 0.975');
  });
});
