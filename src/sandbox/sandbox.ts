/**
 * Programs in sandboxes of Linux: each in namespaces, a user, a control group and a disk of its own, made for it and
 * removed after it.
 */
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, TaskError } from '../domain/errors.js';
import { ownName } from '../process-name.js';
import { listArtifacts, readOutput, readTexts } from './artifact-files.js';
import { Cgroups } from './cgroup.js';
import {
  fillFolder,
  makeFolder,
  makeRoot,
  type FolderContent,
  type SandboxFolder,
} from './folder.js';
import { BASE_ENV, behindGate, type Tell } from './gate.js';
import { boundProcesses, launch, rlimitArguments, type Launched } from './launch.js';
import { UidRange } from './owner.js';
import { probe } from './probe.js';
import { AllowProxy } from './proxy.js';
import { takeDown, type SandboxParts } from './sandbox-parts.js';
import type { SandboxEnd, SandboxRunOptions, SandboxSpec, WarmSpec } from './sandbox-spec.js';
import type { RuntimePaths } from './runtimes.js';
import { assertHolds, type SandboxReport } from './sandbox-report.js';
import { verdictOf } from './sandbox-verdict.js';
import { seccompFilter, type SeccompArch } from './seccomp.js';
import { Supervision, type SupervisionEnd } from './supervision.js';
import { noteGroups, removeFolder, sweep } from './sweep.js';
import { WaitingSandbox } from './waiting.js';

const DEFAULT_UID_BASE = 300_000;
/** Until one that is to wait is up: it may load modules of whatever size. */
const UP_WITHIN_MS = 60_000;

export interface SandboxesOptions {
  /** Default `/usr/bin/bwrap`. */
  bwrap?: string | undefined;
  /** Folder for what sandboxes write. Default: one of our own in the system's temporary folder. */
  root?: string | undefined;
  /** First of the users for sandboxes. Default 300000. */
  uidBase?: number | undefined;
  /** Path within the hierarchies of control groups. Default: the worker's own. */
  cgroupParent?: string | undefined;
  runtimes?: RuntimePaths | undefined;
  /** How long one that is to wait for a program may take to come up, in milliseconds. Default 60 s. */
  upWithinMs?: number | undefined;
  /** Told of what could not be removed, one sentence. */
  onLeft?: ((text: string) => void) | undefined;
}

export class Sandboxes {
  private readonly live = new Set<Promise<unknown>>();
  private readonly closing = new AbortController();
  private closed: Promise<void> | undefined;
  private count = 0;

  private constructor(
    readonly report: SandboxReport,
    /** Names of dead workers whose leavings were removed. */
    readonly swept: readonly string[],
    private readonly bwrap: string,
    private readonly folder: string,
    private readonly uids: UidRange | undefined,
    private readonly cgroups: Cgroups | undefined,
    private readonly options: Pick<SandboxesOptions, 'onLeft' | 'upWithinMs'>,
  ) {}

  /**
   * Looks at what this host has, and removes what a killed worker left. A host that lacks something is no error here:
   * see {@link report}; {@link run} refuses what cannot be held.
   *
   * @throws TaskError ENVIRONMENT where this is not Linux; Error when its folder cannot be made
   */
  static async open(options: SandboxesOptions = {}): Promise<Sandboxes> {
    if (process.platform !== 'linux') throw notHere();
    const uid = process.getuid?.() ?? -1;
    const root = options.root ?? join(tmpdir(), `tempograph-sandboxes-${uid}`);
    const bwrap = options.bwrap ?? '/usr/bin/bwrap';
    const name = ownName();
    const folder = join(root, name);
    await makeRoot(root, uid);
    const base = options.uidBase ?? DEFAULT_UID_BASE;
    const uids = uid === 0 ? await UidRange.claim(base) : undefined;
    try {
      await mkdir(folder, { mode: 0o711 });
      const groups = await Cgroups.open({ name, parent: options.cgroupParent });
      const cgroups = typeof groups === 'string' ? undefined : groups;
      await noteGroups(folder, cgroups?.folders ?? []);
      const swept = await sweep({ root, groups: cgroups?.folders ?? [], uids });
      const report = await probe({ bwrap, folder, groups, runtimes: options.runtimes ?? {} });
      return new Sandboxes(report, swept, bwrap, folder, uids, cgroups, options);
    } catch (error) {
      await removeFolder(folder);
      await uids?.close();
      throw error;
    }
  }

