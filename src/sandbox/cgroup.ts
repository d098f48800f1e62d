/**
 * Control groups: how much memory, processor time and how many processes a sandbox has, held by the kernel.
 *
 * One interface over both versions. A group is made below the worker's own, so that a sandbox stays within what the
 * worker itself has.
 */
import { mkdir, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../domain/errors.js';
import type { Limits } from '../domain/program.js';
import { limitFiles, readText, type CgroupUsage, type LimitFiles } from './cgroup-files.js';
import { besides, hierarchiesOf, type Hierarchies } from './cgroup-hierarchies.js';

const RETRY_MS = 5;
/** Long, for a machine that is busy ending thousands. */
const GONE_WITHIN_MS = 30_000;

type Remove = (folder: string) => Promise<void>;

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
  /** How the kernel removes a group, with its files in it. */
  removeGroup?: Remove;
}

export class Cgroups {
  private constructor(
    private readonly hierarchies: Hierarchies,
    /** Folders of ours, one for each hierarchy. */
    readonly folders: readonly string[],
    private readonly removeGroup: Remove,
  ) {}

  /** @returns why not, in one sentence, where groups cannot be made */
  static async open(options: CgroupOptions): Promise<Cgroups | string> {
    const {
      mountinfo = await readText('/proc/self/mountinfo'),
      own = await readText('/proc/self/cgroup'),
    } = options;
    const hierarchies = hierarchiesOf(mountinfo, own, options.parent);
    if (typeof hierarchies === 'string') return hierarchies;
    const cgroups = await Cgroups.tryIn(hierarchies, options);
    // In version 2 a group with processes, such as the worker's own, has no groups below it: so beside it.
    const beside = options.parent === undefined ? besides(hierarchies) : undefined;
    if (typeof cgroups !== 'string' || beside === undefined) return cgroups;
    const second = await Cgroups.tryIn(beside, options);
    return typeof second === 'string' ? cgroups : second;
  }

  private static async tryIn(
    hierarchies: Hierarchies,
    { name, removeGroup = rmdir }: CgroupOptions,
  ): Promise<Cgroups | string> {
    const folders = hierarchies.parents.map((parent) => join(parent, name));
    const cgroups = new Cgroups(hierarchies, folders, removeGroup);
    try {
      await cgroups.makeFolders();
      const trial = await cgroups.create('trial', TRIAL);
      await trial.holdCpu();
      await trial.remove();
      return cgroups;
    } catch (error) {
      await cgroups.close();
      return `control groups (v${hierarchies.version}) below ${hierarchies.parents.join(', ')} cannot be written: ${messageOf(error)}; run the worker as root, or delegate a group to it (of systemd: Delegate=yes with DelegateSubgroup=) and name it (cgroupParent)`;
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
    const group = new Group(folders, limitFiles(version, at, limits), this.removeGroup);
    try {
      await group.make();
    } catch (error) {
      await group.remove();
      throw error;
    }
    return group;
  }

  async close(): Promise<void> {
    for (const folder of this.folders) await removeTree(folder, this.removeGroup);
  }

  private async makeFolders(): Promise<void> {
    // Not with parents: where none can be made, as in /proc, Node tries for ever.
    for (const folder of this.folders) await mkdir(folder);
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

class Group implements TaskCgroup {
  readonly joins: readonly string[];

  constructor(
    private readonly folders: readonly string[],
    private readonly files: LimitFiles,
    private readonly removeGroup: Remove,
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
    for (const folder of this.folders) await removeFolder(folder, this.removeGroup);
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
export async function removeTree(folder: string, removeGroup: Remove = rmdir): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => []))
    if (entry.isDirectory()) await removeTree(join(folder, entry.name), removeGroup);
  await killAll([join(folder, 'cgroup.procs')]).catch(() => undefined);
  await removeFolder(folder, removeGroup);
}

/** The kernel says EBUSY for a while after the last process ended. */
async function removeFolder(folder: string, removeGroup: Remove): Promise<void> {
  for (const deadline = Date.now() + GONE_WITHIN_MS; ; await delay(RETRY_MS))
    try {
      return await removeGroup(folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'EROFS') return; // nothing could be made there either
      if (code !== 'EBUSY' || Date.now() > deadline) throw error;
    }
}

async function processesOf(joins: readonly string[]): Promise<number[]> {
  const texts = await Promise.all(joins.map(readText));
  return [...new Set(texts.flatMap((text) => text.split('\n').filter(Boolean).map(Number)))];
}

async function set(path: string, value: number | string, needed: boolean): Promise<void> {
  try {
    await writeFile(path, String(value));
  } catch (error) {
    if (needed) throw error;
  }
}

function kill(pid: number): void {
  if (pid < 2) return; // 0 is one of another namespace, and to `kill` our own group
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}
