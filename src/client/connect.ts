/** A client's connection to Temporal. */
import { Client, Connection } from '@temporalio/client';
import { connectOptions, type ConnectOptions } from '../connect-options.js';
import { TaskError } from '../domain/errors.js';
import { openTracing, type TracingOption } from '../telemetry/tracing.js';
import { SEARCH_ATTRIBUTE } from '../workflows/messages.js';
import { GrpcRetries } from './grpc-retries.js';
import { isUnreachable, UNAVAILABLE } from './no-answer.js';

export type { TracingOption } from '../telemetry/tracing.js';

/** Longest that a connection attempt takes, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000;

/** A page of a history may have several payloads of 2 MB; gRPC's default is 4 MB. */
const MOST_RECEIVED_BYTES = 128 * 1_024 * 1_024;

/** Between attempts to connect anew, at most; gRPC's default is 2 minutes, for which a server that is back would seem away. */
const RECONNECT_MS = 2_000;

const closers = new WeakMap<object, () => Promise<void>>();

/**
 * @param patienceMs how long calls wait for a server that went away; default 20 s, as the SDK's retries
 * @throws TaskError UNREACHABLE when nothing answers
 */
export async function connectClient(
  options: ConnectOptions & { tracing?: TracingOption },
  patienceMs?: number,
): Promise<Client> {
  const { namespace, address, ...rest } = connectOptions(options);
  const tracing = await openTracing(options.tracing);
  try {
    const retries = new GrpcRetries(patienceMs);
    const connection = await Connection.connect({
      address,
      connectTimeout: CONNECT_TIMEOUT_MS,
      channelArgs: {
        'grpc.max_receive_message_length': MOST_RECEIVED_BYTES,
        'grpc.max_reconnect_backoff_ms': RECONNECT_MS,
      },
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

/** A client of a server that does not answer: every call fails at once, as one to it would. For who reads what a store has. */
export function clientOfNobody(options: ConnectOptions): Client {
  const { namespace, address } = connectOptions(options);
  const fail = (): never => {
    const details = `no Temporal server answers at ${address}`;
    throw Object.assign(new Error(details), { code: UNAVAILABLE, details });
  };
  return new Client({ connection: Connection.lazy({ address, interceptors: [fail] }), namespace });
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

export function unreachable(address: string, cause?: unknown): TaskError {
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
    throw isUnreachable(error) ? unreachable(address, error) : error;
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