  /**
   * Runs one program to its end. Nothing of it is left when this settles.
   *
   * @param handed a sandbox that waits, made for the same runtime, level and limits; where it has ended a new one is made
   * @throws TaskError ENVIRONMENT where the level cannot be held here, CONFIGURATION for files that cannot lie beside
   *   each other, OUTPUT_INVALID, ARTIFACT_INVALID and TOO_LARGE for what it left, and what `onResult` throws
   */
  run(spec: SandboxSpec, options: SandboxRunOptions, handed?: Handed): Promise<SandboxEnd> {
    return this.track(this.runOne(spec, options, handed));
  }

  /** Whether sandboxes can wait here: limits that hold a process from its start cannot be set later. */
  get canWait(): boolean {
    return this.cgroups !== undefined;
  }

  /**
   * Makes a sandbox that waits for a program, with all that holds one but its share of the CPU. What it loads meanwhile is
   * of the host's installation; it has `upWithinMs` for that.
   *
   * @throws TaskError ENVIRONMENT where the level cannot be held here; Error when it cannot be made, or does not come up
   */
  warm(spec: WarmSpec): Promise<WaitingSandbox> {
    return this.track(this.makeWaiting(spec));
  }

  private track<T>(running: Promise<T>): Promise<T> {
    const settled = running.catch(() => undefined);
    this.live.add(settled);
    void settled.then(() => this.live.delete(settled));
    return running;
  }

  /** Ends what still runs, and removes all of ours. */
  async close(): Promise<void> {
    await (this.closed ??= (async () => {
      this.closing.abort();
      // What was being made when we began may go on for a while.
      while (this.live.size > 0) await Promise.all(this.live);
      await this.cgroups?.close();
      await removeFolder(this.folder);
      await this.uids?.close();
    })());
  }

  private async runOne(
    spec: SandboxSpec,
    options: SandboxRunOptions,
    handed: Handed | undefined,
  ): Promise<SandboxEnd> {
    const startedAt = performance.now();
    assertHolds(spec.level, this.report);
    const enforced = this.enforced(spec);
    const nothing = { stderr: '', pid: undefined, prepareMs: undefined, enforced };
    const signal = AbortSignal.any([options.signal, this.closing.signal]);
    const run: OneRun = { spec, options: { ...options, signal }, startedAt, enforced };
    try {
      if (signal.aborted) await handed?.waiting.discard();
      else {
        const warm = handed?.waiting.take() === true ? await this.runWaiting(run, handed) : 'lost';
        if (warm !== 'lost') return warm;
      }
      if (signal.aborted) return { ...nothing, verdict: { kind: 'stopped' } };
      return await this.runCold(run);
    } catch (error) {
      if (!(error instanceof Unprepared)) throw error;
      return { ...nothing, verdict: { kind: 'unprepared', message: messageOf(error.cause) } };
    }
  }

  private async runCold(run: OneRun): Promise<SandboxEnd> {
    const { spec, options } = run;
    const parts = this.newParts();
    try {
      const { launched, folder } = await this.prepare(spec, options, parts, spec);
      const supervision = new Supervision(launched, {
        ...{ ...options, logBytes: spec.limits.logBytes },
        ...{ disk: folder.disk, cgroup: parts.cgroup },
        onBegin: async (init) => void (await parts.proxy?.listenIn(init)),
      });
      const end = await supervision.ended;
      return await conclude({ ...run, parts, folder, end, pid: launched.child.pid });
    } finally {
      await this.takeDown(parts);
    }
  }

