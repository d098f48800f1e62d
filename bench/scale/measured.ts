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
    ...{ shape: 'W1', name: 'W1 chain of 100', wallMs: 1207 },
    ...{ serverCpuMs: 8.1, workerCpuMs: 7.3, eventsPerNode: 6.12 },
    source: 'graphs.md, again',
  },
  {
    ...{ shape: 'W2', name: 'W2 1 → 500 → 1', wallMs: 1350 },
    ...{ serverCpuMs: 2.39, workerCpuMs: 2.03, eventsPerNode: 3.26 },
    source: 'graphs.md, again',
  },
  {
    ...{ shape: 'W3', name: 'W3 10 layers of 100', wallMs: 2226 },
    ...{ serverCpuMs: 2.26, workerCpuMs: 1.78, eventsPerNode: 3.23 },
    source: 'graphs.md, again',
  },
  {
    ...{ shape: 'W4', name: 'W4 1,000 single ones, 100 at once', wallMs: 17_188 },
    ...{ serverCpuMs: 16.3, workerCpuMs: 12.75, eventsPerNode: 12 },
    executions: { count: 1_000, atOnce: 100 },
    source: 'graphs.md, memory-W4',
  },
  {
    ...{ shape: 'chain', name: 'chain of 5,000', wallMs: 54_300 },
    ...{ serverCpuMs: 9.35, workerCpuMs: 5.15 },
    source: 'graphs.md, shapes-wide-chain',
  },
  {
    ...{ shape: 'wide', name: '2 levels of 7,000', wallMs: 29_200 },
    ...{ serverCpuMs: 1.8, workerCpuMs: 1.84 },
    source: 'graphs.md, shapes-wide-chain',
  },
  {
    ...{ shape: 'W1', name: 'W1, light', light: true, wallMs: 131, bothCpuMs: 1.7 },
    source: 'graphs.md, again',
  },
  {
    ...{ shape: 'W2', name: 'W2, light', light: true, wallMs: 261, bothCpuMs: 0.7 },
    source: 'graphs.md, again',
  },
  {
    ...{ shape: 'W3', name: 'W3, light', light: true, wallMs: 409, bothCpuMs: 0.49 },
    source: 'graphs.md, again',
  },
];

/** What the simulation foretells. */
export const FORETOLD: readonly (Omit<Measurement, 'wallMs'> & { wallMs?: number })[] = [
  {
    ...{ shape: 'W5', name: 'W5 100 layers of 100', wallMs: 25_110 },
    ...{ serverCpuMs: 2.41, workerCpuMs: 2.02, eventsPerNode: 3.46 },
    source: 'graphs.md, memory-W5',
  },
  {
    ...{ shape: 'W5', name: 'the same, another run', wallMs: 25_100 },
    ...{ serverCpuMs: 2.04, workerCpuMs: 2.1 },
    source: 'graphs.md, shapes-ordinary-big',
  },
  {
    ...{ shape: 'W5', name: 'W5, light, the median of three in a row', light: true, wallMs: 5_300 },
    ...{ serverCpuMs: 0.13, workerCpuMs: 0.54 },
    source: 'graphs.md, shapes-ordinary-ordinary-ordinary-big-light',
  },
  {
    ...{ shape: 'narrow', name: '100 layers of 60, ten at once', wallMs: 17_300 },
    ...{ serverCpuMs: 2.61, workerCpuMs: 2.19 },
    source: 'graphs.md, shapes-ordinary-narrow',
  },
  {
    ...{ shape: 'W6', name: 'W6 1,000 layers of 100', wallMs: 249_700 },
    ...{ serverCpuMs: 2.23, workerCpuMs: 2.04 },
    source: 'graphs.md, shapes-ordinary-big',
  },
  {
    ...{ shape: 'W6', name: 'W6, light', light: true, wallMs: 65_300 },
    ...{ serverCpuMs: 0.18, workerCpuMs: 0.61 },
    source: 'graphs.md, shapes-ordinary-ordinary-ordinary-big-light',
  },
];
