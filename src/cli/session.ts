/**
 * A command's connection to Temporal: a client for the few things that the engine does not tell, and the engine.
 *
 * Temporal's client takes half a second to load, so it is loaded here, when a command is about to connect.
 */
import { connect } from 'node:net';
import type { Client } from '@temporalio/client';
import type { TaskEngine } from '../client.js';
import { connectOptions, resolveSettings, type ResolvedConnect } from '../config.js';
import { TaskError } from '../domain/errors.js';
import { flushTraces } from '../telemetry/tracing.js';
import { settingsOf, type CommonOptions } from './command.js';

export interface Session {
  engine: TaskEngine;
  client: Client;
  address: string;
  namespace: string;
  taskQueue: string;
}

/**
 * Connects, does the work and closes the connection.
 *
 * @throws TaskError UNREACHABLE | CONFIGURATION
 */
export async function withSession<T>(
  options: CommonOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { address, namespace } = target(options);
  const { taskQueue } = resolveSettings(settingsOf(options));
  const [{ TaskEngine }, { closeClient, connectClient }] = await Promise.all([
    import('../client.js'),
    import('../client/connect.js'),
  ]);
  const client = await connectClient(settingsOf(options));
  try {
    const engine = await TaskEngine.connect({ ...settingsOf(options), client });
    return await work({ engine, client, address, namespace, taskQueue });
  } finally {
    await closeClient(client);
    await flushTraces();
  }
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

/** Whether something listens at an address; an answer comes within a second. */
export async function listens(address: string, timeoutMs = 1_000): Promise<boolean> {
  const [, host = '', port = '7233'] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(address) ?? [];
  const socket = connect({ host, port: Number(port) });
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.setTimeout(timeoutMs, () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

/** How many workers poll the task queue for workflows, as far as the server knows. */
export async function countPollers({ client, taskQueue }: Session): Promise<number> {
  const { countPollers: count } = await import('../client/pollers.js');
  return await count(client, taskQueue);
}
