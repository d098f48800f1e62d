/** A client's connection to Temporal. */
import { Client, Connection, isGrpcServiceError } from '@temporalio/client';
import { connectOptions, type ConnectOptions } from '../config.js';
import { TaskError } from '../domain/errors.js';
import { openTracing, type TracingOption } from '../telemetry/tracing.js';
import { SEARCH_ATTRIBUTE } from '../workflows/messages.js';

export type { TracingOption } from '../telemetry/tracing.js';

/** gRPC's status for a server that cannot be reached. */
const UNAVAILABLE = 14;
/** Longest that a connection attempt takes, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000;

/** @throws TaskError UNREACHABLE when nothing answers */
export async function connectClient(
  options: ConnectOptions & { tracing?: TracingOption },
): Promise<Client> {
  const { namespace, address, ...rest } = connectOptions(options);
  const tracing = await openTracing(options.tracing);
  try {
    const connection = await Connection.connect({
      address,
      connectTimeout: CONNECT_TIMEOUT_MS,
      ...rest,
    });
    return new Client({
      ...{ connection, namespace },
      ...(tracing ? { interceptors: { workflow: [tracing.clientInterceptor] } } : {}),
    });
  } catch (error) {
    throw unreachable(address, error);
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
