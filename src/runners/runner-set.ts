/** The runners of a worker, one for each mode that it has. */
import { TaskError } from '../domain/errors.js';
import { ISOLATIONS, type Isolation, type RegisteredTask, type TaskRegistry } from '../registry.js';
import { PROGRAM_KINDS, type ProgramKind } from '../domain/program.js';
import type { RunnerSettings } from '../domain/runner-settings.js';
import type { PoolWatch } from '../domain/warm-plan.js';
import { ProgramRunners, type OpenRunner } from './program-runners.js';
import { ContainerRunner } from './container.js';
import { FaasRunner } from './faas.js';
import { ProgramProcessRunner } from './program-process.js';
import { InProcessRunner } from './in-process.js';
import type { ProgramRunner } from './look-ups.js';
import { ProcessRunner } from './process.js';
import type { ModeDetail, Runner } from './runner.js';
import { ThreadRunner } from './thread.js';

/** How the runners of programs are opened; those that cannot hold anything here say so. */
function openers(
  settings: RunnerSettings,
  watch: PoolWatch | undefined,
): Record<ProgramKind, OpenRunner> {
  const { maxPrograms, stopGraceMs: graceMs, cgroupParent } = settings;
  return {
    process: async () => {
      const { warm: named, warmBudget: budgetBytes } = settings;
      return await checked(
        new ProgramProcessRunner({
          ...{ maxPrograms, graceMs, warm: { named, budgetBytes, watch } },
          ...(cgroupParent === null ? {} : { cgroupParent }),
        }),
      );
    },
    container: async () => {
      const {
        containerEngine: host,
        containerRuntime: runtime,
        containerMounts: mounts,
        containerNetworks: networks,
        images,
      } = settings;
      return await checked(
        new ContainerRunner({
          ...{ maxContainers: maxPrograms, graceMs, mounts, networks, images },
          ...(host === null ? {} : { engine: { host } }),
          ...(runtime === null ? {} : { runtime }),
        }),
      );
    },
    faas: async () => new FaasRunner(),
  };
}

/** @throws TaskError CONFIGURATION with what this host lacks */
async function checked(runner: ProgramRunner): Promise<ProgramRunner> {
  const lacks = await runner.check([]);
  if (lacks.length === 0) return runner;
  await runner.close();
  throw new TaskError('CONFIGURATION', lacks.join('; '));
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
  private opened: ProgramRunners | undefined;
  private opening: Promise<ProgramRunners> | undefined;

  /**
   * @param modes the modes to have; default: all that there are
   * @throws TaskError CONFIGURATION that lists every mode and every task without a runner
   */
  constructor(
    private readonly registry: TaskRegistry,
    private readonly settings: RunnerSettings,
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

  /** The kinds of programs that it runs, and with what. */
  get programs(): ModeDetail[] {
    return this.opened?.details ?? [];
  }

  get programKinds(): ProgramKind[] {
    return this.opened?.kinds ?? [];
  }

  /** Of the kinds of programs that it cannot run, why. */
  get lacks(): Partial<Record<ProgramKind, string>> {
    return this.opened?.lacks ?? {};
  }

  /**
   * The runner of a task.
   *
   * @param mode where it is to run, where that is not as its definition says
   * @throws TaskError CONFIGURATION where this worker has none, or the task cannot be run there
   */
  of({ definition, isolation, module, program }: RegisteredTask, mode = isolation): Runner {
    if (program) return this.program(mode);
    const runner = this.runners.get(mode);
    const place = `task ${JSON.stringify(definition.name)}`;
    if (!runner)
      throw new TaskError('CONFIGURATION', `${place}: this worker has no runner for ${mode}`);
    if (mode !== 'in-process' && module === undefined)
      throw new TaskError(
        'CONFIGURATION',
        `${place}: isolation ${mode} needs "module" in its definition, the file that exports it; in that file write module: import.meta.url`,
      );
    return runner;
  }

  /** The runner of programs in a mode. @throws TaskError CONFIGURATION where this worker has none */
  program(mode: Isolation): ProgramRunner {
    const kind = PROGRAM_KINDS.find((one) => one === mode);
    if (kind && this.opened) return this.opened.of(kind);
    throw new TaskError('CONFIGURATION', `this worker has no runner for programs in ${mode}`);
  }

  /**
   * Finds out which programs this host can run.
   *
   * @param watch who counts how often a program finds a sandbox that waits
   * @throws TaskError CONFIGURATION with what it lacks, for a kind that the settings name
   */
  async open(watch?: PoolWatch): Promise<void> {
    this.opening = ProgramRunners.open(
      openers(this.settings, watch),
      this.settings.programs ?? undefined,
    );
    this.opened = await this.opening;
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
    // Also where it is still being opened: what is made then would be nobody's.
    await (await this.opening?.catch(() => undefined))?.close();
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
