/**
 * A command's connection: an engine, to Temporal or through a server, and the few things that it does not tell.
 *
 * Temporal's client takes half a second to load, so it is loaded here, when a command is about to connect.
 */
import { connect } from 'node:net';
import type { Client } from '@temporalio/client';
import type { ExecutionRecord, TaskEngine } from '../client.js';
import { resolveSettings } from '../config.js';
import { connectOptions, type ResolvedConnect } from '../connect-options.js';
import { isUnreachable } from '../client/no-answer.js';
import { messageOf, TaskError } from '../domain/errors.js';
import { rootExecutionId } from '../domain/execution-id.js';
import { RemoteEngine } from '../remote/remote-engine.js';
import type { ServerAddress } from '../remote/server-address.js';
import type { CommandEngine } from '../remote/surface.js';
import { flushTraces } from '../telemetry/tracing.js';
import { settingsOf, type CommonOptions } from './command.js';
import type { Output } from './output.js';
import { serverOf } from './server-option.js';

/** What a command works with, wherever that is. */
export interface Session {
  engine: CommandEngine;
  /** Temporal's address, or the server's. */
  address: string;
  /** The task queue of what this session starts, and how many workers poll it for workflows, as far as is known. */
  workers(): Promise<{ taskQueue: string; pollers: number }>;
  /**
   * The same of the queue that an execution, or what a node or an item is part of, is on: it need not be the session's.
   * Undefined where nobody can say, or where a worker answers through a server after all.
   */
  workersOf(executionId: string): Promise<QueueWorkers | undefined>;
  /** What is known of an execution without a worker. */
  recordWithoutWorker(executionId: string): Promise<ExecutionRecord>;
}

/** A task queue, and how many workers poll it for workflows; null where the server does not say. */
export interface QueueWorkers {
  taskQueue: string;
  pollers: number | null;
}

/** A connection to Temporal itself. */
export interface DirectSession extends Session {
  engine: TaskEngine;
  client: Client;
  namespace: string;
  taskQueue: string;
}

/**
 * Connects, to Temporal or to a server, does the work and closes the connection.
 *
 * @throws TaskError UNREACHABLE | CONFIGURATION
 */
export async function withSession<T>(
  options: CommonOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const server = serverOf(options);
  return server ? await work(remoteSession(server)) : await withDirectSession(options, work);
}

/**
 * The same for what the store answers too: where Temporal cannot be reached and there is a store, the engine has that alone,
 * which a note says.
 */
export async function withReadingSession<T>(
  out: Pick<Output, 'note'>,
  options: CommonOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const server = serverOf(options);
  if (server) return await work(remoteSession(server));
  return await withDirectSession(options, work, { without: (address) => noteAway(out, address) });
}

function noteAway(out: Pick<Output, 'note'>, address: string): void {
  out.note(
    `no Temporal server answers at ${address}: what is shown is what the store last heard, and may have gone on since`,
  );
}

interface DirectOptions {
  /** Of calls, where Temporal went away, in milliseconds. */
  patienceMs?: number;
  /** Told where Temporal is, before the work is done with the store alone; without it the work needs Temporal. */
  without?: (address: string) => void;
}

/** The same for what only Temporal itself can give. */
export async function withDirectSession<T>(
  options: CommonOptions,
  work: (session: DirectSession) => Promise<T>,
  { patienceMs, without }: DirectOptions = {},
): Promise<T> {
  const { address, namespace } = target(options);
  const { taskQueue } = resolveSettings(settingsOf(options));
  const [{ TaskEngine }, { clientOfNobody, closeClient, connectClient, unreachable }] =
    await Promise.all([import('../client.js'), import('../client/connect.js')]);
  let away: unknown;
  const connected = async (): Promise<Client> => {
    // A connection waits 5 s for a server that may be starting: what the store answers need not.
    if (without && (await knock(address)) === 'refused') throw unreachable(address);
    return await connectClient(settingsOf(options), patienceMs);
  };
  const client = await connected().catch((error: unknown) => {
    if (!without) throw error;
    away = error;
    return clientOfNobody(settingsOf(options));
  });
  try {
    const engine = await TaskEngine.connect({ ...settingsOf(options), client });
    if (away !== undefined) {
      await assertStored(engine, away);
      without?.(address);
    }
    return await work({
      ...{ engine, client, address, namespace, taskQueue },
      workers: async () => ({ taskQueue, pollers: await countPollers(client, taskQueue) }),
      workersOf: (executionId) => workersOf(client, executionId).catch(() => undefined),
      recordWithoutWorker: async (executionId) => {
        const { recordOf } = await import('../client/record.js');
        return recordOf(await client.workflow.getHandle(executionId).describe());
      },
    });
  } finally {
    await closeClient(client);
    await flushTraces();
  }
}

