/**
 * Runs programs in containers of Docker or Podman: without a network or on one that the worker allows, with a read-only
 * root, limits, no capabilities and fewer system calls. The kernel is the host's, and whoever may use the engine's socket is
 * root there.
 *
 * A container that a lost worker left behind is taken over by the next attempt of its node, not started twice.
 */
import canonicalize from 'canonicalize';
import { networkJoined, NO_LIST } from '../domain/container-network.js';
import { isTargetFault, targetFault } from '../domain/target-fault.js';
import { TaskError } from '../domain/errors.js';
import type { ContainerSpec, Program, Runtime } from '../domain/program.js';
import type { ProgramAsk, ProgramFinding } from '../domain/program-looks.js';
import type { Container } from '../engine/container.js';
import { assertHeld, PATHS, type ContainerSettings } from '../engine/container-options.js';
import { makeContainer, takeOver } from '../engine/containers.js';
import { openEngine, type Engine, type EngineAddress } from '../engine/engine.js';
import { Images, type ImageSettings } from '../engine/images.js';
import { labelsOf, runDigest, type ContainerIdentity } from '../engine/labels.js';
import { resolveMounts, type AllowedMount } from '../engine/mounts.js';
import { assertNetworkAllowed, assertNetworkThere } from '../engine/networks.js';
import { newOwner } from '../engine/owner.js';
import { withSaved } from '../engine/put-files.js';
import { runtimeContainer } from '../engine/runtime-images.js';
import { sweep } from '../engine/sweep.js';
import type { RegisteredTask } from '../registry.js';
import { ContainerRun } from './container-run.js';
import {
  lookUpContainer,
  lookUpContainerSettings,
  type ContainerParts,
} from './container-look-up.js';
import type { LookUps, ProgramRunner } from './look-ups.js';
import { filledRequest, programEnv, type ProgramRequest } from './program.js';
import {
  SetUpError,
  StoppedError,
  type ModeDetail,
  type RunOptions,
  type RunOutcome,
  type RunRequest,
} from './runner.js';
import { Slots } from './slots.js';

export interface ContainerRunnerOptions extends ContainerSettings, ImageSettings {
  /** Attempts that run at once in containers of this worker. */
  maxContainers: number;
  /** Milliseconds between SIGTERM and SIGKILL. */
  graceMs: number;
  /** Default: DOCKER_HOST, else the first of the usual sockets. */
  engine?: EngineAddress;
  /** Folders of the engine's host that programs may mount. Default none. */
  mounts?: readonly AllowedMount[];
  /** Networks of the engine that programs may join. Default none. */
  networks?: readonly string[];
  /** Images of runtimes, for code that is to run in a container. Default {@link RUNTIME_IMAGES}. */
  images?: Partial<Record<Runtime, string>>;
  /** Between two looks for what nobody waits for any more. Default 10 minutes. */
  sweepMs?: number;
}

/** An image, or code for one of a runtime. */
type ContainerRequest = ProgramRequest & {
  program: { program: Exclude<Program, { kind: 'faas' }> };
};

const SWEEP_MS = 600_000;

export class ContainerRunner implements ProgramRunner {
  readonly detail: ModeDetail;
  private readonly owner = newOwner();
  private readonly slots: Slots;
  private readonly images: Images;
  private readonly closed = new AbortController();
  /** By idempotency key: the attempt before may still be on its way out. */
  private readonly running = new Map<string, Promise<unknown>>();
  /** Ended, and the engine did not remove them. */
  private readonly leftovers = new Set<Container>();
  private opening: Promise<Engine> | undefined;
  private sweeping: NodeJS.Timeout | undefined;

  constructor(private readonly options: ContainerRunnerOptions) {
    this.detail = { mode: 'container', size: options.maxContainers, memoryMb: null };
    this.slots = new Slots(options.maxContainers);
    this.images = new Images(options);
  }

