/**
 * Why something waits: a closed union of reasons, each with its numbers. `explain-node.ts` finds a node's, `explain-text.ts`
 * says each in a sentence.
 *
 * Times are ISO strings, durations milliseconds; null stands for what is not known or not set.
 */
import type { UndoProgress } from './compensation.js';
import type { Failure } from './failure.js';
import type { Times } from './node-times.js';
import type { Progress } from './progress.js';
import type { Status, StatusReason, TerminalStatus } from './status.js';
import type { TriggerRule } from './trigger.js';
import type { WallTime } from './wall-time.js';

/** A dependency that has not ended, and how it stands. */
export interface OpenDependency {
  nodeId: string;
  status: Status;
  reason: StatusReason | null;
}

/** An error in short. */
export interface ShortError {
  code: string;
  message: string;
}

/** Who polls a task queue, as far as the server knows. */
export interface QueueFacts {
  /** Workers that asked for work in the last 75 seconds: one that has died since is among them. */
  pollers: number;
  /** When the last of them asked, by the server's clock, an ISO time; null where none has. */
  lastPollAt: string | null;
  /** Attempts that wait on it: the server's estimate. */
  backlog: number | null;
}

/** The reason of a node that has not ended, or of an execution as a whole. */
export type Reason =
  /** Some of its dependencies have not ended; `open` names the first ten. */
  | {
      kind: 'dependencies';
      done: number;
      total: number;
      trigger: TriggerRule;
      open: OpenDependency[];
      since: string | null;
    }
  /** Its keyed limit has no place. `inUse` and `max` are null where its keeper did not answer. */
  | {
      kind: 'limit';
      key: string;
      weight: number;
      inUse: number | null;
      max: number | null;
      /** Its place in the line, from 1, as the line stands now. */
      place: number | null;
      since: string | null;
    }
  /** As many nodes of the graph run as `concurrency` allows. */
  | {
      kind: 'window';
      running: number;
      concurrency: number;
      place: number | null;
      since: string | null;
    }
  /** Its circuit is open, or half open and others try. Null until: it was opened by hand. */
  | {
      kind: 'circuit';
      name: string;
      mode: 'open' | 'half_open' | 'closed' | null;
      forced: boolean;
      openUntil: string | null;
      /** Attempts that find out whether it works again. */
      probes: string[];
      looksAgainAt: string | null;
      since: string | null;
    }
  | { kind: 'start_time'; at: string; inMs: number }
  /** An attempt failed, and the next one has a time. `keptBy`: who keeps the wait. */
  | {
      kind: 'retry';
      /** The attempt that failed. */
      attempt: number;
      /** Nothing of it has run, for want of its environment: the same attempt is begun again, and none is spent. */
      begun?: false;
      /** Attempts in all. */
      of: number;
      at: string | null;
      inMs: number | null;
      error: ShortError | null;
      keptBy: 'server' | 'workflow';
    }
  | {
      kind: 'paused';
      scope: 'graph' | 'node';
      since: string | null;
      by: string | null;
      note: string | null;
    }
  /** No worker that was asked knows its task. */
  | {
      kind: 'no_handler';
      task: string;
      queue: string;
      since: string | null;
      looksAgainAt: string | null;
    }
  /** Somebody else does the same work, and it takes over the result. */
  | { kind: 'coalesced'; since: string | null; looksAgainAt: string | null }
  /** Handed to Temporal, and no worker has taken it. */
  | ({
      kind: 'queue';
      queue: string;
      since: string | null;
      waitedMs: number | null;
    } & Nullable<QueueFacts>)
  /** A worker has it: pre hooks, input check, look-ups. */
  | { kind: 'preparing'; attempt: number; since: string | null }
  | {
      kind: 'running';
      attempt: number;
      of: number;
      since: string | null;
      progress: Progress | null;
    }
  /** Its work is done, and its result is made of that. */
  | { kind: 'result'; since: string | null }
  | {
      kind: 'approval';
      message: string;
      /** Who may answer; null for anybody. */
      from: string[] | null;
      since: string | null;
    }
  /** Its sub-graph, or its items, are under way; `inside` says what of them waits. */
  | {
      kind: 'children';
      what: 'graph' | 'map';
      executionId: string;
      /** Null where it did not answer. */
      done: number | null;
      total: number | null;
      running: number | null;
    }
  /** An attempt timed out, or its worker was lost, and somebody has to say what became of its work. */
  | { kind: 'outcome_unknown'; attempt: number; error: ShortError | null; since: string | null }
  /** It has ended, and how. */
  | {
      kind: 'ended';
      status: TerminalStatus;
      reason: StatusReason | null;
      error: ShortError | null;
      /** The node whose end decided that it runs or not. */
      after: string | null;
    }
  // Of an execution as a whole:
  | { kind: 'nodes'; ended: number; running: number; waiting: number; total: number }
  /** It waits for other executions; null for one that has not ended. */
  | {
      kind: 'awaits';
      executions: { executionId: string; status: TerminalStatus | null }[];
      done: number;
      total: number;
    }
  | { kind: 'start_delay'; at: string; inMs: number }
  /** A worker checks its spec and makes its plan. */
  | { kind: 'planning'; since: string | null }
  /** No worker has picked the workflow itself up, or none that was there answers. */
  | ({
      kind: 'no_worker';
      queue: string;
      /** False: no worker has ever had it. */
      begun: boolean;
      since: string | null;
      waitedMs: number | null;
    } & Nullable<QueueFacts>)
  /** The graph is being stopped; `running` nodes were asked to, and `cleanUp` nodes with `onCancel: run` have not ended. */
  | { kind: 'stopping'; why: StatusReason; running: number; cleanUp: number }
  /** All nodes have ended, and what they did is being undone. */
  | ({
      kind: 'undoing';
      /** Workers that poll the queue of what undoes; null where the server does not say. */
      pollers: number | null;
    } & UndoProgress)
  /** All nodes have ended; hooks, manifest and record are under way. */
  | { kind: 'closing' };

