/**
 * Runs programs of the kind `process`: code for a runtime, or a command, each in a sandbox of Linux made for it and
 * removed after it. See docs/isolation.md for what holds it.
 */
import { hostname } from 'node:os';
import { messageOf, TaskError } from '../domain/errors.js';
import { preview } from '../domain/json.js';
import type { ProcessSpec, Runtime } from '../domain/program.js';
import type { ProgramAsk, ProgramFinding } from '../domain/program-looks.js';
import type { WarmKey } from '../domain/warm-plan.js';
import type { RegisteredTask } from '../registry.js';
import { findCommand } from '../sandbox/find-command.js';
import type { RuntimePlace } from '../sandbox/runtimes.js';
import { Sandboxes, type Handed, type SandboxesOptions } from '../sandbox/sandbox.js';
import { assertHolds, type SandboxReport } from '../sandbox/sandbox-report.js';
import {
  INSIDE,
  type ResultFiles,
  type SandboxEnd,
  type SandboxSpec,
  type WarmSpec,
} from '../sandbox/sandbox-spec.js';
import { WarmPools, type WarmPoolsOptions } from '../sandbox/warm-pools.js';
import { finding, NotKnown, type LookUps, type ProgramRunner } from './look-ups.js';
import {
  exhausted,
  filledRequest,
  graceWithin,
  notPrepared,
  parseOutput,
  programEnv,
  programFailed,
  type ProgramRequest,
} from './program.js';
import { runtimeCommand, type RuntimeCommand } from './program-runtimes.js';
import { WARM_RUNTIMES } from './program-warm.js';
import {
  metricsOf,
  StoppedError,
  type Enforced,
  type ModeDetail,
  type RunMetrics,
  type RunOptions,
  type RunOutcome,
  type RunRequest,
} from './runner.js';
import { Slots } from './slots.js';

export interface ProgramProcessOptions extends SandboxesOptions {
  /** Programs that run at once. */
  maxPrograms: number;
  /** From the request to stop until a program is ended. */
  graceMs: number;
  /** Sandboxes that wait for programs. Default: none. */
  warm?: Pick<WarmPoolsOptions, 'named' | 'budgetBytes' | 'maxAgeMs' | 'watch'> | undefined;
}