  async run(request: RunRequest, options: RunOptions): Promise<RunOutcome> {
    const asked = Date.now();
    assertContainer(request);
    const filled = filledRequest(request, PATHS.inputFiles);
    const spec = containerOf(filled.program.program, this.options.images);
    assertNetworkAllowed(networkJoined(spec), this.options.networks);
    const signal = AbortSignal.any([options.signal, this.closed.signal]);
    const release = await this.slots.take(
      signal,
      () => new StoppedError(`no container was free in time (maxPrograms is ${this.slots.size})`),
    );
    try {
      return await this.afterTheLast(request.context.idempotencyKey, signal, () =>
        this.runHere(filled, spec, { ...options, signal }, asked),
      );
    } finally {
      release();
    }
  }

  /** Whether there is an engine, and what it lacks. @throws TaskError ENVIRONMENT where none answers */
  async check(_tasks: readonly RegisteredTask[]): Promise<string[]> {
    try {
      assertHeld((await this.engine()).facts, 'LOW', this.options);
      return [];
    } catch (error) {
      if (error instanceof TaskError && error.code === 'CONFIGURATION') return [error.message];
      throw error;
    }
  }

  async lookUp(ask: ProgramAsk, looks: LookUps): Promise<ProgramFinding[]> {
    if (ask.program.kind === 'faas') return [];
    return await lookUpContainer(
      this.looking(),
      { ...ask, spec: containerOf(ask.program, this.options.images) },
      looks,
    );
  }

  async lookUpSettings(looks: LookUps): Promise<ProgramFinding[]> {
    return await lookUpContainerSettings(this.looking(), looks);
  }

  private looking(): ContainerParts {
    return { engine: () => this.engine(), images: this.images, options: this.options };
  }

  async close(): Promise<void> {
    clearInterval(this.sweeping);
    this.closed.abort(new StoppedError('the worker has closed its containers'));
    await Promise.allSettled(this.running.values());
    await this.removeLeftovers();
  }

  /**
   * Removes what nobody waits for any more: of dead workers, and what this one could not remove before. It is done by
   * itself from the first container on, every {@link ContainerRunnerOptions.sweepMs}.
   *
   * @returns ids of containers of dead workers
   */
  async sweep(): Promise<string[]> {
    const engine = await this.engine();
    await this.removeLeftovers();
    return sweep(engine, Date.now());
  }

  private async runHere(
    request: ProgramRequest,
    spec: ContainerSpec,
    options: RunOptions,
    asked: number,
  ): Promise<RunOutcome> {
    const { program } = request;
    const engine = await prepared(this.engine());
    assertHeld(engine.facts, program.level, this.options);
    const identity = identityOf(request, spec);
    const found = await takeOver(engine, identity, this.owner);
    const { container, image } =
      found ?? (await prepared(this.make(engine, request, spec, identity, options)));
    const run = new ContainerRun(container, engine.facts, request, {
      ...options,
      graceMs: this.options.graceMs,
      image,
      network: networkJoined(spec),
      user: this.options.user,
      runtime: this.options.runtime,
      ...(found ? {} : { asked }),
    });
    try {
      return await run.toTheEnd();
    } finally {
      await container.remove().catch((error: unknown) => {
        this.leftovers.add(container);
        request.context.log.warn('a container could not be removed; it will be tried again', {
          container: container.id,
          error,
        });
      });
    }
  }

