/** A Temporal cluster and its workers in virtual time: what waits for what, and how long. */
import { POSTGRES, type Costs } from './costs.js';
import { Clock, Cores, Lane } from './queueing.js';

export interface ClusterSize {
  /** Cores of the server's services together. */
  serverCores: number;
  /** What other programs take of them while all are busy, 0 to 1. */
  others: number;
  /** The workers' cores; undefined where they share the server's, as on one machine. */
  workerCores?: number;
  /** Worker processes: each has one workflow thread and one main thread. */
  workers: number;
  shards: number;
  /** A database of its own; undefined for one in the server's memory. */
  database?: DatabaseSize;
}

export interface DatabaseSize {
  cores: number;
  /** How long a transaction waits for its commit; a shard has one at a time. */
  commitMs: number;
}

export const MACHINE: ClusterSize = { serverCores: 2, others: 0.08, workers: 1, shards: 1 };

/** What all that was done took. */
export interface Used {
  serverMs: number;
  workflowThreadMs: number;
  mainThreadMs: number;
  /** Events of history. */
  events: number;
  transactions: number;
  activities: number;
  workflowTasks: number;
  signals: number;
  /** Times that two workflows waited for each other's lock. */
  crossed: number;
}

interface Shard {
  io: Lane;
  queue: (() => void)[];
  isLooking: boolean;
}

interface WorkerProcess {
  workflows: Lane;
  main: Lane;
}

export class Cluster {
  readonly clock = new Clock();
  readonly used: Used = {
    ...{ serverMs: 0, workflowThreadMs: 0, mainThreadMs: 0 },
    ...{ events: 0, transactions: 0, activities: 0, workflowTasks: 0, signals: 0, crossed: 0 },
  };
  private readonly server: Cores;
  private readonly workerCores: Cores;
  private readonly database: Cores | undefined;
  private readonly shards: Shard[];
  private readonly workers: WorkerProcess[];
  private nextWorker = 0;
  private nextShard = 0;

  constructor(
    readonly costs: Costs,
    readonly size: ClusterSize,
    private seed = 1,
  ) {
    this.server = new Cores(this.clock, size.serverCores, size.others);
    this.workerCores =
      size.workerCores === undefined ? this.server : new Cores(this.clock, size.workerCores);
    this.database = size.database && new Cores(this.clock, size.database.cores);
    this.shards = Array.from({ length: size.shards }, () => ({
      ...{ io: new Lane(), queue: [], isLooking: false },
    }));
    this.workers = Array.from({ length: size.workers }, () => ({
      ...{ workflows: new Lane(), main: new Lane() },
    }));
  }

  /** A shard for a workflow, spread evenly: what hashing makes of many. */
  shard(): number {
    return (this.nextShard++ * 7) % this.size.shards;
  }

  /** A worker that keeps a workflow in its cache. */
  home(): number {
    return this.nextWorker++ % this.size.workers;
  }

  /** Work of the server; nobody waits for it where `done` is missing. */
  serve(ms: number, done?: () => void, isUrgent = false): void {
    const all = this.database ? ms * POSTGRES.server : ms;
    this.used.serverMs += all;
    this.server.run(all * this.spread(), done, isUrgent);
  }

  /** One transaction: a shard writes one at a time. */
  commit(shard: number, done: () => void): void {
    this.used.transactions++;
    const { database } = this;
    const commitMs = this.size.database?.commitMs ?? 0;
    if (!database) return done();
    const { io } = this.shards[shard] as Shard;
    const end = (): void => {
      io.leave();
      done();
    };
    const commit = (): void => this.clock.after(commitMs, end);
    io.enter(() => database.run(POSTGRES.transactionMs * this.spread(), commit));
  }

  /** Puts something into a shard's queue: one look finds all that has come since the last. */
  enqueue(shard: number, found: () => void): void {
    const { queue } = this.shards[shard] as Shard;
    queue.push(found);
    this.look(this.shards[shard] as Shard);
  }

  /** Runs workflow code on its worker's thread. @param run decides when it begins, and says how long it takes */
  onWorkflowThread(home: number, run: () => number, done: () => void): void {
    this.onThread((this.workers[home] as WorkerProcess).workflows, run, 'workflowThreadMs', done);
  }

  /** Runs an attempt on the next worker. */
  onMainThread(ms: number, done: () => void): void {
    const { main } = this.workers[this.nextWorker++ % this.size.workers] as WorkerProcess;
    this.onThread(main, () => ms, 'mainThreadMs', done);
  }

  /** A seeded random factor of mean 1: no two pieces of work take the same time. */
  private spread(): number {
    this.seed = (Math.imul(this.seed, 1_664_525) + 1_013_904_223) >>> 0;
    const r = (this.seed + 0.5) / 2 ** 32;
    return 0.5 + r;
  }

  private onThread(
    thread: Lane,
    run: () => number,
    what: 'workflowThreadMs' | 'mainThreadMs',
    done: () => void,
  ): void {
    thread.enter(() => {
      const ms = run();
      this.used[what] += ms;
      const end = (): void => {
        thread.leave();
        done();
      };
      this.workerCores.run(ms * this.spread(), end, what === 'workflowThreadMs');
    });
  }

  private look(shard: Shard): void {
    if (shard.isLooking || shard.queue.length === 0) return;
    shard.isLooking = true;
    const end = (): void => {
      const found = shard.queue;
      shard.queue = [];
      shard.isLooking = false;
      for (const step of found) step();
      this.look(shard);
    };
    this.serve(this.costs.server.look, end, true);
  }
}
