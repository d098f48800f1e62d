/**
 * What runs below the nodes of an execution, for many of them in one stream: browsers open six connections to a server at
 * most.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { TaskEngine } from '../client.js';
import { NODE_ID } from '../domain/spec.js';
import type { StreamMessage } from './event-stream.js';
import type { LiveHub } from './live-hub.js';
import { MostUrgent } from './most-urgent.js';
import { problemOf } from './problem.js';

/** Executions that are followed in one stream, and nodes that are told of each. */
export const BELOW_MOST = 20;
export const TOLD_MOST = 1_000;
const TOLD = 50;
/** Until what is missing is looked for again: twice as long each time. */
const FIRST_WAIT_MS = 500;
const LAST_WAIT_MS = 15_000;

const ID = NODE_ID.source.replace(/^\^|\$$/g, '');
/** At most {@link TOLD_MOST}. */
const MOST = '1000|[1-9][0-9]{0,2}';
const PATH = new RegExp(`^(${ID}(?:/${ID})*)(?::(${MOST}))?$`);

export interface Asked {
  /** Below the execution: `node`, or `map/3` for what runs below an item. */
  path: string;
  most: number;
}

export const AskedShape = z
  .string()
  .max(1_000)
  .regex(PATH, {
    error: ({ input }) =>
      `expected node, map/3 or map:100 (at most ${TOLD_MOST}), got ${JSON.stringify(String(input).slice(0, 100))}`,
  })
  .describe('`node`, `map/3` or `map:100`: the path below the execution, and how many')
  .transform((text): Asked => {
    const [, path = text, most] = PATH.exec(text) ?? [];
    return { path, most: most === undefined ? TOLD : Number(most) };
  });

/**
 * Messages `update` with `at`, the path, until all have ended; `missing` with `at` and the problem for one that is not
 * there: it is looked for again for as long as the execution runs.
 */
export async function* watchBelow(
  { engine, live }: { engine: TaskEngine; live: LiveHub },
  executionId: string,
  asked: readonly Asked[],
  signal: AbortSignal,
): AsyncGenerator<StreamMessage> {
  const left = new AbortController();
  const both = AbortSignal.any([signal, left.signal]);
  const sources = new Map(
    asked.map((one) => [one.path, messagesOf({ engine, live }, executionId, one, both)] as const),
  );
  const next = async (path: string) => ({ path, result: await sources.get(path)?.next() });
  const due = new Map([...sources.keys()].map((path) => [path, next(path)] as const));
  try {
    while (due.size > 0) {
      const { path, result } = await Promise.race(due.values());
      if (!result || result.done) {
        due.delete(path);
        continue;
      }
      yield result.value;
      due.set(path, next(path));
    }
  } finally {
    left.abort();
  }
}

async function* messagesOf(
  { engine, live }: { engine: TaskEngine; live: LiveHub },
  executionId: string,
  { path, most }: Asked,
  signal: AbortSignal,
): AsyncGenerator<StreamMessage> {
  const urgent = new MostUrgent(most);
  let told = false;
  for (let waitMs = FIRST_WAIT_MS; !signal.aborted; waitMs = Math.min(2 * waitMs, LAST_WAIT_MS)) {
    const over = await hasEnded(engine, executionId);
    try {
      for await (const update of live.watch(`${executionId}/${path}`, signal)) {
        told = false;
        yield { event: 'update', data: { at: path, ...urgent.take(update) } };
      }
      return;
    } catch (error) {
      if (!told)
        yield { event: 'missing', data: { at: path, problem: problemOf(error, 'stream') } };
      told = true;
    }
    if (over) return;
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Then nothing begins below it any more. */
async function hasEnded(engine: TaskEngine, executionId: string): Promise<boolean> {
  const { endedAt } = await engine.getExecution(executionId);
  return endedAt !== null;
}
