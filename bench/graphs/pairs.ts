/** Hand-written Temporal code and ours on one server, in turns: each pair of runs has the machine in the same mood. */
import { measure, type Measured } from './measure.js';
import { peakMb, startProgram } from './processes.js';
import { startOurSide } from './sides.js';
import { startServer, type Stage } from './stage.js';
import type { Workload } from './workloads.js';

export interface Pair {
  raw: Measured;
  ours: Measured;
}

export interface BothSides {
  run(side: keyof Pair, workload: Workload, id: string): Promise<Measured>;
  /** Most memory that each process has had so far, in MB. */
  peaks(): { raw: number; ours: number; server: number };
}

/**
 * A server and a worker process for each side.
 *
 * @param dbFile where the server keeps its state; undefined for memory
 */
export async function startBothSides(stage: Stage, dbFile?: string): Promise<BothSides> {
  const { address, pid } = await startServer(stage, dbFile);
  const taskQueue = 'bench-raw';
  const rawWorker = await startProgram('raw-worker.ts', [address, taskQueue]);
  stage.stops.push(() => rawWorker.stop());
  const ours = await startOurSide(stage, { address, pid }, 'bench-ours');
  const { client, engine } = ours;
  return {
    run: (side, workload, id) => {
      const { tasks } = workload;
      if (side === 'ours') return ours.measured(tasks, () => workload.ours(engine, id));
      return measure({ client, server: pid, worker: rawWorker.pid, tasks }, () =>
        workload.raw({ client, taskQueue }, id),
      );
    },
    peaks: () => ({
      ...{ raw: peakMb(rawWorker.pid), ours: peakMb(ours.workerPid), server: peakMb(pid) },
    }),
  };
}

/**
 * Runs a workload in pairs, each side first in turn.
 *
 * @param options `warm`: pairs at the start that do not count; `told` hears of each run
 */
export async function runPairs(
  sides: BothSides,
  [key, workload]: readonly [string, Workload],
  options: {
    pairs: number;
    warm: number;
    /** The first one's number; every pair of a workload has one of its own. Default 0. */
    first?: number;
    told?: (side: keyof Pair, nth: number, measured: Measured) => void;
  },
): Promise<Pair[]> {
  const measured: Pair[] = [];
  const { first = 0, warm } = options;
  for (let nth = first; nth < first + warm + options.pairs; nth++) {
    const pair: Partial<Pair> = {};
    for (const side of nth % 2 === 0 ? (['raw', 'ours'] as const) : (['ours', 'raw'] as const)) {
      const one = await sides.run(side, workload, `${key}-${side}-${nth}`);
      options.told?.(side, nth, one);
      pair[side] = one;
    }
    if (nth >= first + warm) measured.push(pair as Pair);
  }
  return measured;
}
