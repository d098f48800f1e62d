/** Processes that are measured: started, asked for the processor time they have used, ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Ticks of a processor in a second, as `/proc` counts them on Linux. */
const TICKS_PER_SECOND = 100;

export interface Program {
  pid: number;
  stop(): Promise<void>;
}

export interface ProgramOptions {
  /** What runs the file. Default: this Node. */
  command?: readonly [string, ...string[]];
  /** Beside the variables of this process. */
  env?: Readonly<Record<string, string>>;
}

/** Starts a program of this folder, or by its whole path; resolves once it says that it is ready. */
export async function startProgram(
  file: string,
  args: readonly string[],
  { command = [process.execPath], env = {} }: ProgramOptions = {},
): Promise<Program> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const loader = file.endsWith('.ts') ? ['--import', 'tsx'] : [];
  const [program, ...own] = command;
  const child: ChildProcess = spawn(program, [...own, ...loader, path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const ended = once(child, 'exit');
  const { stdout, pid } = child;
  if (!stdout || pid === undefined) throw new Error(`${file} could not be started`);
  const ready = new Promise<void>((resolve) => {
    createInterface({ input: stdout }).on('line', (line) => {
      if (line === 'ready') resolve();
    });
  });
  const early = ended.then(() => Promise.reject(new Error(`${file} ended before it was ready`)));
  await Promise.race([ready, early]);
  early.catch(() => undefined); // it ends later, when it is told to
  return {
    pid,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Starts a server of somebody else's, which says nothing that is waited for; what it prints is not shown. */
export function spawnProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Program {
  const child = spawn(program, args, {
    stdio: 'ignore',
    env: { ...process.env, ...env },
  });
  const ended = once(child, 'exit');
  if (child.pid === undefined) throw new Error(`${program} could not be started`);
  return {
    pid: child.pid,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** A process and all that it started, and that they started; none where it has ended. */
export function descendantsOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(file)) return [];
  const children = readFileSync(file, 'utf8').trim();
  const own = children === '' ? [] : children.split(' ').map(Number);
  return [pid, ...own.flatMap(descendantsOf)];
}

/** Milliseconds of processor time that a process has used, and those that it started and that have ended. */
export function cpuMs(pid: number): number {
  if (!existsSync(`/proc/${pid}/stat`)) return 0; // its parent has counted it
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return (ticks * 1_000) / TICKS_PER_SECOND;
}

/** Most memory that a process has had, in MB. */
export const peakMb = (pid: number): number => statusMb(pid, 'VmHWM');

/** Memory that a process has now, in MB. */
export const residentMb = (pid: number): number => statusMb(pid, 'VmRSS');

function statusMb(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const line = status.split('\n').find((one) => one.startsWith(`${field}:`)) ?? '';
  return Number(/\d+/.exec(line)?.[0] ?? 0) / 1_024;
}
