/** The built command line as a process of its own. */
import { execFile, fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import lockfile from 'proper-lockfile';
import type { Harness } from './engine.js';

const root = join(__dirname, '..', '..');
const main = join(root, 'lib', 'cli', 'main.js');
/** Longest wait for anything that should come, in milliseconds. */
const DEADLINE_MS = 60_000;

export interface CliResult {
  /** Null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** Standard input; without it there is none. */
  input?: string;
}

/** A command that may still be running. */
export interface CliProcess {
  pid: number;
  child: ChildProcess;
  ended: Promise<CliResult>;
  /** Resolves when the output so far matches; rejects when the command ends without. */
  saw(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<string>;
}

/** Builds `lib/` when it is older than the sources; other test files wait meanwhile. */
export async function buildCli(): Promise<void> {
  const folder = join(root, '.cache', 'test');
  mkdirSync(folder, { recursive: true });
  const release = await lockfile.lock(join(folder, 'cli-build'), {
    realpath: false,
    stale: 120_000,
    retries: { retries: 600, minTimeout: 100, maxTimeout: 500 },
  });
  try {
    await promisify(execFile)(process.execPath, [join(root, 'scripts', 'build.mjs')], {
      cwd: root,
    });
  } catch (error) {
    // The compiler tells on standard output what is wrong.
    const { stdout = '' } = error as { stdout?: string };
    throw new Error(`lib/ cannot be built:\n${stdout}${String(error)}`, { cause: error });
  } finally {
    await release();
  }
}

/** The settings that lead a command to a test's server, task queue and data folder. */
export function envOf({ address, taskQueue, dataDir }: Harness): Record<string, string> {
  return {
    TEMPORAL_ADDRESS: address,
    TEMPOGRAPH_TASK_QUEUE: taskQueue,
    TEMPOGRAPH_DATA_DIR: dataDir,
  };
}

/** Starts a command. Nothing of this process's own settings reaches it. */
export function startCli(args: readonly string[], options: CliOptions = {}): CliProcess {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd ?? root,
    env: { ...inherited(), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined); // it may end without reading
  child.stdin.end(options.input ?? '');
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => void (output[name] += text));
  let result: CliResult | undefined;
  const ended = new Promise<CliResult>((resolve) => {
    child.once('close', (code) => resolve((result = { code, ...output })));
  });
  return {
    pid: child.pid ?? 0,
    child,
    ended,
    saw: async (stream, pattern) => {
      await until(`${pattern} on ${stream} of ${args.join(' ')}`, () => {
        if (pattern.test(output[stream])) return true;
        if (result) throw new Error(`ended without ${pattern}: ${JSON.stringify(result)}`);
        return false;
      });
      return output[stream];
    },
  };
}

/** Runs a command to its end: in a process of its own, or in one that has run others of this file before it. */
export async function runCli(
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  if (!mayBeWarm(args, options)) return await startCli(args, options).ended;
  const one = warm.find(({ busy }) => !busy) ?? startWarm();
  return await one.run({
    args,
    env: { ...inherited(), ...options.env },
    cwd: options.cwd ?? root,
  });
}

/** The JSON document that a command wrote to standard output, and nothing else beside it. */
export function documentOf<T = Record<string, unknown>>({ stdout }: CliResult): T {
  return JSON.parse(stdout) as T;
}

/** Waits for a condition; fails after a minute. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const giveUpAt = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > giveUpAt) throw new Error(`not seen in time: ${what}`);
    await delay(25);
  }
}

/** The environment without settings of this process that a command would take for its own. */
export function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined &&
        !/^(TEMPORAL_(?!CLI_PATH)|TEMPOGRAPH_(?!CACHE_DIR|NO_DOWNLOAD)|NO_COLOR|FORCE_COLOR)/.test(
          entry[0],
        ),
    ),
  );
}

/** Settings that a command reads when it runs, and not when it is loaded. */
const READ_LATE =
  /^TEMPOGRAPH_(TASK_QUEUE|DATA_DIR|SERVER|API_KEY)$|^TEMPORAL_(ADDRESS|NAMESPACE)$/;

/** A module of tasks is loaded once in a process, and so are colours; input is the process's own. */
function mayBeWarm(args: readonly string[], { env = {}, input }: CliOptions): boolean {
  return (
    input === undefined &&
    !args.some((one) => /^--tasks\b/.test(one)) &&
    Object.keys(env).every((name) => READ_LATE.test(name))
  );
}

interface Order {
  args: readonly string[];
  env: Record<string, string>;
  cwd: string;
}

interface WarmCli {
  busy: boolean;
  run(order: Order): Promise<CliResult>;
  stop(): void;
}

const warm: WarmCli[] = [];
afterAll(() => warm.splice(0).forEach((one) => one.stop()));

function startWarm(): WarmCli {
  const child = fork(join(__dirname, 'cli-warm.mjs'), {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
  let settle: (result: CliResult) => void = () => undefined;
  const ready = Promise.race([once(child, 'message'), once(child, 'exit')]);
  child.on('message', (message) => settle(message as CliResult));
  child.on('exit', (code) => settle({ code, stdout: '', stderr }));
  const one: WarmCli = {
    busy: false,
    run: async (order) => {
      one.busy = true;
      await ready;
      if (!child.connected) throw new Error(`no command can be run: ${stderr}`);
      const result = await new Promise<CliResult>((resolve) => {
        settle = resolve;
        child.send(order);
      });
      one.busy = !child.connected; // one that has ended runs nothing more
      return result;
    },
    stop: () => void child.kill('SIGKILL'),
  };
  warm.push(one);
  return one;
}
