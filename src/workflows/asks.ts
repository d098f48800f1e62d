/** Questions that any worker answers, through the workflow `tempographAsk`. */
import type { Isolation } from '../domain/choose-runner.js';
import type { Fault } from '../domain/fault.js';
import type { ErrorRecord } from '../domain/errors.js';
import type { ReportedEnd } from '../domain/handover.js';
import type { Json } from '../domain/json.js';
import type { ProgramKind } from '../domain/program.js';
import type { SpecRef } from '../domain/spec-ref.js';
import type { PlanFacts } from '../domain/plan-facts.js';
import type { ProgramAsk, ProgramFinding } from '../domain/program-looks.js';
import type { RerunDecision, RerunReason } from '../domain/rerun.js';
import type { Status } from '../domain/status.js';

/** A question to a worker: is this spec sound, what stands in this blob, or what does the end of this attempt mean? */
export type AskRequest =
  | (CheckRequest | PlanRequest | RerunQuestion | LookUpRequest)
  | (ReadRequest | FindRequest | KeepRequest)
  | (EndRequest | { kind: 'worker' } | { kind: 'probe' });
export type AskAnswer =
  | (CheckAnswer | PlanAnswer | RerunAnswer | LookUpAnswer)
  | (ReadAnswer | FindAnswer | KeepAnswer)
  | (EndAnswer | WorkerAnswer | ProbeAnswer);

/** Where a worker can run something. */
export interface ModeAnswer {
  mode: Isolation;
  /** Attempts that run at once; null where only the worker's own limit holds. */
  size: number | null;
  /** Megabytes of JavaScript heap for each thread or process; null where it is none or another's. */
  memoryMb: number | null;
  /** Of programs: what holds them on this worker. */
  enforces?: Record<string, string>;
}

/** What a worker tells of itself. */
export interface WorkerAnswer {
  identity: string;
  pid: number;
  /** Of Tempograph and of Node.js. */
  version: string;
  node: string;
  startedAt: string;
  tasks: string[];
  /** By task, where that is not 1. Older workers do not tell. */
  taskVersions?: Record<string, string>;
  modes: ModeAnswer[];
  /** The kinds of programs that it runs, and with what; of those that it cannot, why. */
  programs: ModeAnswer[];
  lacks: Partial<Record<ProgramKind, string>>;
  /** Attempts that run now, and how many may. */
  running: number;
  slots: number;
  /** Attempts that run on although they were asked to stop. */
  overrunning: { executionId: string; task: string; sinceMs: number }[];
  /** Whether it records in a store. */
  store: string | null;
  /** Where it keeps large values, and an id that those have in common who share them. Older workers do not tell. */
  blobs?: { location: string; id: string };
  /** What its clock said when it answered, an ISO time. Older workers do not tell. */
  now?: string;
}

/** How quick the server is, by its own clock, in milliseconds: of some tries the one that a quarter was quicker than. */
export interface ProbeAnswer {
  /** What the server's clock said, an ISO time. Older workers do not tell. */
  now?: string;
  /** From one step of a chain to the next: an activity that does nothing, and the workflow task after it. */
  stepMs: number;
  /** A timer of 1 ms. */
  timerMs: number;
}

/** Ends an attempt that was handed over. */
export interface EndRequest {
  kind: 'end';
  /** Where the node's activity is. */
  workflowId: string;
  nodeId: string;
  /** The attempt that is meant. */
  attempt: number;
  end: ReportedEnd;
}

/** What became of it, or why nothing did. */
export type EndAnswer =
  | {
      status: 'COMPLETED' | 'FAILED' | 'TIMEOUT' | 'REJECTED' | 'RETRYING';
      attempt: number;
      error?: ErrorRecord;
      /** RETRYING: milliseconds until the next attempt. */
      waitMs?: number;
    }
  | { refused: string };

export interface CheckRequest {
  kind: 'check';
  spec: Json | SpecRef;
  submission: Json;
}

export interface CheckAnswer {
  faults: Fault[];
}

/** For a client that plans a graph whose tasks it does not know. */
export interface PlanRequest extends Omit<CheckRequest, 'kind'> {
  kind: 'plan';
}

export interface PlanAnswer extends CheckAnswer {
  facts: PlanFacts;
}

/** What is there of what programs need? Asked of a worker of the queue that they would run on. */
export interface LookUpRequest {
  kind: 'programs';
  queue: string;
  asks: ProgramAsk[];
  /** The settings by which the worker runs programs of this kind are looked up too. */
  settings?: ProgramKind;
}

export interface LookUpAnswer {
  /** Identity of the worker that looked. */
  worker: string;
  /** Of each that was asked of, in the same order. */
  findings: ProgramFinding[][];
  /** Of its settings, `at` each one's name, where that was asked. */
  settings?: ProgramFinding[];
}

/** What would a rerun do? Its submission says of what. */
export interface RerunQuestion {
  kind: 'rerun';
  spec: Json | SpecRef;
  submission: Json;
}

/** Every node and what becomes of it, by reference where they are many. */
export type RerunAnswer = { faults: Fault[] } | { nodes: RerunForecast[] } | { ref: string };

/** What becomes of a node in a rerun. */
export interface RerunForecast {
  nodeId: string;
  /** It runs for certain, it may run, or it keeps what it gave. */
  choice: RerunDecision['choice'];
  reason: RerunReason;
  /** The reason in words. */
  text: string;
  /** How it ended before; null for a new one. */
  before: Status | null;
  /** The node above that it follows. */
  because?: string;
  /** Of a map that runs: how many of the items of before run for certain, where that is known without the list. */
  items?: { run: number; of: number };
}

export interface ReadRequest {
  kind: 'read';
  ref: string;
  offset: number;
  /** Counts in bytes, and answers in base64. Default: characters. */
  as?: 'bytes';
}

export interface ReadAnswer {
  text: string;
  /** Characters, or bytes, of the whole. */
  total: number;
}

/** Is there such a blob, where this worker keeps them? */
export interface FindRequest {
  kind: 'find';
  ref: string;
}

export interface FindAnswer {
  found: boolean;
}

/** Stores a text: this one, or those of blobs that are there, one after another. */
export type KeepRequest = { kind: 'keep' } & ({ text: string } | { parts: string[] });

export interface KeepAnswer {
  ref: string;
}
