/** The runners of programs that this host has, and of the others why it has none. */
import { messageOf, TaskError } from '../domain/errors.js';
import { PROGRAM_KINDS, type ProgramKind } from '../domain/program.js';
import type { ProgramRunner } from './look-ups.js';
import type { ModeDetail } from './runner.js';

/** Opens a runner. @throws TaskError that says in one sentence what this host lacks, and what to do */
export type OpenRunner = () => Promise<ProgramRunner>;

export class ProgramRunners {
  private constructor(
    private readonly runners: ReadonlyMap<ProgramKind, ProgramRunner>,
    /** Why a kind cannot be run here. */
    readonly lacks: Partial<Record<ProgramKind, string>>,
  ) {}

  /**
   * @param wanted the kinds that are to be there; undefined for whatever this host has
   * @throws TaskError CONFIGURATION with the lack, for a kind that was asked for
   */
  static async open(
    openers: Readonly<Record<ProgramKind, OpenRunner>>,
    wanted: readonly ProgramKind[] | undefined,
  ): Promise<ProgramRunners> {
    const runners = new Map<ProgramKind, ProgramRunner>();
    const lacks: Partial<Record<ProgramKind, string>> = {};
    await Promise.all(
      PROGRAM_KINDS.map(async (kind) => {
        if (wanted && !wanted.includes(kind)) lacks[kind] = 'the setting programs leaves it out';
        else
          try {
            runners.set(kind, await openers[kind]());
          } catch (error) {
            lacks[kind] = messageOf(error);
          }
      }),
    );
    const missing = wanted?.filter((kind) => !runners.has(kind)) ?? [];
    if (missing.length === 0) return new ProgramRunners(runners, lacks);
    await closeAll(runners);
    throw new TaskError(
      'CONFIGURATION',
      `programs: this worker cannot run what it was told to:\n${missing.map((kind) => `  ${kind}: ${lacks[kind]}`).join('\n')}`,
    );
  }

  get kinds(): ProgramKind[] {
    return PROGRAM_KINDS.filter((kind) => this.runners.has(kind));
  }

  get details(): ModeDetail[] {
    return this.kinds.map((kind) => this.of(kind).detail);
  }

  /** @throws TaskError CONFIGURATION for a kind that this worker cannot run: another may */
  of(kind: ProgramKind): ProgramRunner {
    const runner = this.runners.get(kind);
    if (runner) return runner;
    throw new TaskError(
      'CONFIGURATION',
      `this worker runs no ${kind}: ${this.lacks[kind]}; see what workers can run with "tempograph doctor"`,
    );
  }

  async close(): Promise<void> {
    await closeAll(this.runners);
  }
}

async function closeAll(runners: ReadonlyMap<ProgramKind, ProgramRunner>): Promise<void> {
  await Promise.all([...runners.values()].map((runner) => runner.close()));
}
