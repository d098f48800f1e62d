/** A workflow as the server sees it: events come, workflow tasks answer them, one after the other. */
import type { Cluster } from './cluster.js';
import { Lane } from './queueing.js';

/** What a workflow task decides: how long it computes, and what it has done. */
export interface Decided {
  cpuMs: number;
  commands: (() => void)[];
}

export abstract class Workflow<Heard> {
  /** Events of its history in this run, and their bytes. */
  protected events = 0;
  protected bytes = 0;
  private inbox: Heard[] = [];
  private task: 'none' | 'scheduled' | 'started' = 'none';
  private readonly lock = new Lane();
  readonly shard: number;
  private readonly home: number;
  /** Where a signal of its own is on its way to, with its lock held. */
  private signalling: Workflow<never> | undefined;
  /** Ends the wait of the signal that is on its way. */
  private giveWay: (() => void) | undefined;

  constructor(protected readonly cluster: Cluster) {
    this.shard = cluster.shard();
    this.home = cluster.home();
  }

  /** What its code makes of what it has heard. */
  protected abstract decide(heard: readonly Heard[]): Decided;

  /** An event is written into its history: a workflow task follows. */
  hear(heard: Heard, events = 1): void {
    this.inbox.push(heard);
    this.wrote(events);
    if (this.task === 'none') this.schedule();
  }

  protected wrote(events: number, bytes = 0): void {
    this.events += events;
    this.bytes += bytes;
    this.cluster.used.events += events;
  }

  /** Has an activity run. */
  protected activity(workerMs: number, done: Heard): void {
    const { cluster } = this;
    const { activity, share } = cluster.costs.server;
    this.wrote(2);
    cluster.used.activities++;
    cluster.serve(activity * share.after);
    cluster.enqueue(this.shard, () =>
      this.write(activity * share.begin, () =>
        cluster.onMainThread(workerMs, () =>
          this.write(activity * share.end, () => this.hear(done)),
        ),
      ),
    );
  }

  /** Signals another workflow. Its own lock is held meanwhile: two that do so to each other wait in vain. */
  protected signal<Other>(to: Workflow<Other>, heard: Other, sent: Heard, bytes = 0): void {
    const { cluster } = this;
    cluster.used.signals++;
    this.wrote(1, bytes);
    cluster.enqueue(this.shard, () => this.deliver(to, heard, sent, bytes));
  }

  private deliver<Other>(to: Workflow<Other>, heard: Other, sent: Heard, bytes: number): void {
    const { cluster } = this;
    const { signal, share } = cluster.costs.server;
    this.lock.enter(() => {
      this.signalling = to as unknown as Workflow<never>;
      let gaveWay = false;
      let isThere = false;
      const over = (): void => {
        this.signalling = undefined;
        this.giveWay = undefined;
        this.lock.leave();
      };
      this.giveWay = () => {
        if (isThere) return;
        gaveWay = true;
        cluster.used.crossed++;
        over();
        cluster.enqueue(this.shard, () => this.deliver(to, heard, sent, bytes));
      };
      const other = to as unknown as Workflow<unknown>;
      if (other.signalling === (this as unknown as Workflow<never>))
        cluster.clock.after(cluster.costs.lockWaitMs, () => other.giveWay?.());
      to.lock.enter(() => {
        if (gaveWay) return to.lock.leave();
        isThere = true;
        cluster.serve(signal * (share.begin + share.end), () =>
          cluster.commit(to.shard, () => {
            to.lock.leave();
            to.wrote(0, bytes);
            to.hear(heard);
            cluster.commit(this.shard, () => {
              over();
              this.hear(sent);
              cluster.serve(signal * share.after);
            });
          }),
        );
      });
    });
  }

  /** A call: its own work, then a transaction under the workflow's lock, one at a time in its shard. */
  private write(serverMs: number, done: () => void, isUrgent = false): void {
    const { cluster, lock } = this;
    const { locked } = cluster.costs.server;
    const locks = (): void =>
      lock.enter(() => {
        const written = (): void => {
          lock.leave();
          done();
        };
        const commit = (): void => cluster.commit(this.shard, written);
        cluster.serve(serverMs * locked, commit, isUrgent);
      });
    cluster.serve(serverMs * (1 - locked), locks, isUrgent);
  }

  private schedule(): void {
    const { cluster } = this;
    const { workflowTask, share } = cluster.costs.server;
    this.task = 'scheduled';
    this.wrote(3);
    cluster.used.workflowTasks++;
    const begun = (): void => {
      this.task = 'started';
      const heard = this.inbox;
      this.inbox = [];
      let commands: Decided['commands'] = [];
      const run = (): number => {
        const decided = this.decide(heard);
        commands = decided.commands;
        return cluster.costs.worker.workflowTask + decided.cpuMs;
      };
      cluster.onWorkflowThread(this.home, run, () => {
        cluster.serve(workflowTask * share.after);
        this.write(
          workflowTask * share.end,
          () => {
            this.task = 'none';
            for (const command of commands) command();
            if (this.inbox.length > 0 && this.task === 'none') this.schedule();
          },
          true,
        );
      });
    };
    cluster.enqueue(this.shard, () => this.write(workflowTask * share.begin, begun, true));
  }
}
