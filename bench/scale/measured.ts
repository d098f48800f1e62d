/**
 * What was measured of our engine, on the machine of `bench/README.md`, and where that is recorded. W5 and W6 are not among
 * what the costs were found from: they are what the simulation is held against.
 */
import type { SHAPES } from './workloads.js';

export interface Measurement {
  shape: keyof typeof SHAPES;
  name: string;
  light?: true;
  /** Executions in all, and at once. */
  executions?: { count: number; atOnce: number };
  wallMs: number;
  /** Processor time a node; of light ones only the sum of both was recorded. */
  serverCpuMs?: number;
  workerCpuMs?: number;
  bothCpuMs?: number;
  eventsPerNode?: number;
  /** Where it stands. */
  source: string;
}

export const CALIBRATION: readonly Measurement[] = [
  {
    ...{ shape: 'W1', name: 'W1 chain of 100', wallMs: 1304 },
    ...{ serverCpuMs: 10.3, workerCpuMs: 7.3, eventsPerNode: 6.18 },
    source: 'graphs.md, memory-W1-W2-W3',
  },
  {
    ...{ shape: 'W2', name: 'W2 1 → 500 → 1', wallMs: 1452 },
    ...{ serverCpuMs: 2.71, workerCpuMs: 2.43, eventsPerNode: 3.27 },
    source: 'graphs.md, memory-W1-W2-W3',
  },
  {
    ...{ shape: 'W3', name: 'W3 10 layers of 100', wallMs: 2707 },
    ...{ serverCpuMs: 2.61, workerCpuMs: 2.22, eventsPerNode: 3.25 },
    source: 'graphs.md, memory-W1-W2-W3',
  },
  {
    ...{ shape: 'W4', name: 'W4 1,000 single ones, 100 at once', wallMs: 21_573 },
    ...{ serverCpuMs: 23.66, workerCpuMs: 12.27, eventsPerNode: 12 },
    executions: { count: 1_000, atOnce: 100 },
    source: 'graphs.md, memory-W4',
  },
  {
    ...{ shape: 'chain', name: 'chain of 5,000', wallMs: 73_400 },
    ...{ serverCpuMs: 12.79, workerCpuMs: 6.37 },
    source: 'graphs.md, shapes',
  },
  {
    ...{ shape: 'wide', name: '2 levels of 7,000', wallMs: 56_100 },
    ...{ serverCpuMs: 3.49, workerCpuMs: 3.05 },
    source: 'graphs.md, shapes',
  },
  {
    ...{ shape: 'W1', name: 'W1, light', light: true, wallMs: 138, bothCpuMs: 1.6 },
    source: 'graphs.md, bullmq',
  },
  {
    ...{ shape: 'W2', name: 'W2, light', light: true, wallMs: 401, bothCpuMs: 1 },
    source: 'graphs.md, bullmq',
  },
  {
    ...{ shape: 'W3', name: 'W3, light', light: true, wallMs: 583, bothCpuMs: 0.67 },
    source: 'graphs.md, bullmq',
  },
];

/** What the simulation foretells. */
export const FORETOLD: readonly (Omit<Measurement, 'wallMs'> & { wallMs?: number })[] = [
  {
    ...{ shape: 'W5', name: 'W5 100 layers of 100', wallMs: 35_410 },
    ...{ serverCpuMs: 3.15, workerCpuMs: 2.81, eventsPerNode: 3.91 },
    source: 'graphs.md, memory-W5',
  },
  {
    ...{ shape: 'W5', name: 'the same, another run', wallMs: 35_000 },
    ...{ serverCpuMs: 2.92, workerCpuMs: 2.89 },
    source: 'graphs.md, shapes',
  },
  {
    ...{ shape: 'W5', name: 'W5, light', light: true, wallMs: 8_000 },
    source: 'decision 0025',
  },
  {
    ...{ shape: 'W6', name: 'W6 1,000 layers of 100', wallMs: 403_400 },
    ...{ serverCpuMs: 2.9, workerCpuMs: 2.62 },
    source: 'graphs.md, shapes-ordinary-big',
  },
  {
    ...{ shape: 'W6', name: 'W6, light', light: true, wallMs: 95_000 },
    source: 'decision 0025',
  },
];