  /** @returns `lost` where it ended before anything of the program was heard: it had died, and another is to be made */
  private async runWaiting(run: OneRun, { waiting, tell }: Handed): Promise<SandboxEnd | 'lost'> {
    const { spec, options } = run;
    const { parts, folder, supervision, pid, stop } = waiting.options;
    const onAbort = (): void => stop.abort();
    options.signal.addEventListener('abort', onAbort);
    try {
      await fillFolder(folder.path, spec, options.signal);
      if (options.signal.aborted) stop.abort();
      else supervision.handOver(options, tell({ ...BASE_ENV, ...spec.env }));
      const end = await supervision.ended;
      if (end.begunAt === undefined && !end.told && end.ended !== 'stopped') return 'lost';
      return await conclude({ ...run, parts, folder, end, pid });
    } finally {
      options.signal.removeEventListener('abort', onAbort);
      await this.takeDown(parts);
    }
  }

  private async makeWaiting(warm: WarmSpec): Promise<WaitingSandbox> {
    assertHolds(warm.level, this.report);
    if (!this.canWait || this.closing.signal.aborted)
      throw new Error('no sandbox can wait on this host, or the worker is closing');
    const spec: Launching = { ...warm, env: {}, gate: 'itself', network: [], cpuSeconds: 0 };
    const stop = new AbortController();
    const parts = this.newParts();
    let waiting: WaitingSandbox | undefined;
    try {
      const { launched, folder } = await this.prepare(spec, { signal: this.closing.signal }, parts);
      const supervision = new Supervision(launched, {
        signal: AbortSignal.any([stop.signal, this.closing.signal]),
        ...{ graceMs: 0, waits: true, logBytes: warm.limits.logBytes },
        ...{ disk: folder.disk, cgroup: parts.cgroup },
        onBegin: () => Promise.resolve(),
      });
      const late = setTimeout(() => stop.abort(), this.options.upWithinMs ?? UP_WITHIN_MS);
      await supervision.waiting.finally(() => clearTimeout(late));
      const { pid } = launched.child;
      waiting = new WaitingSandbox({ parts, folder, supervision, pid, stop });
    } finally {
      if (waiting === undefined) await this.takeDown(parts);
    }
    waiting.gone = this.track(this.afterWaiting(waiting));
    return waiting;
  }

  /** Whoever takes it takes it down; else we do. */
  private async afterWaiting(waiting: WaitingSandbox): Promise<void> {
    await waiting.options.supervision.ended.catch(() => undefined);
    if (waiting.retire()) await this.takeDown(waiting.options.parts);
  }

  private newParts(): SandboxParts {
    return { uid: this.uids?.take(), folder: undefined, cgroup: undefined };
  }

  /** @throws Unprepared, or a TaskError of the files; once it is to stop, what kept it */
  private async prepare(
    spec: Launching,
    { onRefused, signal }: Pick<SandboxRunOptions, 'onRefused' | 'signal'>,
    parts: SandboxParts,
    content?: FolderContent,
  ): Promise<{ launched: Launched; folder: SandboxFolder }> {
    const { uid } = parts;
    const { disk, syscalls } = this.report;
    const id = String(++this.count);
    try {
      const path = join(this.folder, id);
      const owner = uid ?? process.getuid?.() ?? 0;
      const place = { path, uid: owner, image: disk === 'image' };
      const folding = makeFolder(place, spec, content, signal);
      const grouping = this.cgroups?.create(id, spec.limits);
      // Both to their end: what was made has to be known to be taken down.
      await Promise.allSettled([
        folding.then((made) => (parts.folder = made)),
        grouping?.then((made) => (parts.cgroup = made)),
      ]);
      const [folder, cgroup] = [await folding, await grouping];
      const networked = spec.network.length > 0;
      if (networked && folder.folders.net !== undefined)
        parts.proxy = await AllowProxy.open({
          targets: spec.network,
          socket: join(folder.folders.net, 'proxy.sock'),
          tcp: this.report.proxy === 'tcp',
          onRefused,
        });
      const arch = process.arch as SeccompArch;
      const launched = launch({
        ...{ bwrap: this.bwrap, uid, folders: folder.folders, binds: spec.binds ?? [] },
        joins: cgroup?.joins ?? [],
        rlimits: rlimitArguments({
          limits: spec.limits,
          ...{ memory: !cgroup, cpuSeconds: cgroup ? undefined : spec.cpuSeconds },
          disk: disk === 'polled',
        }),
        seccomp: syscalls === 'seccomp',
        filter: syscalls === 'seccomp' ? seccompFilter({ arch, networked }) : undefined,
        env: { ...BASE_ENV, ...parts.proxy?.env, ...spec.env },
        argv: [
          ...(cgroup ? [] : boundProcesses(spec.limits)),
          ...(spec.gate === 'itself' ? spec.argv : behindGate(spec.argv)),
        ],
      });
      return { launched, folder };
    } catch (error) {
      if (error instanceof TaskError || signal.aborted) throw error;
      throw new Unprepared(error);
    }
  }

