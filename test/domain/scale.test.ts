import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  LAYOUTS,
  LOADS,
  alone,
  carriedBy,
  limitsOf,
  simulateLoad,
} from '../../bench/scale/capacity.js';
import { BOUNDS, graphOf } from '../../bench/scale/handing.js';
import { CALIBRATION, FORETOLD } from '../../bench/scale/measured.js';
import { Clock, Cores, Lane } from '../../bench/scale/queueing.js';
import { foretell, offBy, tables, withTable } from '../../bench/scale/report.js';
import { SHAPES, simulateGraphs } from '../../bench/scale/workloads.js';

const root = join(__dirname, '..', '..');
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');
/** As prettier and the model write the same table. */
const flat = (text: string): string => text.replace(/ +/g, ' ').replace(/-{3,}/g, '---');

describe('the simulation of a cluster', () => {
  const measured = FORETOLD.filter(({ wallMs }) => wallMs !== undefined);

  it.each(measured)('comes near to what $name took', (one) => {
    expect(Math.abs(offBy(foretell(one).wallMs, one.wallMs) ?? 100)).toBeLessThanOrEqual(15);
  });

  it('has what it is held against from where that is recorded', () => {
    const results = flat(read('bench', 'graphs.md'));
    const decision = read('docs', 'decisions', '0025-light-nodes-run-in-bursts.md');
    for (const { wallMs, source } of [...CALIBRATION, ...FORETOLD]) {
      if (wallMs === undefined) continue;
      const [, mark] = source.split(', ');
      const [, part = decision] = mark ? results.split(`<!-- ${mark} -->`) : [];
      const seconds = wallMs / 1_000;
      const [text = ''] = part.split('\n<!-- ');
      expect(text).toMatch(new RegExp(`\\b(${wallMs}|${seconds.toFixed(1)}|${seconds} s)\\b`));
    }
  });

  it.each(Object.entries(BOUNDS))('has the bounds of workflows/%s.ts', (file, bounds) => {
    const source = read('src', 'workflows', `${file}.ts`).replace(/(?<=\d)_(?=\d)/g, '');
    for (const [name, value] of Object.entries(bounds))
      expect(source).toContain(`const ${name} = ${value};`);
  });

  it('runs every node once, in as many events as its history would have', () => {
    const { nodes, activities, events, workflowTasks } = simulateGraphs(graphOf(SHAPES.W3));
    expect(activities).toBe(nodes + 1); // and the record of the end
    // Start, prepare and end, three of each activity and of each workflow task.
    expect(events).toBe(3 * activities + 3 * workflowTasks + 3);
  });

  it('gives the same for the same seed, and nearly the same for another', () => {
    const run = (seed: number) => simulateGraphs(graphOf(SHAPES.W5), { seed });
    expect(run(1)).toEqual(run(1));
    expect(run(2).wallMs).not.toBe(run(1).wallMs);
    expect(run(2).wallMs / run(1).wallMs).toBeCloseTo(1, 0);
  });

  it('carries no more than its limits say, and not much less', () => {
    const load = { ...(LOADS[1] as (typeof LOADS)[number]), count: 60, atOnce: 20 };
    const [layout] = LAYOUTS;
    if (!layout) throw new Error('no layout');
    const { nodes, wallMs } = simulateLoad(load, layout);
    const limits = limitsOf(load, alone(load.shape, false, layout.commitMs), layout, 1);
    const [binds] = limits.filter(({ name }) => name !== 'store');
    const share = ((nodes / wallMs) * 1_000) / (binds?.nodesPerSecond ?? 0);
    // It begins and ends with few graphs, and queues form although no core is always busy.
    expect(share).toBeGreaterThan(0.6);
    expect(share).toBeLessThan(1.02);
  });

  it('carries more on each larger layout, of every load', () => {
    for (const load of LOADS) {
      const rates = LAYOUTS.map((layout) => carriedBy(load, layout)[0].nodesPerSecond);
      expect(rates).toEqual([...rates].sort((a, b) => a - b));
    }
  });

  it('is what docs/scale.md shows', () => {
    const doc = read('docs', 'scale.md');
    let made = doc;
    for (const [name, rows] of Object.entries(tables())) made = withTable(made, name, rows);
    expect(flat(doc)).toBe(flat(made));
    expect(doc.split('\n').length).toBeLessThanOrEqual(201);
  });
});

describe('Cores', () => {
  it('work side by side; what is urgent goes before what came earlier', () => {
    const clock = new Clock();
    const cores = new Cores(clock, 2);
    const ends: [string, number][] = [];
    const run = (name: string, ms: number, isUrgent = false): void =>
      cores.run(ms, () => ends.push([name, clock.now]), isUrgent);
    run('a', 10);
    run('b', 4);
    run('c', 5);
    run('d', 1, true);
    clock.run();
    expect(ends).toEqual([
      ['b', 4],
      ['d', 5],
      ['a', 10],
      ['c', 10],
    ]);
  });
});

describe('Lane', () => {
  it('is had by one at a time, in the order in which they came', () => {
    const clock = new Clock();
    const lane = new Lane();
    const begun: [string, number][] = [];
    for (const name of ['a', 'b', 'c'])
      lane.enter(() => {
        begun.push([name, clock.now]);
        clock.after(3, () => lane.leave());
      });
    clock.run();
    expect(begun).toEqual([
      ['a', 0],
      ['b', 3],
      ['c', 6],
    ]);
  });
});
