/**
 * Control groups: how much memory, processor time and how many processes a sandbox has, held by the kernel.
 *
 * One interface over both versions. A group is made below the worker's own, so that a sandbox stays within what the
 * worker itself has.
 */
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../domain/errors.js';
import type { Limits } from '../domain/program.js';
import { hierarchiesOf, type Hierarchies } from './cgroup-hierarchies.js';

/** bwrap's own two, beside what the program may have. */
const OWN_PROCESSES = 2;
/** Of processor time, in microseconds: the kernel's own default. */
export const CPU_PERIOD_US = 100_000;
const RETRY_MS = 5;
/** Long, for a machine that is busy ending thousands. */
const GONE_WITHIN_MS = 30_000;

export interface CgroupUsage {
  peakMemoryBytes: number | undefined;
  cpuMs: number | undefined;
  throttledMs: number | undefined;
  /** Processes that the kernel ended for memory. */
  oomKills: number;
  /** Forks and threads that it refused. */
  forkRefusals: number;
}

/** The group of one sandbox. */
export interface TaskCgroup {
  /** A process that writes its id to each of these is in it, with all that it starts. */
  readonly joins: readonly string[];
  /** From now on; before, it has as much processor time as there is. */
  holdCpu(): Promise<void>;
  usage(): Promise<CgroupUsage>;
  processes(): Promise<number[]>;
  /** Ends all of them, and waits until they are gone. @throws Error when they are not within 30 s */
  kill(): Promise<void>;
  /** Nothing where it is gone already. */
  remove(): Promise<void>;
}

export interface CgroupOptions {
  /** Name of the folder below the parent: says whose it is. */
  name: string;
  /** Path within the hierarchies. Default: the worker's own. */
  parent?: string | undefined;
  /** Texts of `/proc/self/mountinfo` and `/proc/self/cgroup`. */
  mountinfo?: string;
  own?: string;
}

export class Cgroups {
  private constructor(
    private readonly hierarchies: Hierarchies,
    /** Folders of ours, one for each hierarchy. */
    readonly folders: readonly string[],
  ) {}

  /** @returns why not, in one sentence, where groups cannot be made */
  static async open(options: CgroupOptions): Promise<Cgroups | string> {
    const {
      mountinfo = await readFile('/proc/self/mountinfo', 'utf8').catch(() => ''),
      own = await readFile('/proc/self/cgroup', 'utf8').catch(() => ''),
    } = options;
    const hierarchies = hierarchiesOf(mountinfo, own, options.parent);
    if (typeof hierarchies === 'string') return hierarchies;
    const folders = hierarchies.parents.map((parent) => join(parent, options.name));
    const cgroups = new Cgroups(hierarchies, folders);
    try {
      await cgroups.makeFolders();
      const trial = await cgroups.create('trial', TRIAL);
      await trial.holdCpu();
      await trial.remove();
      return cgroups;
    } catch (error) {
      await cgroups.close();
      return `control groups (v${hierarchies.version}) below ${hierarchies.parents.join(', ')} cannot be written: ${messageOf(error)}; run the worker as root, or delegate a group to it and name it (cgroupParent)`;
    }
  }

  get version(): 1 | 2 {
    return this.hierarchies.version;
  }

  /** @throws Error where the kernel refuses it */
  async create(name: string, limits: Limits): Promise<TaskCgroup> {
    const { version, of } = this.hierarchies;
    const folders = this.folders.map((folder) => join(folder, name));
    const at = (controller: string, file: string): string => {
      const parent = of(controller);
      const index = this.hierarchies.parents.indexOf(parent);
      return join(folders[index] ?? '', file);
    };
    const group = new Group(folders, version === 1 ? new V1(at, limits) : new V2(at, limits));
    try {
      await group.make();
    } catch (error) {
      await group.remove();
      throw error;
    }
    return group;
  }

  async close(): Promise<void> {
    for (const folder of this.folders) await removeTree(folder);
  }

  private async makeFolders(): Promise<void> {
    for (const folder of this.folders) await mkdir(folder, { recursive: true });
    if (this.version === 1) return;
    const enable = '+memory +cpu +pids';
    for (const [index, folder] of this.folders.entries()) {
      const parent = this.hierarchies.parents[index] ?? '';
      await writeFile(join(parent, 'cgroup.subtree_control'), enable);
      await writeFile(join(folder, 'cgroup.subtree_control'), enable);
    }
  }
}

const TRIAL: Limits = {
  cpu: 1,
  memoryBytes: 64 * 2 ** 20,
  diskBytes: 0,
  processes: 64,
  logBytes: 0,
};

type At = (controller: string, file: string) => string;

/** The files of one version. */
interface Files {
  limits(): readonly (readonly [path: string, value: number | string, needed: boolean])[];
  cpu(): readonly (readonly [path: string, value: number | string])[];
  usage(): Promise<CgroupUsage>;
  /** Ends all of a group at once, or keeps it from growing while they are ended one by one. */
  stop(): readonly [path: string, value: string];
}

class V1 implements Files {
  constructor(
    private readonly at: At,
    private readonly limits_: Limits,
  ) {}

  limits(): ReturnType<Files['limits']> {
    const { memoryBytes, processes } = this.limits_;
    return [
      [this.at('memory', 'memory.limit_in_bytes'), memoryBytes, true],
      // Memory and swap together: where the kernel does not count swap there is no such file.
      [this.at('memory', 'memory.memsw.limit_in_bytes'), memoryBytes, false],
      [this.at('pids', 'pids.max'), processes + OWN_PROCESSES, true],
    ];
  }