type Nullable<T> = { [K in keyof T]: T[K] | null };

/** Why something is not done, in a word. */
export type ReasonKind = Reason['kind'];

/** What ends a wait at the latest, and how. */
export interface Bound {
  by:
    | 'deadline'
    | 'queueTimeout'
    | 'totalTimeout'
    | 'timeout'
    | 'dependencyTimeout'
    | 'approvalTimeout'
    | 'unknownTask';
  at: string;
  leftMs: number;
  /** What becomes of it then. */
  then: 'TIMEOUT' | 'FAILED' | 'approve' | 'deny' | 'retry';
}

/** Why one node stands where it stands. */
export interface NodeExplanation {
  nodeId: string;
  executionId: string;
  task: string;
  status: Status;
  reason: Reason;
  /** The reason, in plain words. */
  sentence: string;
  /** Null: nothing bounds it. */
  bound: Bound | null;
  /** What its time has gone into since it could have started; null for one that never could. */
  times: Times | null;
  /** What waits in its sub-graph or among its items. */
  inside?: NodeExplanation[];
  /** Nodes in there that wait and are not listed. */
  insideMore?: number;
  /** Of one that failed: why there was no other attempt, and what to do. */
  failure?: Failure;
}

/** Why an execution is not done, why it failed, or where its time went. */
export interface Explanation {
  executionId: string;
  status: Status;
  /** When it was looked at. */
  at: string;
  /** Why the execution as a whole is not done; `ended` once it is. The most telling first. */
  reasons: Reason[];
  /** The first of the reasons, or where the time went, in plain words. */
  sentence: string;
  bound: Bound | null;
  /** Every node that neither runs nor has ended; with `node` that one, however it stands. */
  nodes: NodeExplanation[];
  /** Of one that failed: the first failures that there were, in the order of their ends. */
  failures: Failure[];
  /** Failures that are not among these. */
  moreFailures: number;
  /** Where the wall time went; null while it has not ended. */
  wallTime: WallTime | null;
}
