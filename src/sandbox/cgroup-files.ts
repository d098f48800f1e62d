/** The files of a control group, in either version: what is written to hold a program, and read to measure it. */
import { readFile } from 'node:fs/promises';
import type { Limits } from '../domain/program.js';

/** bwrap's own two, beside what the program may have. */
const OWN_PROCESSES = 2;
/** Of processor time, in microseconds: the kernel's own default. */
const CPU_PERIOD_US = 100_000;

export interface CgroupUsage {
  peakMemoryBytes: number | undefined;
  cpuMs: number | undefined;
  throttledMs: number | undefined;
  /** Processes that the kernel ended for memory. */
  oomKills: number;
  /** Forks and threads that it refused. */
  forkRefusals: number;
}

/** Path of a controller's file. */
export type At = (controller: string, file: string) => string;

/** Which file holds what, in one version. */
export interface LimitFiles {
  limits(): readonly (readonly [path: string, value: number | string, needed: boolean])[];
  cpu(): readonly (readonly [path: string, value: number | string])[];
  usage(): Promise<CgroupUsage>;
  /** Ends all of a group at once, or keeps it from growing while they are ended one by one. */
  stop(): readonly [path: string, value: string];
}

class V1 implements LimitFiles {
  constructor(
    private readonly at: At,
    private readonly held: Limits,
  ) {}

  limits(): ReturnType<LimitFiles['limits']> {
    const { memoryBytes, processes } = this.held;
    return [
      [this.at('memory', 'memory.limit_in_bytes'), memoryBytes, true],
      // Memory and swap together: where the kernel does not count swap there is no such file.
      [this.at('memory', 'memory.memsw.limit_in_bytes'), memoryBytes, false],
      [this.at('pids', 'pids.max'), processes + OWN_PROCESSES, true],
    ];
  }

  cpu(): ReturnType<LimitFiles['cpu']> {
    return [
      [this.at('cpu', 'cpu.cfs_period_us'), CPU_PERIOD_US],
      [this.at('cpu', 'cpu.cfs_quota_us'), quotaUs(this.held)],
    ];
  }

  async usage(): Promise<CgroupUsage> {
    const [peak, oom, cpu, stat, pids] = await Promise.all([
      readText(this.at('memory', 'memory.max_usage_in_bytes')),
      readText(this.at('memory', 'memory.oom_control')),
      readText(this.at('cpuacct', 'cpuacct.usage')),
      readText(this.at('cpu', 'cpu.stat')),
      readText(this.at('pids', 'pids.events')),
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

class V2 implements LimitFiles {
  constructor(
    private readonly at: At,
    private readonly held: Limits,
  ) {}

  limits(): ReturnType<LimitFiles['limits']> {
    const { memoryBytes, processes } = this.held;
    return [
      [this.at('memory', 'memory.max'), memoryBytes, true],
      [this.at('memory', 'memory.swap.max'), 0, false],
      [this.at('memory', 'memory.oom.group'), 1, false],
      [this.at('pids', 'pids.max'), processes + OWN_PROCESSES, true],
    ];
  }

  cpu(): ReturnType<LimitFiles['cpu']> {
    return [[this.at('cpu', 'cpu.max'), `${quotaUs(this.held)} ${CPU_PERIOD_US}`]];
  }

  async usage(): Promise<CgroupUsage> {
    const [peak, events, cpu, pids] = await Promise.all([
      readText(this.at('memory', 'memory.peak')),
      readText(this.at('memory', 'memory.events')),
      readText(this.at('cpu', 'cpu.stat')),
      readText(this.at('pids', 'pids.events')),
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

export function limitFiles(version: 1 | 2, at: At, limits: Limits): LimitFiles {
  return version === 1 ? new V1(at, limits) : new V2(at, limits);
}

/** Nothing for a file that is not there. */
export const readText = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

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
