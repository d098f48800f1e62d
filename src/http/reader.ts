/**
 * Reads pipelines for a server, whose one thread answers everybody: what is large is read in another, which is ended when
 * that takes too long. A text's size does not say how long: one list of numbers takes ten times a pipeline of its size.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { SpecInvalidError } from '../domain/errors.js';
import { fault, type Fault } from '../domain/fault.js';
import type { GivenGraph } from './given-graph.js';
import { HttpProblem } from './problem.js';
import { readPipeline, type ReadGraph, type ReadJob } from './read-pipeline.js';

/** Each may need 2 GB for a moment. */
const MAX_THREADS = 2;
const IDLE_MS = 60_000;

export interface ReaderOptions {
  /** A text of more characters is read in a thread. Default 256 Ki, which takes about as long as a thread to start. */
  threadOver?: number;
  /** How long one is read there, in milliseconds; waiting for a thread is not counted. Default 60 s. */
  limitMs?: number;
}

export class Reader {
  private readonly threadOver: number;
  private readonly limitMs: number;
  /** Made when it is first needed. */
  private pool: Piscina | undefined;
  private free = MAX_THREADS;
  private readonly waiting: (() => void)[] = [];

  constructor({ threadOver = 256 * 2 ** 10, limitMs = 60_000 }: ReaderOptions = {}) {
    this.threadOver = threadOver;
    this.limitMs = limitMs;
  }

  /**
   * What a text says, and what is wrong with it: also that it takes too long.
   *
   * @param gone whoever asked is no more; then it is not read on, and the promise rejects
   */
  async read(job: ReadJob, gone: AbortSignal): Promise<ReadGraph> {
    if (job.text.length <= this.threadOver) return readPipeline(job);
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await this.inThread(job, gone);
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    }
  }

  /** The graph of a text that has no faults. @throws SpecInvalidError with the lines of what is wrong */
  async graph(job: ReadJob, gone: AbortSignal): Promise<GivenGraph> {
    const { graph, faults } = await this.read(job, gone);
    if (faults.length > 0) throw new SpecInvalidError(faults, 'pipeline');
    return graph as GivenGraph;
  }

  /** Ends what is being read. */
  async close(): Promise<void> {
    await this.pool?.destroy();
  }

  private async inThread(job: ReadJob, gone: AbortSignal): Promise<ReadGraph> {
    if (gone.aborted) throw hasGone();
    const limit = AbortSignal.timeout(this.limitMs);
    this.pool ??= new Piscina({
      filename: threadProgram(),
      minThreads: 0,
      maxThreads: MAX_THREADS,
      idleTimeout: IDLE_MS,
      atomics: 'disabled',
      recordTiming: false,
    });
    try {
      const signal = AbortSignal.any([limit, gone]);
      return (await this.pool.run(job, { signal })) as ReadGraph;
    } catch (error) {
      if (gone.aborted) throw hasGone();
      if (!limit.aborted) throw error;
      return { graph: null, faults: [this.tooLong(job)] };
    }
  }

  private tooLong({ text }: ReadJob): Fault {
    return fault(
      [],
      'TOO_LARGE',
      `the file has ${text.length} characters and was not read within ${this.limitMs / 1_000} s, which is the limit`,
      'send it as JSON, which is read much faster, or split it into graphs that run each other',
    );
  }
}

const hasGone = (): HttpProblem =>
  new HttpProblem(408, 'REQUEST_TIMEOUT', 'whoever asked has gone');

/** Compiled, or from source. */
function threadProgram(): string {
  const compiled = fileURLToPath(new URL('./read-thread.js', import.meta.url));
  return existsSync(compiled)
    ? compiled
    : fileURLToPath(new URL('./read-thread-from-source.mjs', import.meta.url));
}
