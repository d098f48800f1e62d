/** The workers of Temporal's that run beside a worker's main one, for activities alone. */
import { ResourceBasedController, type WorkerOptions, type WorkerTuner } from '@temporalio/worker';
import type { LoadTarget } from './config.js';
import type { ModeDetail } from './runners/runner.js';
import { runnerQueue, systemQueue } from './workflows/queues.js';

/** Attempts that run at once in a worker, where nobody says it. */
export const DEFAULT_SLOTS = 100;

/** Pieces of the engine's own work that run at once in a worker. */
const SYSTEM_SLOTS = 20;

/** One for the engine's own work, and one for each kind of programs that this worker runs. */
export function besideWorkers(
  main: WorkerOptions,
  programs: readonly ModeDetail[],
  target: LoadTarget | null,
): WorkerOptions[] {
  // One for all kinds of programs: they use the same machine.
  const controller = target
    ? ResourceBasedController.create({
        targetCpuUsage: target.cpu,
        targetMemoryUsage: target.memory,
      })
    : undefined;
  return [systemOptions(main), ...programs.map((one) => programOptions(main, one, controller))];
}

/** A worker beside the main one, for the engine's own work: it never waits for a slot behind tasks. */
function systemOptions(main: WorkerOptions): WorkerOptions {
  return {
    ...besideOptions(main),
    taskQueue: systemQueue(main.taskQueue),
    maxConcurrentActivityTaskExecutions: SYSTEM_SLOTS,
  };
}

/** A worker beside the main one for one kind of programs: workers that cannot run it do not poll its queue. */
function programOptions(
  main: WorkerOptions,
  { mode, size }: ModeDetail,
  controller: ResourceBasedController | undefined,
): WorkerOptions {
  const slots = main.maxConcurrentActivityTaskExecutions ?? DEFAULT_SLOTS;
  // No more than can run: one that waits here for a place spends its own time, and no other worker gets it.
  const most = Math.min(slots, size ?? slots);
  const runsHere = size !== null; // a function runs elsewhere
  return {
    ...besideOptions(main),
    taskQueue: runnerQueue(main.taskQueue, mode),
    ...(controller && runsHere
      ? { tuner: tunerOf(controller, most) }
      : { maxConcurrentActivityTaskExecutions: most }),
  };
}

/** Of a worker that runs activities alone. */
function tunerOf(controller: ResourceBasedController, most: number): WorkerTuner {
  const none = { type: 'fixed-size', numSlots: 1 } as const;
  return {
    workflowTaskSlotSupplier: none,
    localActivityTaskSlotSupplier: none,
    nexusTaskSlotSupplier: none,
    activityTaskSlotSupplier: {
      ...{ type: 'resource-based', controller },
      ...{ minimumSlots: 1, maximumSlots: most, rampThrottle: '50ms' },
    },
  };
}

/** What a worker for activities alone has of the main one. */
function besideOptions({
  connection,
  namespace,
  activities,
  identity,
  dataConverter,
  interceptors,
  shutdownGraceTime,
  shutdownForceTime,
}: WorkerOptions): Omit<WorkerOptions, 'taskQueue'> {
  return {
    ...(connection ? { connection } : {}),
    ...(namespace === undefined ? {} : { namespace }),
    ...(activities ? { activities } : {}),
    ...(identity === undefined ? {} : { identity }),
    ...(dataConverter ? { dataConverter } : {}),
    ...(interceptors?.activity ? { interceptors: { activity: interceptors.activity } } : {}),
    ...(shutdownGraceTime === undefined ? {} : { shutdownGraceTime }),
    ...(shutdownForceTime === undefined ? {} : { shutdownForceTime }),
    maxHeartbeatThrottleInterval: '2s',
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
  };
}
