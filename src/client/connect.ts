/** A client's connection to Temporal. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  Connection,
  defaultGrpcRetryOptions,
  isGrpcServiceError,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';
import { connectOptions, type ConnectOptions } from '../connect-options.js';
import { TaskError } from '../domain/errors.js';
import { openTracing, type TracingOption } from '../telemetry/tracing.js';
import { SEARCH_ATTRIBUTE } from '../workflows/messages.js';

export type { TracingOption } from '../telemetry/tracing.js';

/** gRPC's status for a server that cannot be reached. */
const UNAVAILABLE = 14;
/** Longest that a connection attempt takes, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000;

/** A page of a history may have several payloads of 2 MB; gRPC's default is 4 MB. */
const MOST_RECEIVED_BYTES = 128 * 1_024 * 1_024;

const closers = new WeakMap<object, () => Promise<void>>();

/** @throws TaskError UNREACHABLE when nothing answers */
export async function connectClient(
  options: ConnectOptions & { tracing?: TracingOption },
): Promise<Client> {
  const { namespace, address, ...rest } = connectOptions(options);
  const tracing = await openTracing(options.tracing);
  try {
    const retries = new Retries();
    const connection = await Connection.connect({
      address,
      connectTimeout: CONNECT_TIMEOUT_MS,
      channelArgs: { 'grpc.max_receive_message_length': MOST_RECEIVED_BYTES },
      interceptors: [retries.interceptor],
      ...rest,
    });
    closers.set(connection, () => retries.closing());
    return new Client({
      ...{ connection, namespace },
      ...(tracing ? { interceptors: { workflow: [tracing.clientInterceptor] } } : {}),
    });
  } catch (error) {
    throw unreachable(address, error);
  }
}

/** Where a client is connected to; undefined for a connection that does not tell. */
export function addressOf({ connection }: Client): string | undefined {
  const { options } = connection as Partial<Pick<Connection, 'options'>>;
  return options?.address;
}

/** Closes the connection of {@link connectClient}'s client; calls under way fail. */
export async function closeClient({ connection }: Client): Promise<void> {
  await closers.get(connection)?.();
  await (connection as Connection).close();
}

/**
 * The SDK's retries, which end before the connection is closed: one that comes due on a closed channel throws where
 * nobody can catch it, and ends the process.
 */
class Retries {
  private isClosing = false;
  private lastDueAt = 0;
  private readonly defaults = defaultGrpcRetryOptions();
  readonly interceptor = makeGrpcRetryInterceptor({
    retryableDecider: (attempt, status) =>
      !this.isClosing && this.defaults.retryableDecider(attempt, status),
    delayFunction: (attempt, status) => {
      const delayMs = this.defaults.delayFunction(attempt, status);
      this.lastDueAt = Math.max(this.lastDueAt, Date.now() + delayMs);
      return delayMs;
    },
  });

  async closing(): Promise<void> {
    this.isClosing = true;
    const dueInMs = this.lastDueAt - Date.now();
    if (dueInMs > 0) await sleep(dueInMs + 50); // at most 6 s, and only where a call had just failed
  }
}

export function unreachable(address: string, cause: unknown): TaskError {
  return new TaskError(
    'UNREACHABLE',
    `no Temporal server answers at ${address}; start one with "tempograph dev", or set --address or TEMPORAL_ADDRESS`,
    { cause },
  );
}

/** Runs a call and turns a lost connection into UNREACHABLE. */
export async function reaching<T>(address: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const grpc = isGrpcServiceError(error) ? error : (error as { cause?: unknown }).cause;
    if (isGrpcServiceError(grpc) && Number(grpc.code) === UNAVAILABLE)
      throw unreachable(address, error);
    throw error;
  }
}

/** Those of our search attributes that the namespace has; none where it cannot be asked. */
export async function knownSearchAttributes(client: Client): Promise<ReadonlySet<string>> {
  try {
    const { namespace } = client.options;
    const connection = client.connection as Connection;
    const { customAttributes } = await connection.operatorService.listSearchAttributes({
      namespace,
    });
    const ours = new Set<string>(Object.values(SEARCH_ATTRIBUTE));
    return new Set(Object.keys(customAttributes ?? {}).filter((name) => ours.has(name)));
  } catch {
    return new Set();
  }
}
