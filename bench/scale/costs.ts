/**
 * What things cost: the only numbers of the simulation. Milliseconds of processor time on the machine of `bench/README.md`
 * unless said otherwise. `fit.ts` found them, rounded, as those that come nearest to all of `measured.ts`; behind each
 * stands which of those says most about it. Not W5 and W6.
 */

/** Parts of the server's work for one thing: before a worker has it, when it is done, and what nobody waits for. */
export interface Share {
  begin: number;
  end: number;
  after: number;
}

export interface Costs {
  server: {
    /** An activity: scheduled, started, completed. */
    activity: number;
    /** A workflow task: scheduled, started, completed. */
    workflowTask: number;
    /** A look into a shard's queue, for all that has come meanwhile. */
    look: number;
    /** A signal from one workflow to another: both sides. */
    signal: number;
    /** An execution's start and close. */
    execution: number;
    share: Share;
    /** Of a call, the share under the workflow's lock. */
    locked: number;
  };
  worker: {
    /** An attempt on the main thread: the pipeline, its records in the store. */
    activity: number;
    /** A workflow task on the workflow thread, whatever it brings. */
    workflowTask: number;
    /** What a coordinator's workflow task costs beyond that: it shows how the graph stands. */
    coordinatorTask: number;
    /** A node in the workflow that holds its activity. */
    node: number;
    /** A node in the workflow that decides: its order, its outcome. A segment does as much for a light node. */
    decided: number;
    /** A light node in a burst, on the main thread. */
    light: number;
    /** An execution: a workflow is set up, prepared, recorded. */
    execution: number;
    /** What a graph's costs beyond that. */
    graph: number;
    /** A node that is checked and planned. */
    planned: number;
    /** A node of a plan that a coordinator's run reads. */
    read: number;
  };
  /** Bytes of history. */
  bytes: { order: number; outcome: number; paged: number; planned: number };
  /** How long two workflows that signal each other wait for each other before one gives way. */
  lockWaitMs: number;
}

export const COSTS: Costs = {
  server: {
    activity: 1.63, // W2, W3: processor time
    workflowTask: 2.56, // W1, W4, chain: processor time
    look: 1.7, // W1 beside W2 and W3: what a step costs more where nothing else is under way
    signal: 2, // wide, chain: processor time
    execution: 5.6, // W4: processor time
    share: { begin: 0.22, end: 0.27, after: 0.51 }, // W1, chain: seconds beside processor time
    locked: 0.4, // W2, W3: events, so how much comes together
  },
  worker: {
    activity: 1.08, // W2, W3: processor time
    workflowTask: 3.35, // W1, W4, chain: processor time
    coordinatorTask: 2.3, // wide: processor time
    node: 0.21, // W2, W3, wide: processor time
    decided: 0.09, // W2, W3, light: seconds
    light: 0.19, // W2, W3, light: seconds and processor time
    execution: 4.7, // W4: processor time
    graph: 93, // W1, W2, light: processor time
    planned: 0.016, // decision 0024: 250,000 nodes checked in 2 s and planned in less
    read: 0.005, // assumed: parsing and the scheduler alone took 0.001 to 0.002 for 100,000 nodes
  },
  bytes: {
    order: 190, // test/histories/segment.json
    outcome: 470, // the same
    paged: 670, // test/histories/coordinator-continued-as-new.json
    planned: 70, // decision 0024
  },
  lockWaitMs: 50, // docs/settings.md: history.cacheNonUserContextLockTimeout
};

/**
 * What a PostgreSQL of its own changes, from one measurement of hand-written code (W2 on PostgreSQL 15 with fsync, 4 shards):
 * 13.7 ms of the server's processor time a node where memory took 5.6 (W3), and 6.0 ms of PostgreSQL's, in 2.3 transactions.
 * That machine and server took 2.3 times as long as today's for the same in memory: `transactionMs` is scaled by it.
 */
export const POSTGRES = {
  /** The server's processor time, as a multiple of that in memory. */
  server: 2.45,
  /** PostgreSQL's processor time for a transaction. */
  transactionMs: 1.2,
  /** Not measured, but assumed: a commit on a disk of its own. */
  commitMs: 2,
} as const;
/** The store's: rows that one writer wrote a second, with its database beside it on two cores (`bench/store.md`). */
export const STORE = { sqlite: 2_165, postgresPerCore: 1_228 } as const;

/** Requests a second that one host of a service takes before it refuses more, by the server's own defaults (read, not tried). */
export const REQUESTS = {
  'frontend.namespaceRPS': 2_400,
  'history.rps': 3_000,
  'matching.rps': 1_200,
} as const;
