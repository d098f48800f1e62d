/** One attempt in one container: followed to its end, and what that end means. */
import { constants, tmpdir } from 'node:os';
import type { Json } from '../domain/json.js';
import { formatDuration } from '../domain/duration.js';
import type { Container, ContainerEnd } from '../engine/container.js';
import type { EngineFacts } from '../engine/engine.js';
import { withWorkFolder } from '../work-folder.js';
import {
  exhausted,
  parseOutput,
  programFailed,
  type ProgramRequest,
  graceWithin,
} from './program.js';
import {
  metricsOf,
  StoppedError,
  type Enforced,
  type RunMetrics,
  type RunOptions,
  type RunOutcome,
} from './runner.js';

export interface ContainerRunOptions extends RunOptions {
  graceMs: number;
  /** Digest of the image. */
  image: string;
  /** The network that it is on, or `none`. */
  network: string;
  user: string | undefined;
  runtime: string | undefined;
  /** When the attempt was asked for, epoch milliseconds; undefined for a container that ran already. */
  asked?: number;
}

/** Beside the output: names, sizes and padding of an archive. */
const ARCHIVE_BYTES = 16 * 2 ** 20;
const SIGNALS: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name]),
);
/** What libc says of ENOSPC, EDQUOT and EFBIG: the engine does not tell that a folder in memory is full. */
const DISK_FULL = /No space left on device|ENOSPC|Disk quota exceeded|File too large|EFBIG/;
/** What shells and runtimes say where no process or thread is to be had: the engine keeps no count of it. */
const NO_PROCESS =
  /fork: (?:retry: )?Resource temporarily unavailable|can't fork|spawn \S+ EAGAIN|can't start new thread|unable to create (?:new )?native thread/i;

export class ContainerRun {
  private startedAfterMs: number | undefined;

  constructor(
    private readonly container: Container,
    private readonly facts: EngineFacts,
    private readonly request: ProgramRequest,
    private readonly options: ContainerRunOptions,
  ) {}

  /** @throws TaskError as the program ended; {@link StoppedError} */
  async toTheEnd(): Promise<RunOutcome> {
    const { limits } = this.request.program;
    const { signal, onOutput, onEnd, asked } = this.options;
    const graceMs = graceWithin(this.request, this.options.graceMs);
    const end = await this.container.follow(
      asked !== undefined,
      { ...limits, signal, onOutput, graceMs },
      () => void (this.startedAfterMs = asked === undefined ? undefined : Date.now() - asked),
    );
    if (end === 'taken over')
      throw new StoppedError('it was asked to stop, and its container is another attempt’s by now');
    onEnd?.(this.metrics(end), this.enforced(end));
    this.assertFinished(end);
    const output = await this.take();
    return { output, metrics: this.metrics(end), enforced: this.enforced(end) };
  }

  private assertFinished(end: ContainerEnd): void {
    const { program } = this.request;
    switch (end.endedFor) {
      case 'stopped':
        throw this.stopped(end);
      case 'logs':
      case 'disk':
        throw exhausted(end.endedFor, program);
      case undefined:
        break;
    }
    // Also with exit code 0: it may have been a child that was killed.
    if (end.outOfMemory) throw exhausted('memory', program);
    if (end.exitCode === 0) return;
    const signal = end.exitCode > 128 ? (SIGNALS.get(end.exitCode - 128) ?? null) : null;
    if (signal === 'SIGXFSZ' || DISK_FULL.test(end.stderr)) throw exhausted('disk', program);
    if (NO_PROCESS.test(end.stderr)) throw exhausted('processes', program);
    throw programFailed({ code: end.exitCode, signal, stderr: end.stderr }, 'the container');
  }

  private stopped({ killed }: ContainerEnd): StoppedError {
    return new StoppedError(
      killed
        ? `the container went on for ${formatDuration(this.options.graceMs)} after it was asked to stop (SIGTERM), and was ended`
        : 'the container was asked to stop (SIGTERM), and ended',
    );
  }

  /** Output and artifacts. Nothing of it stays on this host but what the context keeps. */
  private async take(): Promise<Json> {
    const { program, context } = this.request;
    const { maxOutputBytes, maxArtifactBytes, limits } = program;
    return await withWorkFolder(tmpdir(), async (folder) => {
      const maxBytes = limits.diskBytes + ARCHIVE_BYTES;
      const caps = { maxOutputBytes, maxArtifactBytes, maxBytes };
      const { output, texts, artifacts } = await this.container.take(folder, caps);
      if (output === 'too large' || texts === 'too large') throw exhausted('output', program);
      const parsed = parseOutput(output, texts);
      for (const { name, path } of artifacts) await context.artifact(name, path);
      return parsed;
    });
  }

  private metrics({ startedAt, finishedAt, usage }: ContainerEnd): RunMetrics {
    const environmentId = this.container.id.slice(0, 12);
    return {
      // By the engine's clock, both.
      ...metricsOf(Date.parse(startedAt), Date.parse(finishedAt), environmentId),
      ...(this.startedAfterMs === undefined ? {} : { prepareMs: this.startedAfterMs }),
      ...usage,
    };
  }

  private enforced({ diskBy }: ContainerEnd): Enforced {
    const { facts } = this;
    const { user = '65534:65534', runtime, image, network } = this.options;
    const cgroup = `cgroup${facts.cgroup}`;
    return {
      image,
      engine: `${facts.name} ${facts.version}`,
      memory: facts.swap ? cgroup : `${cgroup}, swap not limited`,
      cpu: cgroup,
      processes: cgroup,
      disk: `tmpfs for /tmp; volume measured by its ${diskBy}`,
      network,
      syscalls: facts.seccomp ? 'seccomp' : 'none',
      lsm: facts.lsm ?? 'none',
      user,
      capabilities: 'none',
      root: 'read-only',
      termination: 'signals',
      ...(runtime === undefined ? {} : { runtime }),
    };
  }
}