  cpu(): ReturnType<Files['cpu']> {
    return [
      [this.at('cpu', 'cpu.cfs_period_us'), CPU_PERIOD_US],
      [this.at('cpu', 'cpu.cfs_quota_us'), quotaUs(this.limits_)],
    ];
  }

  async usage(): Promise<CgroupUsage> {
    const [peak, oom, cpu, stat, pids] = await Promise.all([
      read(this.at('memory', 'memory.max_usage_in_bytes')),
      read(this.at('memory', 'memory.oom_control')),
      read(this.at('cpuacct', 'cpuacct.usage')),
      read(this.at('cpu', 'cpu.stat')),
      read(this.at('pids', 'pids.events')),
    ]);
    return {
      peakMemoryBytes: numberIn(peak),
      cpuMs: scaled(numberIn(cpu), 1e6),
      throttledMs: scaled(field(stat, 'throttled_time'), 1e6),
      oomKills: field(oom, 'oom_kill') ?? 0,
      forkRefusals: field(pids, 'max') ?? 0,
    };
  }

  stop(): readonly [string, string] {
    return [this.at('pids', 'pids.max'), '0'];
  }
}

class V2 implements Files {
  constructor(
    private readonly at: At,
    private readonly limits_: Limits,
  ) {}

  limits(): ReturnType<Files['limits']> {
    const { memoryBytes, processes } = this.limits_;
    return [
      [this.at('memory', 'memory.max'), memoryBytes, true],
      [this.at('memory', 'memory.swap.max'), 0, false],
      [this.at('memory', 'memory.oom.group'), 1, false],
      [this.at('pids', 'pids.max'), processes + OWN_PROCESSES, true],
    ];
  }

  cpu(): ReturnType<Files['cpu']> {
    return [[this.at('cpu', 'cpu.max'), `${quotaUs(this.limits_)} ${CPU_PERIOD_US}`]];
  }

  async usage(): Promise<CgroupUsage> {
    const [peak, events, cpu, pids] = await Promise.all([
      read(this.at('memory', 'memory.peak')),
      read(this.at('memory', 'memory.events')),
      read(this.at('cpu', 'cpu.stat')),
      read(this.at('pids', 'pids.events')),
    ]);
    return {
      peakMemoryBytes: numberIn(peak),
      cpuMs: scaled(field(cpu, 'usage_usec'), 1e3),
      throttledMs: scaled(field(cpu, 'throttled_usec'), 1e3),
      oomKills: field(events, 'oom_kill') ?? 0,
      forkRefusals: field(pids, 'max') ?? 0,
    };
  }

  stop(): readonly [string, string] {
    return [this.at('pids', 'cgroup.kill'), '1'];
  }
}

class Group implements TaskCgroup {
  readonly joins: readonly string[];

  constructor(
    private readonly folders: readonly string[],
    private readonly files: Files,
  ) {
    this.joins = folders.map((folder) => join(folder, 'cgroup.procs'));
  }

  async make(): Promise<void> {
    for (const folder of this.folders) await mkdir(folder);
    for (const [path, value, needed] of this.files.limits()) await set(path, value, needed);
  }

  async holdCpu(): Promise<void> {
    for (const [path, value] of this.files.cpu()) await set(path, value, true);
  }

  usage(): Promise<CgroupUsage> {
    return this.files.usage();
  }

  processes(): Promise<number[]> {
    return processesOf(this.joins);
  }

  async kill(): Promise<void> {
    await set(...this.files.stop(), false);
    await killAll(this.joins);
  }

  async remove(): Promise<void> {
    for (const folder of this.folders) await removeFolder(folder);
  }
}

/** Ends all processes in a group whose files these are, and waits for them. */
async function killAll(joins: readonly string[]): Promise<void> {
  const deadline = Date.now() + GONE_WITHIN_MS;
  for (let pids = await processesOf(joins); pids.length > 0; pids = await processesOf(joins)) {
    for (const pid of pids) kill(pid);
    if (Date.now() > deadline) throw new Error(`processes ${pids.join(', ')} do not end`);
    await delay(RETRY_MS);
  }
}

/** Removes a group with all that is below it; what runs there is ended first. */
export async function removeTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => []))
    if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  await killAll([join(folder, 'cgroup.procs')]).catch(() => undefined);
  await removeFolder(folder);
}

/** The kernel says EBUSY for a while after the last process ended. */
async function removeFolder(folder: string): Promise<void> {
  for (const deadline = Date.now() + GONE_WITHIN_MS; ; await delay(RETRY_MS))
    try {
      return await rmdir(folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || Date.now() > deadline) throw error;
    }
}

async function processesOf(joins: readonly string[]): Promise<number[]> {
  const texts = await Promise.all(joins.map(read));
  return [...new Set(texts.flatMap((text) => text.split('\n').filter(Boolean).map(Number)))];
}

async function set(path: string, value: number | string, needed: boolean): Promise<void> {
  try {
    await writeFile(path, String(value));
  } catch (error) {
    if (needed) throw error;
  }
}

const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
const quotaUs = ({ cpu }: Limits): number => Math.max(1_000, Math.round(cpu * CPU_PERIOD_US));
const numberIn = (text: string): number | undefined =>
  /^\d+\s*$/.test(text) ? Number(text) : undefined;
const scaled = (value: number | undefined, by: number): number | undefined =>
  value === undefined ? undefined : Math.round(value / by);

/** `oom_kill 3` in a text of such lines. */
function field(text: string, name: string): number | undefined {
  const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}
