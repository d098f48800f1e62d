/** When a Temporal server can be used: it answers, its namespace takes executions, its search attributes are known. */
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { accepts, hostPort } from './ports.js';
import { reasonOf } from './unavailable.js';

const POLL_MS = 50;
/** One call on a loaded machine. The whole wait is bounded by the caller's signal. */
const CALL_TIMEOUT_MS = 5_000;

/**
 * Waits until a server at that address answers a Temporal call, and gives the connection, which the caller closes.
 *
 * @throws the signal's reason when it is aborted first
 */
export async function untilAnswers(
  host: string,
  port: number,
  signal: AbortSignal,
): Promise<Connection> {
  for (;;) {
    signal.throwIfAborted();
    // A bare connect first: gRPC backs off for a second after each refusal.
    if (await accepts(host, port)) {
      const connection = await tryConnect(hostPort(host, port));
      if (connection) return connection;
    }
    await pause(signal);
  }
}

async function tryConnect(address: string): Promise<Connection | undefined> {
  try {
    return await Connection.connect({
      address,
      connectTimeout: CALL_TIMEOUT_MS,
      // A proxy of the environment is for the world outside, not for a server that we have just started.
      channelArgs: { 'grpc.enable_http_proxy': 0 },
    });
  } catch {
    return undefined;
  }
}

/** The gRPC code for what is not there. */
const NOT_FOUND = 5;

/** Waits until the namespace's executions can be read, which needs all of the server's services. */
export async function untilNamespaceReady(
  connection: Connection,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  await until(signal, async () => {
    await call(connection, () => connection.workflowService.describeNamespace({ namespace }));
    try {
      await call(connection, () =>
        connection.workflowService.describeWorkflowExecution({
          namespace,
          execution: { workflowId: 'tempograph-is-it-ready' },
        }),
      );
    } catch (error) {
      if (codeOf(error) !== NOT_FOUND) throw error; // the answer for an id that never was
    }
  });
}

/** The types of Temporal's search attributes, by their names on the command line: their numbers in the API. */
const TYPES: Readonly<Record<string, number>> = {
  Text: 1,
  Keyword: 2,
  Int: 3,
  Double: 4,
  Bool: 5,
  Datetime: 6,
  KeywordList: 7,
};

/** @throws Error naming the attribute whose type is not one of Temporal's */
export function assertSearchAttributeTypes(wanted: Readonly<Record<string, string>>): void {
  for (const [name, type] of Object.entries(wanted)) {
    if (!Object.hasOwn(TYPES, type)) {
      throw new Error(
        `search attribute ${name}: unknown type ${JSON.stringify(type)}, expected ${Object.keys(TYPES).join(', ')}`,
      );
    }
  }
}

/**
 * Makes search attributes usable: adds what the namespace lacks, then waits until each can be asked for.
 *
 * `start-dev --search-attribute` works only while it makes the namespace: it ignores the flag for a database file that
 * has the namespace already, so a second start with one more attribute would not have it.
 *
 * @throws Error when one is there with another type
 */
export async function untilSearchAttributesUsable(
  connection: Connection,
  namespace: string,
  wanted: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const names = Object.keys(wanted);
  if (names.length === 0) return;
  const { workflowService, operatorService } = connection;
  const { customAttributes } = await until(signal, () =>
    call(connection, () => operatorService.listSearchAttributes({ namespace })),
  );
  const searchAttributes = missingTypes(namespace, wanted, customAttributes);
  if (Object.keys(searchAttributes).length > 0) {
    await call(connection, () =>
      operatorService.addSearchAttributes({ namespace, searchAttributes }),
    );
  }
  const query = names.map((name) => `\`${name}\` IS NULL`).join(' AND ');
  await until(signal, () =>
    call(connection, () =>
      workflowService.listWorkflowExecutions({ namespace, query, pageSize: 1 }),
    ),
  );
}

function missingTypes(
  namespace: string,
  wanted: Readonly<Record<string, string>>,
  present: Readonly<Record<string, number>>,
): Record<string, number> {
  for (const [name, type] of Object.entries(wanted)) {
    const found = present[name];
    if (found !== undefined && found !== TYPES[type]) {
      throw new Error(
        `search attribute ${name} has type ${typeName(found)} in namespace ${namespace}, wanted ${type}; ` +
          'rename it, or start with an empty database file',
      );
    }
  }
  const missing = Object.entries(wanted).filter(([name]) => present[name] === undefined);
  return Object.fromEntries(missing.map(([name, type]) => [name, TYPES[type] as number]));
}

function typeName(number: number): string {
  return Object.keys(TYPES).find((name) => TYPES[name] === number) ?? String(number);
}

/** Repeats `attempt` until it does not throw; when the signal ends that, its last error is the cause. */
async function until<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) throw new Error(reasonOf(signal.reason), { cause: error });
    }
    await pause(signal);
  }
}

function call<T>(connection: Connection, fn: () => Promise<T>): Promise<T> {
  return connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, fn);
}

async function pause(signal: AbortSignal): Promise<void> {
  // The delay's own AbortError would hide the signal's reason.
  await delay(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
