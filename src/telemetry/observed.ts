/** A Temporal worker's options with what traces and metrics need of it. */
import type { InjectedSinks, WorkerOptions } from '@temporalio/worker';
import type { Sinks } from '@temporalio/workflow';
import { SINK, type Marked, type Observer } from '../domain/observation.js';
import type { Metrics } from './metrics.js';
import type { Tracing } from './tracing.js';

export interface Observing {
  tracing: Tracing | undefined;
  metrics: Metrics | undefined;
  /** Hears of pauses and resumes. */
  marked: (marked: Marked) => void;
}

/**
 * @param modules our workflow interceptors, for a bundle that the worker makes itself; a finished one has them
 */
export function observed(
  options: WorkerOptions,
  modules: readonly string[],
  { tracing, metrics, marked }: Observing,
): WorkerOptions {
  const { interceptors = {}, sinks, ...rest } = options;
  const { activity = [], workflowModules = [] } = interceptors;
  return {
    ...rest,
    interceptors: {
      ...interceptors,
      activity: tracing ? [tracing.activityInterceptors, ...activity] : activity,
      workflowModules: rest.workflowBundle ? workflowModules : [...modules, ...workflowModules],
    },
    sinks: { ...sinks, ...ourSink({ tracing, metrics, marked }) },
  };
}

type OurSinks = Sinks & Record<typeof SINK, { [K in keyof Observer]: Observer[K] }>;

/** Always there: a workflow that speaks to a sink that is not is an error to the SDK. */
function ourSink({ tracing, metrics, marked }: Observing): InjectedSinks<OurSinks> {
  return {
    [SINK]: {
      span: { fn: (_workflow, span) => tracing?.write(span) },
      started: { fn: (_workflow, labels) => metrics?.started(labels) },
      ended: { fn: (_workflow, end) => metrics?.ended(end) },
      marked: { fn: (_workflow, told) => marked(told) },
      held: { fn: (_workflow, hold) => metrics?.held(hold) },
    },
  };
}
