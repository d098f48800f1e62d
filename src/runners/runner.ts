/** The contract of all runners: where a task's code runs. A runner that cannot do what it is asked refuses; it never runs weaker. */
import { TaskError, type TaskErrorOptions } from '../domain/errors.js';
import type { FileSource } from '../domain/input-files.js';
import type { Json } from '../domain/json.js';
import type { Limits, Program, SecurityLevel } from '../domain/program.js';
import type { Isolation, RegisteredTask } from '../registry.js';
import type { TaskContext } from '../task-context.js';

export interface RunRequest {
  task: RegisteredTask;
  /** Checked already: what the input schema parsed to. */
  input: unknown;
  /** What the handler says goes to this context, wherever the handler runs. */
  context: TaskContext;
  /** Set where the task is a program: then no handler is called. */
  program?: ProgramRun;
}

/** A program with everything settled that a runner needs. */
export interface ProgramRun {
  program: Program;
  /**
   * The program with the expressions in what it is started with replaced. Absent: it holds none.
   *
   * @param input as the program finds it
   * @throws TaskError EXPRESSION, INPUT_INVALID
   */
  fill?: (input: Json) => Program;
  /** What it gets as its input; checked already. */
  input: Json;
  /** Artifacts that the input names: files beside it. Absent: none. */
  files?: ProgramFiles;
  limits: Limits;
  level: SecurityLevel;
  /** `<host>:<port>` that it may reach; empty for none. */
  network: readonly string[];
  /** Variables that the worker gives it, secrets among them; the program's own and ours (`TEMPOGRAPH_*`) come on top. */
  env: Readonly<Record<string, string>>;
  /** Bytes of the JSON that it may give, and of one artifact. */
  maxOutputBytes: number;
  maxArtifactBytes: number;
}

/** Files of a program, which it may only read. */
export interface ProgramFiles {
  list: readonly FileSource[];
  /** The input, in which each file has its `path`. @param folder where they are put, as the program sees it */
  input(folder: string): Json;
}

export interface RunOptions {
  /** Asks the handler to stop. What does not is ended, and the run fails with {@link StoppedError}. */
  signal: AbortSignal;
  /** What a program says on standard output or error, as it comes, in whole characters. */
  onOutput?: (stream: 'stdout' | 'stderr', text: string) => void;
  /** Where a program ran that has ended, well or not, and what held it there. Not called where nothing of it ran. */
  onEnd?: (metrics: RunMetrics, enforced: Enforced) => void;
}

export interface RunMetrics {
  /** ISO times. */
  startTime: string;
  endTime: string;
  durationMs: number;
  /** The process, container or function that ran it. */
  environmentId: string;
  /** From the call until the program began. */
  prepareMs?: number;
  peakMemoryBytes?: number;
  /** Of processor time, all of its processes together. */
  cpuMs?: number;
}

export interface RunOutcome {
  output: unknown;
  metrics: RunMetrics;
  /** What was really in force, and by which means: `{ memory: 'cgroup1', network: 'none' }`. */
  enforced: Enforced;
}

/** What holds a task, by aspect: `memory`, `cpu`, `processes`, `disk`, `network`, `syscalls`, `user`, `termination` … */
export type Enforced = Readonly<Record<string, string>>;

/** What a worker has for one mode. */
export interface ModeDetail {
  mode: Isolation;
  /** Attempts that run at once in this mode; null where only the worker's own limit holds. */
  size: number | null;
  /** Megabytes of JavaScript heap for each thread or process; null where it is the worker's own. */
  memoryMb: number | null;
  /** Of programs: what holds them on this worker. */
  enforces?: Enforced;
}

export interface Runner {
  readonly detail: ModeDetail;
  /** Runs to the end. What the task throws is thrown as it is, or as like it as can be rebuilt. */
  run(request: RunRequest, options: RunOptions): Promise<RunOutcome>;
  /** What keeps these tasks from being run here, one sentence each; empty when nothing does. */
  check(tasks: readonly RegisteredTask[]): Promise<string[]>;
  /** Ends what still runs and leaves no thread or process behind. A second call waits for the first. */
  close(): Promise<void>;
}

/** Thrown by a runner that could not prepare what a task runs in: nothing of the task has run, and another try may help. */
export class SetUpError extends TaskError {
  override name = 'SetUpError';
  constructor(message: string, options?: TaskErrorOptions) {
    super('ENVIRONMENT', message, options);
  }
}

/**
 * Whether a failure says that nobody can run the program as it stands: of nodes it is REJECTED. What else fails may pass.
 */
export const isRefusal = (thrown: unknown): boolean =>
  thrown instanceof TaskError &&
  (thrown.code === 'CONFIGURATION' || (thrown.code === 'ENVIRONMENT' && !thrown.retriable));

/** Thrown by a runner for a handler that was ended, or never begun, because its signal was aborted. */
export class StoppedError extends Error {
  override name = 'StoppedError';
}

export function metricsOf(started: number, ended: number, environmentId: string): RunMetrics {
  return {
    startTime: new Date(started).toISOString(),
    // An engine may write down an end that is before the start, of what took no time.
    endTime: new Date(Math.max(started, ended)).toISOString(),
    durationMs: Math.max(0, ended - started),
    environmentId,
  };
}
