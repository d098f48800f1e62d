/** The runners of a worker, one for each mode that it has. */
import { TaskError } from '../domain/errors.js';
import { ISOLATIONS, type Isolation, type RegisteredTask, type TaskRegistry } from '../registry.js';
import { InProcessRunner } from './in-process.js';
import { ProcessRunner } from './process.js';
import type { ModeDetail, Runner } from './runner.js';
import { ThreadRunner } from './thread.js';

export interface RunnerSettings {
  maxThreads: number;
  maxProcesses: number;
  isolatedMemoryMb: number;
  stopGraceMs: number;
}

/** How each mode's runner is made. Those without one are still to come. */
const MAKE: Record<Isolation, ((settings: RunnerSettings) => Runner) | undefined> = {
  'in-process': () => new InProcessRunner(),
  thread: ({ maxThreads, isolatedMemoryMb, stopGraceMs }) =>
    new ThreadRunner({ maxThreads, memoryMb: isolatedMemoryMb, graceMs: stopGraceMs }),
  process: ({ maxProcesses, isolatedMemoryMb, stopGraceMs }) =>
    new ProcessRunner({ maxProcesses, memoryMb: isolatedMemoryMb, graceMs: stopGraceMs }),
  container: undefined,
  faas: undefined,
};

/** The modes that have a runner. */
export const MODES: readonly Isolation[] = ISOLATIONS.filter((mode) => MAKE[mode]);

export class RunnerSet {
  private readonly runners = new Map<Isolation, Runner>();

  /**
   * @param modes the modes to have; default: all that there are
   * @throws TaskError CONFIGURATION that lists every mode and every task without a runner
   */
  constructor(
    private readonly registry: TaskRegistry,
    settings: RunnerSettings,
    modes: readonly Isolation[] = MODES,
  ) {
    const faults: string[] = [];
    for (const mode of new Set(modes)) {
      const make = Object.hasOwn(MAKE, mode) ? MAKE[mode] : undefined;
      if (make) this.runners.set(mode, make(settings));
      else faults.push(`modes: there is no runner for ${JSON.stringify(mode)}`);
    }
    for (const { definition, isolation } of this.tasks())
      if (!this.runners.has(isolation))
        faults.push(
          `task ${JSON.stringify(definition.name)} asks for isolation ${JSON.stringify(isolation)}`,
        );
    if (faults.length > 0) throw refusal(faults, `it has ${[...this.runners.keys()].join(', ')}`);
  }

  get modes(): ModeDetail[] {
    return [...this.runners.values()].map(({ detail }) => detail);
  }

  /** The runner of a task. */
  of({ definition, isolation }: RegisteredTask): Runner {
    const runner = this.runners.get(isolation);
    if (!runner)
      throw new TaskError(
        'CONFIGURATION',
        `task ${JSON.stringify(definition.name)}: this worker has no runner for ${isolation}`,
      );
    return runner;
  }

  /**
   * Lets each mode load the modules of its tasks once.
   *
   * @throws TaskError CONFIGURATION that lists every task that cannot be run, ENVIRONMENT where no thread or process starts
   */
  async check(): Promise<void> {
    const faults: string[] = [];
    for (const [mode, runner] of this.runners) {
      const tasks = this.tasks().filter(({ isolation }) => isolation === mode);
      if (tasks.length > 0) faults.push(...(await runner.check(tasks)));
    }
    if (faults.length > 0) throw refusal(faults);
  }

  /** Ends every thread and process. */
  async close(): Promise<void> {
    await Promise.all([...this.runners.values()].map((runner) => runner.close()));
  }

  private tasks(): RegisteredTask[] {
    return this.registry.names.flatMap((name) => this.registry.get(name) ?? []);
  }
}

function refusal(faults: readonly string[], rest?: string): TaskError {
  return new TaskError(
    'CONFIGURATION',
    `this worker cannot run what it was given${rest === undefined ? '' : ` (${rest})`}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    { details: faults },
  );
}