export class ProgramProcessRunner implements ProgramRunner {
  private known: Enforced | undefined;
  private readonly slots: Slots;
  private opened: Promise<Sandboxes> | undefined;
  private pools: WarmPools | undefined;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: ProgramProcessOptions) {
    this.slots = new Slots(options.maxPrograms);
  }

  get detail(): ModeDetail {
    const { size } = this.slots;
    return {
      mode: 'process',
      size,
      memoryMb: null,
      ...(this.known ? { enforces: this.known } : {}),
    };
  }

  async run(request: RunRequest, options: RunOptions): Promise<RunOutcome> {
    if (!isOfProcess(request))
      throw new TaskError('CONFIGURATION', 'this is no program of the kind process');
    const release = await this.slots.take(
      options.signal,
      () => new StoppedError(`no place was free in time (${this.slots.size} programs at once)`),
    );
    try {
      if (this.closing) throw closed();
      const filled = filledRequest(request, INSIDE.inputFiles);
      return await this.runIn(await this.sandboxes(), filled, options);
    } finally {
      release();
    }
  }

  /** What is needed by any program; what one asks for beyond, its run refuses. */
  async check(_tasks: readonly RegisteredTask[]): Promise<string[]> {
    try {
      assertHolds('LOW', (await this.sandboxes()).report);
      return [];
    } catch (error) {
      return [messageOf(error)];
    }
  }

  async lookUp(
    { program, level, permissions }: ProgramAsk,
    looks: LookUps,
  ): Promise<ProgramFinding[]> {
    if (program.kind !== 'process') return [];
    const { runtime, command, env } = program.process;
    const name = command?.[0];
    const path = env?.['PATH'];
    const isElsewhere = path?.includes('${{') ?? permissions.includes('env:PATH');
    const sandboxes = (): Promise<Sandboxes> =>
      looks.once('making a sandbox', () => this.sandboxes());
    return await Promise.all([
      finding(['process'], async () => {
        assertHolds(level, (await sandboxes()).report);
        return `level ${level} in a sandbox`;
      }),
      ...(runtime === undefined
        ? []
        : [
            finding(['process', 'runtime'], async () => {
              placeOf((await sandboxes()).report, runtime);
              return `runtime ${runtime}`;
            }),
          ]),
      ...(name === undefined
        ? []
        : [
            finding(['process', 'command'], () =>
              looks.once(`command ${JSON.stringify([name, path, isElsewhere])}`, () =>
                this.commandThere(name, path, isElsewhere),
              ),
            ),
          ]),
    ]);
  }

  /** @param isElsewhere its PATH is known only when it runs */
  private async commandThere(
    name: string,
    path: string | undefined,
    isElsewhere: boolean,
  ): Promise<string> {
    if (name.includes('${{')) throw new NotKnown('the command is made of its input');
    const { runtimes } = (await this.sandboxes()).report;
    const found = isElsewhere ? 'unknown' : await findCommand(name, runtimes.node, path);
    if (found === 'unknown') throw new NotKnown(`the command ${preview(name)}: only a run tells`);
    if (found === 'there') return `command ${preview(name)}`;
    throw programFailed({ code: 127, signal: null, stderr: `${preview(name)}: not found` });
  }

  async close(): Promise<void> {
    await (this.closing ??= (async () => {
      this.slots.refuseAll(closed());
      const sandboxes = await this.opened?.catch(() => undefined);
      // Together: a pool waits for the sandbox that it is making, which ends with the others.
      await Promise.all([this.pools?.close(), sandboxes?.close()]);
    })());
  }

  /** Made when first needed: a worker without programs has none. @throws TaskError ENVIRONMENT */
  private sandboxes(): Promise<Sandboxes> {
    return (this.opened ??= this.open().catch((error: unknown) => {
      this.opened = undefined;
      throw error instanceof TaskError ? error : notPrepared(messageOf(error), error);
    }));
  }

  private async open(): Promise<Sandboxes> {
    const sandboxes = await Sandboxes.open(this.options);
    const { user, syscalls, groups, disk, proxy, runtimes } = sandboxes.report;
    const there = Object.entries(runtimes).flatMap(([name, place]) =>
      'lack' in place ? [] : [name],
    );
    this.known = {
      ...{ limits: groups === 'none' ? 'rlimits' : groups, user, syscalls, disk, proxy },
      runtimes: there.join(' '),
    };
    const { warm } = this.options;
    if (warm && warm.budgetBytes > 0 && sandboxes.canWait && !this.closing)
      this.pools = new WarmPools({
        ...warm,
        pays: (runtime) => WARM_RUNTIMES[runtime].pays,
        make: async (key) => sandboxes.warm(warmSpecOf(sandboxes, key)),
      });
    return sandboxes;
  }

  /** A sandbox that waits for such a program, where there is one. */
  private handed(
    { report }: Sandboxes,
    { program }: ProcessRequest,
    { argv }: SandboxSpec,
  ): Handed | undefined {
    const { runtime, code, args = [], preload } = program.program.process;
    if (!this.pools || runtime === undefined || code === undefined) return undefined;
    const { path } = placeOf(report, runtime);
    const { looksAt, tell } = WARM_RUNTIMES[runtime];
    if (program.network.length > 0) return undefined;
    if (Object.keys(program.env).some((name) => looksAt?.test(name))) return undefined;
    const { level, limits } = program;
    const waiting = this.pools.take({ runtime, level, limits, preload });
    const { memoryBytes } = limits;
    return waiting && { waiting, tell: tell({ path, code, args, memoryBytes, argv }) };
  }

  private async runIn(
    sandboxes: Sandboxes,
    request: ProcessRequest,
    { signal, onOutput, onEnd }: RunOptions,
  ): Promise<RunOutcome> {
    const { context, program } = request;
    const spec = specOf(sandboxes, request);
    const started = Date.now();
    let output: unknown = null;
    const options = {
      ...{ signal, graceMs: graceWithin(request, this.options.graceMs), onOutput },
      onRefused: (text: string) => context.log.warn(text),
      onResult: async (files: ResultFiles) => {
        output = parseOutput(files.output, files.texts);
        for (const { name, path } of files.artifacts) await context.artifact(name, path);
      },
    };
    const handed = this.handed(sandboxes, request, spec);
    const end = await sandboxes.run(spec, options, handed).catch((error: unknown) => {
      throw this.closing && error instanceof StoppedError ? closed() : error;
    });
    const metrics = metricsOfEnd(end, started);
    const { enforced } = end;
    onEnd?.(metrics, enforced);
    const failure = failureOf(end, program, this.closing !== undefined);
    if (failure) throw failure;
    return { output, metrics, enforced };
  }
}

