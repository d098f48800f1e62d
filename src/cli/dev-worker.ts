/**
 * The worker of `tempograph dev`. With `--tasks` it is a process of its own, and a new one takes over when a file of
 * theirs has changed: the old one takes nothing new and gives running attempts 10 s, as at every end of a worker.
 */
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FSWatcher } from 'chokidar';
import { messageOf, TaskError } from '../domain/errors.js';
import { spawnOwned, type OwnedProcess } from '../servers/owned-process.js';
import type { DevWorkerNews, DevWorkerOrder } from './dev-worker-process.js';
import { startWorkerAt } from './local-worker.js';
import type { Output } from './output.js';

export interface DevWorker {
  taskQueue: string;
  /** Names of its tasks. */
  readonly tasks: readonly string[];
  /** Settles when it has ended; rejects when it did by itself. */
  stopped: Promise<unknown>;
  shutdown(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('./dev-worker-process.js', import.meta.url));
/** An editor writes several files at once, and some of them twice. */
const QUIET_MS = 150;
/** The attempts' 10 s, and the worker's own end. */
const GRACE_MS = 15_000;
const WATCHED = /\.(?:[cm]?[jt]sx?|json)$/;

/** @throws TaskError CONFIGURATION | UNREACHABLE */
export async function startDevWorker(
  out: Output,
  { address, options, files }: DevWorkerOrder,
): Promise<DevWorker> {
  if (files.length === 0) return await startWorkerAt(address, options, []);
  const worker = new ReloadingWorker(out, { address, options, files });
  await worker.start();
  return worker;
}

interface Running {
  process: OwnedProcess;
  taskQueue: string;
  tasks: readonly string[];
}

class ReloadingWorker implements DevWorker {
  readonly stopped = new Promise<never>(() => undefined); // what ends by itself begins again with the next change
  private running: Running | undefined;
  private files: FSWatcher | undefined;
  private timer: NodeJS.Timeout | undefined;
  private reloading: Promise<void> | undefined;
  private readonly changed = new Set<string>();
  private closed = false;

  constructor(
    private readonly out: Output,
    private readonly order: DevWorkerOrder,
  ) {}

  get taskQueue(): string {
    return this.running?.taskQueue ?? '';
  }

  get tasks(): readonly string[] {
    return this.running?.tasks ?? [];
  }

  async start(): Promise<void> {
    await this.watch();
    try {
      this.running = await this.begin();
    } catch (error) {
      await this.files?.close();
      throw error;
    }
  }

  async shutdown(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.files?.close();
    await this.reloading;
    await this.running?.process.stop(GRACE_MS);
  }

  /** Everything near the tasks that could be part of them: what they import is known to their process alone. */
  private async watch(): Promise<void> {
    const { watch } = await import('chokidar');
    const { options, files } = this.order;
    const data = options.dataDir === undefined ? undefined : resolve(options.dataDir);
    const folders = [...new Set(files.map((file) => folderOf(resolve(file))))];
    this.files = watch(folders, {
      ignoreInitial: true,
      ignored: (path, stats) =>
        path === data ||
        folders.some((folder) => isApart(relative(folder, path))) ||
        (stats?.isFile() === true && !WATCHED.test(path)),
    });
    this.files.on('all', (_event, path) => this.note(path));
    this.files.on('error', (error) =>
      this.out.note(`changes of files may go unseen: ${messageOf(error)}`),
    );
    await new Promise<void>((resolve) => void this.files?.once('ready', () => resolve()));
  }

  private note(path: string): void {
    if (!WATCHED.test(path) || this.closed) return;
    this.changed.add(path);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.reloading ??= this.reload().finally(() => (this.reloading = undefined));
    }, QUIET_MS);
  }

  private async reload(): Promise<void> {
    while (this.changed.size > 0 && !this.closed) {
      const [first = '', ...more] = [...this.changed].map((path) => relative('.', path));
      this.changed.clear();
      const what = more.length === 0 ? first : `${first} and ${more.length} more`;
      try {
        const next = await this.begin();
        const old = this.running;
        this.running = next;
        this.out.note(`${what} changed: tasks are loaded anew (${next.tasks.length})`);
        void old?.process.stop(GRACE_MS);
      } catch (error) {
        const kept = this.running ? 'the worker goes on with what it had' : 'no worker runs';
        this.out.note(`${what} changed; ${kept}: ${messageOf(error)}`);
      }
    }
  }

  /** @returns a worker that polls @throws TaskError why there is none */
  private async begin(): Promise<Running> {
    let hear: (news: DevWorkerNews) => void = () => undefined;
    const news = new Promise<DevWorkerNews>((resolve) => (hear = resolve));
    const process = await spawnOwned(
      globalThis.process.execPath,
      [...globalThis.process.execArgv, PROGRAM, JSON.stringify(this.order)],
      {
        env: globalThis.process.env,
        onMessage: (message) => hear(message as DevWorkerNews),
        onOutput: (text) => this.out.note(text.trimEnd()),
      },
    );
    const told = await Promise.race([news, process.exited]);
    if ('kind' in told && told.kind === 'ready') {
      const { taskQueue, tasks } = told;
      void process.exited.then(() => this.ended(process));
      return { process, taskQueue, tasks };
    }
    await process.stop(0);
    if ('kind' in told) throw new TaskError(told.code, told.message);
    throw new TaskError('CONFIGURATION', `the worker ended before it polled (${endOf(told)})`);
  }

  private ended(process: OwnedProcess): void {
    if (this.closed || this.running?.process !== process) return;
    this.running = undefined;
    this.out.note('the worker ended by itself; the next change of a file starts another');
  }
}

const endOf = ({ code, signal }: Awaited<OwnedProcess['exited']>): string =>
  signal ?? `code ${code}`;

/** The package that a file is of, or else its folder. */
function folderOf(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) return dirname(file);
  }
}

/** Below a folder: what is installed there, and what begins with a point. */
const isApart = (path: string): boolean =>
  !path.startsWith('..') &&
  path.split(sep).some((part) => part === 'node_modules' || (part.startsWith('.') && part !== ''));