  private async make(
    engine: Engine,
    request: ProgramRequest,
    spec: ContainerSpec,
    identity: ContainerIdentity,
    { signal }: RunOptions,
  ): Promise<{ container: Container; image: string }> {
    const { limits, files } = request.program;
    const mounts = await resolveMounts(spec.mounts, this.options.mounts);
    await assertNetworkThere(engine, networkJoined(spec));
    const image = await this.images
      .take(engine, spec.image, spec.pull ?? 'missing', signal)
      .catch((error: unknown) => {
        throw signal.aborted ? notBegun() : error;
      });
    if (signal.aborted) throw notBegun();
    const labels = labelsOf(identity, image.digest);
    const env = programEnv(request, PATHS);
    const { seccomp } = engine.facts;
    const { id, volumes } = image;
    const ask = { spec, image: id, volumes, env, limits, mounts, labels, seccomp };
    const container = await makeContainer(engine, ask, identity, this.owner, this.options);
    try {
      const given = { input: JSON.stringify(request.program.input), files: spec.files ?? {} };
      await withSaved(files?.list ?? [], signal, (inputFiles) =>
        container.put({ ...given, inputFiles }, signal),
      );
      if (signal.aborted) throw notBegun();
      return { container, image: image.digest };
    } catch (error) {
      await container.remove().catch(() => this.leftovers.add(container));
      throw signal.aborted && !(error instanceof StoppedError) ? notBegun() : error;
    }
  }

  /** Runs once the attempt before of the same node has left this runner. */
  private async afterTheLast<T>(
    key: string,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> {
    for (let last; (last = this.running.get(key)) !== undefined;) await last;
    if (signal.aborted) throw notBegun();
    const running = work();
    const settled = running.then(
      () => undefined,
      () => undefined,
    );
    const gone = settled.then(() => void this.running.delete(key));
    this.running.set(key, gone);
    return running;
  }

  private engine(): Promise<Engine> {
    this.opening ??= openEngine(this.options.engine).then(
      (engine) => {
        this.sweepFromNowOn();
        return engine;
      },
      (error: unknown) => {
        this.opening = undefined; // the next attempt asks again
        throw error;
      },
    );
    return this.opening;
  }

  private sweepFromNowOn(): void {
    if (this.closed.signal.aborted) return;
    // What it cannot do now it does the next time; an engine that is away is told of by the runs.
    const look = (): void => void this.sweep().catch(() => undefined);
    setImmediate(look);
    this.sweeping = setInterval(look, this.options.sweepMs ?? SWEEP_MS).unref();
  }

  private async removeLeftovers(): Promise<void> {
    for (const container of this.leftovers)
      await container.remove().then(
        () => this.leftovers.delete(container),
        () => undefined,
      );
  }
}

/** @throws TaskError CONFIGURATION for what this runner does not run */
function assertContainer(request: RunRequest): asserts request is ContainerRequest {
  const { program, task } = request;
  const refuse = (why: string): TaskError =>
    new TaskError('CONFIGURATION', `task ${JSON.stringify(task.definition.name)}: ${why}`);
  if (program === undefined || program.program.kind === 'faas')
    throw refuse('a container runs an image, and this task names none');
  if (program.network.length > 0) throw refuse(NO_LIST(program.network.join(', ')));
}

function containerOf(
  program: ContainerRequest['program']['program'],
  images: ContainerRunnerOptions['images'],
): ContainerSpec {
  return program.kind === 'container'
    ? program.container
    : runtimeContainer(program.process, images);
}

function identityOf({ context, program }: ProgramRequest, spec: ContainerSpec): ContainerIdentity {
  const { input, env, limits, level } = program;
  const { pull: _pull, ...runs } = spec;
  return {
    workflowId: context.graphId,
    executionId: context.executionId,
    attempt: context.attempt,
    idempotencyKey: context.idempotencyKey,
    deadline: context.deadline.getTime(),
    run: runDigest(canonicalize({ runs, input, env, limits, level }) ?? ''),
  };
}

/** What fails before a program has begun may be tried again without having spent an attempt. */
async function prepared<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof TaskError) || error.code !== 'ENVIRONMENT' || !error.retriable)
      throw error;
    const { message, cause, details } = error;
    const failed = new SetUpError(message, { cause, details });
    throw isTargetFault(error) ? targetFault(failed) : failed;
  }
}

const notBegun = (): StoppedError =>
  new StoppedError('it was stopped before its container had started');