/** @throws what was `away`, where there is no store that answers either */
async function assertStored(engine: TaskEngine, away: unknown): Promise<void> {
  try {
    await engine.listExecutions({ limit: 1 });
  } catch (error) {
    await engine.shutdown();
    // Where there is no store, Temporal was asked.
    if (isUnreachable(error) || !(away instanceof TaskError)) throw away;
    const why = messageOf(error);
    throw new TaskError(away.code, `${away.message}; nor does the store answer: ${why}`, {
      cause: away,
    });
  }
}

function remoteSession(server: ServerAddress): Session {
  const engine = new RemoteEngine(server);
  return {
    ...{ engine, address: server.url },
    workers: async () => {
      const { taskQueue, workers } = await engine.systemDetail();
      return { taskQueue, pollers: workers.length };
    },
    workersOf: async (executionId) => {
      const explained = engine.explain(rootExecutionId(executionId)).catch(() => undefined);
      const silence = (await explained)?.reasons.find(({ kind }) => kind === 'no_worker');
      if (silence?.kind !== 'no_worker') return undefined;
      return { taskQueue: silence.queue, pollers: silence.pollers };
    },
    recordWithoutWorker: (executionId) => engine.getExecution(executionId),
  };
}

/** Where Temporal is, by options, environment and profile. @throws TaskError CONFIGURATION */
export function target(options: CommonOptions): ResolvedConnect {
  try {
    return connectOptions(settingsOf(options));
  } catch (error) {
    if (error instanceof TaskError) throw error;
    throw new TaskError(
      'CONFIGURATION',
      `Temporal's configuration cannot be read: ${(error as Error).message}; correct the file or TEMPORAL_CONFIG_FILE`,
      { cause: error },
    );
  }
}

/** Longest that a machine takes to say whether something listens. */
const KNOCK_MS = 1_000;

/** Whether something listens at an address; an answer comes within a second. */
export async function listens(address: string): Promise<boolean> {
  return (await knock(address)) === 'open';
}

/**
 * What becomes of a connection to an address: `refused` where its machine says that nothing listens, `silent` where nothing
 * is known after a second, or no such machine.
 */
export async function knock(address: string): Promise<'open' | 'refused' | 'silent'> {
  const [, host = '', port = '7233'] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(address) ?? [];
  if (Number(port) > 65_535) return 'silent';
  const socket = connect({ host, port: Number(port) });
  try {
    return await new Promise((resolve) => {
      socket.once('connect', () => resolve('open'));
      socket.once('error', ({ code }: NodeJS.ErrnoException) =>
        resolve(code === 'ECONNREFUSED' ? 'refused' : 'silent'),
      );
      socket.setTimeout(KNOCK_MS, () => resolve('silent'));
    });
  } finally {
    socket.destroy();
  }
}

async function workersOf(client: Client, executionId: string): Promise<QueueWorkers> {
  const { taskQueue } = await client.workflow.getHandle(rootExecutionId(executionId)).describe();
  return { taskQueue, pollers: await countPollers(client, taskQueue) };
}

/** How many workers poll the task queue for workflows, as far as the server knows. */
async function countPollers(client: Client, taskQueue: string): Promise<number> {
  const { countPollers: count } = await import('../client/pollers.js');
  return await count(client, taskQueue);
}
