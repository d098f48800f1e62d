/**
 * A server, or what makes one, as a child process: its output's tail, its end, and who may end it.
 *
 * P1. It leads a session of its own, so Ctrl-C in our terminal does not reach it before we say so.
 * P2. It never outlives us: killed when this process exits, and by a watcher when this process is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { makeFolder } from '../make-folder.js';
import type { Environment } from './environment.js';

/** Kept of the output's beginning: of a Go program that panics, the reason stands before hundreds of frames. */
const HEAD_LENGTH = 2_000;
/** Kept of the output, for an error, in characters. */
const TAIL_LENGTH = 8_000;

/** How long the output of an ended process may take to arrive, in milliseconds. */
const DRAIN_MS = 1_000;

/** How a process ended: by itself with a code, or by a signal. */
export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface OwnedProcess {
  pid: number;
  /** Settles when the process has ended and its output is read; never rejects. */
  exited: Promise<ProcessExit>;
  /** Aborted when the process has ended. */
  gone: AbortSignal;
  /** What it wrote, standard error included; of much, the beginning and the last part. */
  tail(): string;
  /** SIGTERM, and SIGKILL after `graceMs` (0: at once). Resolves when it is gone; may be called again. */
  stop(graceMs: number): Promise<void>;
}

export interface SpawnOptions {
  env: Environment;
  /** Default: this process's folder. */
  cwd?: string | undefined;
  /** Called with what the program sends by `process.send`, where it is one of Node's. */
  onMessage?: ((message: unknown) => void) | undefined;
  /** Called with output as it comes. */
  onOutput?: ((chunk: string) => void) | undefined;
  /** All output is appended to this file too; its folder is made. */
  logFile?: string | undefined;
}

/** @throws Error when the program cannot be started or the log file not opened */
export async function spawnOwned(
  file: string,
  args: readonly string[],
  { env, cwd, onOutput, onMessage, logFile }: SpawnOptions,
): Promise<OwnedProcess> {
  const log = logFile === undefined ? undefined : await openLog(logFile);
  const child = spawn(file, args, {
    env: { ...env },
    cwd,
    detached: true, // P1
    stdio: ['ignore', 'pipe', 'pipe', ...(onMessage ? ['ipc' as const] : [])],
    windowsHide: true,
  });
  if (onMessage) child.on('message', onMessage);
  // In the same turn: whoever kills us in the next would leave it behind.
  if (child.pid !== undefined) endWithUs(child, child.pid);
  try {
    await once(child, 'spawn');
  } catch (error) {
    log?.end();
    throw error;
  }
  const pid = child.pid as number; // it has been spawned
  const tail = keepTail(child, (chunk) => {
    log?.write(chunk);
    onOutput?.(chunk);
  });
  const exited = endOf(child);
  const gone = new AbortController();
  void exited.then(() => {
    log?.end();
    gone.abort(new Error('the process has ended'));
  });

  let stopping: Promise<void> | undefined;
  return {
    pid,
    exited,
    gone: gone.signal,
    tail,
    stop: (graceMs) => (stopping ??= stopProcess(child, exited, graceMs)),
  };
}

async function openLog(path: string): Promise<Writable> {
  await makeFolder(dirname(path));
  const log = (await open(path, 'a')).createWriteStream();
  log.on('error', () => undefined); // a full disk must not end the server's owner; the tail is kept anyway
  return log;
}

function keepTail(child: ChildProcess, onOutput: (chunk: string) => void): () => string {
  let head = '';
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      const room = HEAD_LENGTH - head.length;
      head += chunk.slice(0, Math.max(0, room));
      tail += chunk.slice(Math.max(0, room));
      if (tail.length > TAIL_LENGTH) tail = `\n…\n${tail.slice(-TAIL_LENGTH)}`;
      onOutput(chunk);
    });
  }
  return () => (head + tail).trim();
}

/** After 'close' all output is read; a grandchild that holds the pipe open must not delay the end for ever. */
function endOf(child: ChildProcess): Promise<ProcessExit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      const settle = () => resolve({ code, signal });
      child.once('close', settle);
      setTimeout(settle, DRAIN_MS).unref();
    });
  });
}

async function stopProcess(
  child: ChildProcess,
  exited: Promise<ProcessExit>,
  graceMs: number,
): Promise<void> {
  const pid = child.pid as number;
  if (graceMs > 0) {
    signalGroup(pid, 'SIGTERM');
    const timer = new AbortController();
    await Promise.race([exited, delay(graceMs, undefined, { signal: timer.signal })]);
    timer.abort();
  }
  if (alive.has(pid)) signalGroup(pid, 'SIGKILL');
  await exited;
}

const alive = new Set<number>();

/** P2: the exit handler, and for a process that is killed, a watcher. */
function endWithUs(child: ChildProcess, pid: number): void {
  if (alive.size === 0) process.on('exit', killAll);
  alive.add(pid);
  const watcher = watch(pid);
  child.once('exit', () => {
    alive.delete(pid);
    watcher?.kill('SIGKILL');
    if (alive.size === 0) process.off('exit', killAll);
  });
}

function killAll(): void {
  for (const pid of alive) signalGroup(pid, 'SIGKILL');
}

/** Signals the process and what it started; it leads a group of its own (P1). */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // it has ended by itself
  }
}

/**
 * A shell that waits for the end of its input, which comes with our end whatever ends us, and then kills `pid`. At
 * once, and not with SIGTERM: a server that took 3 s to stop would still have its port when we are started again.
 * Its database bears a kill. No watcher where there is no shell.
 */
function watch(pid: number): ChildProcess | undefined {
  if (process.platform === 'win32') return undefined;
  const watcher = spawn(
    '/bin/sh',
    ['-c', 'read -r _; kill -s KILL -- "-$1"', 'tempograph-watch', String(pid)],
    {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  );
  watcher.on('error', () => undefined); // the exit handler remains
  watcher.unref();
  (watcher.stdin as Socket | null)?.unref();
  return watcher;
}