function metricsOfEnd(
  { pid, prepareMs, peakMemoryBytes, cpuMs }: SandboxEnd,
  started: number,
): RunMetrics {
  return {
    ...metricsOf(started, Date.now(), `${hostname()}:${pid}`),
    ...(prepareMs === undefined ? {} : { prepareMs: Math.round(prepareMs) }),
    ...(peakMemoryBytes === undefined ? {} : { peakMemoryBytes }),
    ...(cpuMs === undefined ? {} : { cpuMs }),
  };
}

/** @throws TaskError ENVIRONMENT for a runtime that is not there */
function warmSpecOf(
  { report }: Sandboxes,
  { runtime, level, limits, preload = [] }: WarmKey,
): WarmSpec {
  const { path, binds } = placeOf(report, runtime);
  return { ...WARM_RUNTIMES[runtime].waits({ path, limits, preload }), binds, level, limits };
}

type ProcessRequest = ProgramRequest & {
  program: { program: { kind: 'process'; process: ProcessSpec } };
};

function isOfProcess(request: RunRequest): request is ProcessRequest {
  return request.program?.program.kind === 'process';
}

/** @throws TaskError CONFIGURATION, ENVIRONMENT for a runtime that is not there */
function specOf(sandboxes: Sandboxes, request: ProcessRequest): SandboxSpec {
  const { program, context } = request;
  const { process: said } = program.program;
  const { argv, file, gate, support, env, binds } = commandOf(sandboxes, request);
  const files = { ...said.files };
  if (file !== undefined) {
    if (Object.hasOwn(files, file))
      throw new TaskError('CONFIGURATION', `files: ${file} is where the code lies; rename it`);
    files[file] = said.code ?? '';
  }
  const { limits, level, network, maxOutputBytes, maxArtifactBytes } = program;
  const leftSeconds = Math.max(1, (context.deadline.getTime() - Date.now()) / 1_000);
  return {
    ...{ argv, gate, support, binds, files, limits, level, network },
    ...{ maxOutputBytes, maxArtifactBytes },
    env: { ...env, ...programEnv(request, INSIDE) },
    input: JSON.stringify(program.input),
    inputFiles: program.files?.list,
    cpuSeconds: Math.ceil(leftSeconds * limits.cpu) + 1,
  };
}

type ProcessCommand = Omit<RuntimeCommand, 'file'> & {
  file: string | undefined;
  binds: SandboxSpec['binds'] & object;
};

function commandOf({ report }: Sandboxes, { program }: ProcessRequest): ProcessCommand {
  const { runtime, code, args = [], command } = program.program.process;
  if (command !== undefined) {
    const place = report.runtimes.node; // `node` works, wherever the worker's lies
    const binds = 'lack' in place ? [] : place.binds;
    return { argv: command, file: undefined, gate: 'shell', support: {}, env: {}, binds };
  }
  if (runtime === undefined || code === undefined)
    throw new TaskError('CONFIGURATION', 'process: expected a runtime with code, or a command');
  const { path, binds } = placeOf(report, runtime);
  const { memoryBytes } = program.limits;
  const { network } = program;
  return { ...runtimeCommand(runtime, { path, code, args, memoryBytes, network }), binds };
}

/** @throws TaskError ENVIRONMENT */
function placeOf(
  { runtimes }: SandboxReport,
  runtime: Runtime,
): Exclude<RuntimePlace, { lack: string }> {
  const place = runtimes[runtime];
  if (!('lack' in place)) return place;
  throw new TaskError('ENVIRONMENT', `process: ${runtime} is not to be had: ${place.lack}`, {
    retriable: false,
    details: { runtime },
  });
}

function failureOf(
  { verdict, stderr }: SandboxEnd,
  program: ProcessRequest['program'],
  closing: boolean,
): Error | undefined {
  switch (verdict.kind) {
    case 'stopped':
      return closing ? closed() : new StoppedError('the program was ended');
    case 'exhausted':
      return exhausted(verdict.resource, program);
    case 'unprepared':
      return notPrepared(verdict.message);
    case 'exited':
      return verdict.code === 0 ? undefined : programFailed({ ...verdict, stderr });
  }
}

const closed = (): StoppedError => new StoppedError('the worker has closed its sandboxes');