  /** What cannot be removed now does not change how the program ended: it is swept when we close. */
  private async takeDown(parts: SandboxParts): Promise<void> {
    try {
      await takeDown(parts, this.uids);
    } catch (error) {
      this.options.onLeft?.(`something of a sandbox is left: ${messageOf(error)}`);
    }
  }

  /** What holds a program here, by aspect. */
  private enforced({ network, level }: SandboxSpec): Record<string, string> {
    const { user, syscalls, groups, disk } = this.report;
    const grouped = groups !== 'none';
    return {
      level,
      memory: grouped ? groups : 'rlimit',
      cpu: grouped ? groups : 'rlimit',
      processes: grouped ? groups : 'rlimit',
      ...{ disk, files: 'namespaces', user },
      network: network.length > 0 ? `proxy (${this.report.proxy})` : 'none',
      ...{ syscalls, termination: 'namespaces' },
    };
  }
}

/** A sandbox that waits, and what it is to be told. */
export interface Handed {
  waiting: WaitingSandbox;
  tell: Tell;
}

/** What one is started with; what it is to run may come later. */
type Launching = Omit<SandboxSpec, 'files' | 'input' | 'maxOutputBytes' | 'maxArtifactBytes'>;

interface OneRun {
  spec: SandboxSpec;
  options: SandboxRunOptions;
  startedAt: number;
  enforced: Record<string, string>;
}

/** Nothing of the program has run; the cause says why. */
class Unprepared extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

interface Concluding extends OneRun {
  parts: SandboxParts;
  folder: SandboxFolder;
  end: SupervisionEnd;
  pid: number | undefined;
}

async function conclude(it: Concluding): Promise<SandboxEnd> {
  const { spec, options, folder, end, pid, startedAt, enforced } = it;
  if (end.failed !== undefined && end.ended === undefined) throw new Unprepared(end.failed);
  const usage = await it.parts.cgroup?.usage();
  const { oomKills = 0, forkRefusals: _ours, ...measured } = usage ?? {};
  const diskFull = end.diskWasFull || (await folder.disk.isFull());
  let verdict = verdictOf({ ...end, oomKills, diskFull });
  if (verdict.kind === 'exited' && verdict.code === 0) {
    const { out } = folder.folders;
    const output = await readOutput(out, spec.maxOutputBytes);
    const texts = await readTexts(out, spec.maxOutputBytes);
    if (output === 'too large' || texts === 'too large')
      verdict = { kind: 'exhausted', resource: 'output' };
    else {
      const artifacts = await listArtifacts(out, spec.maxArtifactBytes);
      await options.onResult?.({ output, texts, artifacts });
    }
  }
  const { stderr, begunAt } = end;
  const prepareMs = begunAt === undefined ? undefined : begunAt - startedAt;
  return { verdict, stderr, pid, prepareMs, enforced, ...defined(measured) };
}

function defined(values: Record<string, number | undefined>): Record<string, number> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Record<string, number>;
}

const notHere = (): TaskError =>
  new TaskError(
    'ENVIRONMENT',
    `programs run in sandboxes of Linux only, and this is ${process.platform}; run a worker on Linux`,
    { retriable: false },
  );
