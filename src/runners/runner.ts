/** The contract of all runners: where a task's code runs. A runner that cannot do what it is asked refuses; it never runs weaker. */

export interface RunOptions {
  signal: AbortSignal;
}

export interface RunMetrics {
  /** ISO times. */
  startTime: string;
  endTime: string;
  durationMs: number;
  /** The process, container or function that ran it. */
  environmentId: string;
}

export interface RunOutcome {
  output: unknown;
  metrics: RunMetrics;
  /** The limits that were really in force. */
  enforced: string[];
}

export interface Runner<Request> {
  readonly kind: 'in-process' | 'thread' | 'process' | 'container' | 'faas';
  /** Runs to the end. What the task throws is thrown as it is. */
  run(request: Request, options: RunOptions): Promise<RunOutcome>;
}
