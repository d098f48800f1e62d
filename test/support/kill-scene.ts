/** A worker process, a PostgreSQL and a dev server of a test's own, each to be killed and started again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { startPostgres, type TestPostgres } from '../../scripts/postgres.mjs';
import { TaskEngine } from '../../src/client.js';
import { launchDevServer, type DevServer } from '../../src/servers/dev-server.js';
import { openStore, type Store } from '../../src/store/store.js';
import { SEARCH_ATTRIBUTE } from '../../src/workflows/messages.js';
import { shared } from './shared.js';
import { until } from './until.js';
import { WorkerScene } from './worker-scene.js';

export class KillScene {
  private readonly folder: string;
  readonly workers: WorkerScene;

  private constructor(
    readonly postgres: TestPostgres,
    private server: DevServer,
    folder: string,
    private connection: Connection,
    private worker: ChildProcess | undefined,
    readonly engine: TaskEngine,
    readonly store: Store,
    readonly sql: pg.Pool,
    workers: WorkerScene,
  ) {
    this.folder = folder;
    this.workers = workers;
  }

  /** @returns why not, where there is no PostgreSQL */
  static async start(): Promise<KillScene | { unavailable: string }> {
    // What was committed must be there after a kill.
    const postgres = await startPostgres({ own: true, settings: { synchronous_commit: 'on' } });
    if ('unavailable' in postgres) return postgres;
    const folder = mkdtempSync(join(tmpdir(), 'tempograph-kills-'));
    const server = await launch(folder);
    const workers = new WorkerScene(server.address, {
      url: postgres.url,
      reconcileInterval: '1s',
    });
    const worker = await workers.startWorker();
    const { address, taskQueue, dataDir } = workers;
    const engine = await TaskEngine.connect({
      ...{ address, taskQueue, dataDir, storeUrl: postgres.url },
    });
    const connection = await Connection.connect({ address });
    const sql = new pg.Pool({ connectionString: postgres.url });
    sql.on('error', () => undefined); // idle, and the server was killed
    const store = await openStore({ url: postgres.url });
    return new KillScene(
      ...([postgres, server, folder, connection, worker, engine, store, sql, workers] as const),
    );
  }

  get client(): Client {
    return new Client({ connection: this.connection });
  }

  async killWorker(): Promise<void> {
    if (this.worker) await this.workers.kill(this.worker);
    this.worker = await this.workers.startWorker();
  }

  async killStore(): Promise<void> {
    await this.postgres.kill?.();
    await this.postgres.restart?.();
    await until(async () => Boolean(await this.sql.query('select 1').catch(() => undefined)));
  }

  async killServer(): Promise<void> {
    const port = Number(this.server.address.split(':')[1]);
    process.kill(this.server.pid, 'SIGKILL');
    await this.server.exited;
    this.server = await launch(this.folder, port);
  }

  /** True while the worker runs: none of the others may take it along. */
  get workerLives(): boolean {
    return this.worker?.exitCode === null && this.worker.signalCode === null;
  }

  async stop(): Promise<void> {
    await this.workers.end();
    await this.engine.shutdown();
    await this.connection.close();
    await this.store.close();
    await this.sql.end();
    await this.server.stop();
    await this.postgres.stop();
    for (const folder of [this.folder, this.workers.folder])
      rmSync(folder, { recursive: true, force: true });
  }
}

function launch(folder: string, port?: number): Promise<DevServer> {
  const searchAttributes = Object.fromEntries(
    Object.values(SEARCH_ATTRIBUTE).map((name) => [name, 'Keyword']),
  );
  return launchDevServer(shared().binary, {
    ...{ dbFile: join(folder, 'temporal.db'), searchAttributes },
    ...(port === undefined ? {} : { port }),
  });
}
