/** Questions that any worker answers, through the workflow `tempographAsk`. */
import type { Fault } from '../domain/fault.js';
import type { Json } from '../domain/json.js';

/** A question to a worker: is this spec sound, or what stands in this blob from that character on? */
export type AskRequest = CheckRequest | ReadRequest | { kind: 'worker' };
export type AskAnswer = CheckAnswer | ReadAnswer | WorkerAnswer;

/** What a worker tells of itself. */
export interface WorkerAnswer {
  identity: string;
  pid: number;
  /** Of Tempograph and of Node.js. */
  version: string;
  node: string;
  startedAt: string;
  tasks: string[];
  modes: {
    mode: 'in-process' | 'thread' | 'process';
    size: number | null;
    memoryMb: number | null;
  }[];
  /** Attempts that run now, and how many may. */
  running: number;
  slots: number;
  /** Attempts that run on although they were asked to stop. */
  overrunning: { executionId: string; task: string; sinceMs: number }[];
  /** Whether it records in a store. */
  store: string | null;
}

export interface CheckRequest {
  kind: 'check';
  spec: Json;
  submission: Json;
}

export interface CheckAnswer {
  faults: Fault[];
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
