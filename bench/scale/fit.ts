/**
 * Finds the costs that come nearest to what was measured of the calibration's workloads: `npx tsx bench/scale/fit.ts [seconds]`.
 * A search along one cost after the other from those that are there; prints what it has found. W5 and W6 take no part.
 */
import { MACHINE } from './cluster.js';
import { COSTS, type Costs } from './costs.js';
import { graphOf } from './handing.js';
import { CALIBRATION } from './measured.js';
import { SHAPES, simulateMean } from './workloads.js';

interface Model {
  costs: Costs;
  others: number;
}
/** A cost by its path. `path`: the share of the server's work that somebody waits for. `others`: what other programs take. */
const NAMES = [
  ...['activity', 'workflowTask', 'look', 'signal', 'execution', 'locked'].map(
    (n) => `server.${n}`,
  ),
  ...['activity', 'workflowTask', 'coordinatorTask', 'node', 'decided', 'light'].map(
    (name) => `worker.${name}`,
  ),
  ...['worker.execution', 'worker.graph', 'path', 'others'],
];
const CASES = CALIBRATION.map((measured) => ({
  measured,
  graph: graphOf(SHAPES[measured.shape], measured.light),
}));

function numberAt(costs: Costs, name: string): number {
  const [of = '', key = ''] = name.split('.');
  return (costs as unknown as Record<string, Record<string, number>>)[of]?.[key] ?? Number.NaN;
}

const START = NAMES.map((name) => {
  const { begin, end } = COSTS.server.share;
  if (name === 'path') return begin + end;
  return name === 'others' ? MACHINE.others : numberAt(COSTS, name);
});

function modelOf(values: readonly number[]): Model {
  const costs = structuredClone(COSTS);
  let others = MACHINE.others;
  NAMES.forEach((name, nth) => {
    const value = values[nth] ?? 0;
    const [of = '', key] = name.split('.');
    if (name === 'others') others = value;
    else if (key === undefined)
      costs.server.share = { begin: value * 0.45, end: value * 0.55, after: 1 - value };
    else (costs as unknown as Record<string, Record<string, number>>)[of]![key] = value;
  });
  return { costs, others };
}

/** How far off a model is: squares of logarithms, and a little for costs that move away from where they began. */
function faultOf(values: readonly number[]): number {
  const { costs, others } = modelOf(values);
  const off = (told: number, measured: number | undefined, weight: number): number =>
    measured === undefined ? 0 : weight * Math.log(told / measured) ** 2;
  let fault = 0;
  for (const { measured, graph } of CASES) {
    const size = { ...MACHINE, others };
    const told = simulateMean(graph, { ...measured.executions, size, costs });
    fault += off(told.wallMs, measured.wallMs, 1.5);
    fault += off(told.serverCpuMs, measured.serverCpuMs, 1);
    fault += off(told.workerCpuMs, measured.workerCpuMs, 1);
    fault += off(told.serverCpuMs + told.workerCpuMs, measured.bothCpuMs, 1);
    fault += off(told.eventsPerNode, measured.eventsPerNode, 4);
  }
  values.forEach((value, nth) => (fault += off(value, START[nth], 0.02)));
  return fault;
}

let best = { values: START, fault: faultOf(START) };
const until = Date.now() + Number(process.argv[2] ?? 240) * 1_000;
for (let step = 0.12; step > 0.02 && Date.now() < until;) {
  const before = best.fault;
  for (let nth = 0; nth < NAMES.length && Date.now() < until; nth++) {
    for (const factor of [1 + step, 1 / (1 + step)]) {
      const values = best.values.map((value, at) => (at === nth ? value * factor : value));
      if ((values[NAMES.indexOf('path')] ?? 0) > 0.85) continue;
      const fault = faultOf(values);
      if (fault < best.fault) best = { values, fault };
    }
  }
  if (best.fault === before) step /= 2;
  console.log(step, best.fault.toFixed(4));
}
NAMES.forEach((name, nth) => console.log(name, best.values[nth]?.toPrecision(3)));
