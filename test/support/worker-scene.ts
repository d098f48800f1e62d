/** Worker processes of a test's own, to be killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shared } from './shared.js';

export class WorkerScene {
  readonly folder = mkdtempSync(join(tmpdir(), 'tempograph-recovery-'));
  readonly gate = join(this.folder, 'gate');
  readonly runsFile = join(this.folder, 'runs');
  readonly taskQueue = `recovery-${randomUUID()}`;
  readonly dataDir = join(this.folder, 'data');
  private readonly children = new Set<ChildProcess>();

  constructor(
    readonly address: string,
    /** Of a store of its own; by default the one of the data folder, as always. */
    private readonly store: { url?: string; reconcileInterval?: string } = {},
  ) {}

  async startWorker(): Promise<ChildProcess> {
    const program = join(__dirname, 'programs', 'worker.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        RUNS: this.runsFile,
        GATE: this.gate,
        BUNDLE: shared().bundle,
        ADDRESS: this.address,
        TASK_QUEUE: this.taskQueue,
        DATA_DIR: this.dataDir,
        STORE_URL: this.store.url ?? '',
        RECONCILE_INTERVAL: this.store.reconcileInterval ?? '',
      },
    });
    this.children.add(child);
    await once(child.stdout, 'data');
    return child;
  }

  async kill(child: ChildProcess): Promise<void> {
    this.children.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  open(): void {
    writeFileSync(this.gate, '');
  }

  runs(): string[] {
    return existsSync(this.runsFile) ? readFileSync(this.runsFile, 'utf8').trim().split('\n') : [];
  }

  async end(): Promise<void> {
    for (const child of [...this.children]) await this.kill(child);
  }
}
