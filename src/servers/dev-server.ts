/** A Temporal dev server with its Web UI, started with the settings of `dev-server-settings.ts` and ready to use. */
import { dirname, resolve } from 'node:path';
import { makeFolder } from '../make-folder.js';
import { assertUnowned, disown, own } from './database-owner.js';
import { settingArguments, settingEnvironment } from './dev-server-settings.js';
import type { Environment } from './environment.js';
import { assertPortFree, clientHost, freePort, hostPort } from './ports.js';
import { type OnProgress, progressReporter, type ProgressReporter } from './progress.js';
import {
  assertSearchAttributeTypes,
  untilAnswers,
  untilNamespaceReady,
  untilSearchAttributesUsable,
} from './readiness.js';
import { type ProcessExit, type OwnedProcess, spawnOwned } from './owned-process.js';
import { reasonOf } from './unavailable.js';

/** It answers after about a second; a loaded machine gets this long. */
const START_TIMEOUT_MS = 30_000;
/** It stops within 3 s. */
const STOP_GRACE_MS = 10_000;
/** Tries when a port, ours or one that the server chose for itself, is taken between choosing and listening. */
const PORT_TRIES = 3;

export interface DevServerOptions {
  /** Default: a free port. */
  port?: number | undefined;
  /** The Web UI's port. Default: a free port. */
  uiPort?: number | undefined;
  /** SQLite file that keeps executions over restarts; its folder is made. Default: in memory. */
  dbFile?: string | undefined;
  /** Default 127.0.0.1, so that only this machine reaches it. */
  ip?: string | undefined;
  /** Made if it is not there. Default `default`. */
  namespace?: string | undefined;
  /** Name → Text, Keyword, Int, Double, Bool, Datetime or KeywordList. */
  searchAttributes?: Readonly<Record<string, string>> | undefined;
  /** Gets the server's own log, appended. Default: only its tail is kept, for errors. */
  logFile?: string | undefined;
  /** Default: this process's. */
  env?: Environment | undefined;
  onProgress?: OnProgress | undefined;
}

export interface DevServer {
  /** `host:port` for clients. */
  address: string;
  uiUrl: string;
  pid: number;
  /** Absolute; undefined for a server in memory. */
  dbFile: string | undefined;
  /** Settles when the server has ended, for whatever reason; never rejects. */
  exited: Promise<ProcessExit>;
  /** SIGTERM, and SIGKILL after 10 s. Resolves when it is gone; may be called again. */
  stop(): Promise<void>;
}

/**
 * Starts a Temporal CLI's dev server and waits until its namespace and search attributes can be used, at most 30 s.
 *
 * It does not get our terminal's Ctrl-C, and it ends with this process at the latest.
 *
 * @throws Error when a given port is taken, the file is another server's, or the server ends or does not answer; then
 *   the message carries the tail of its output
 */
export async function launchDevServer(
  binary: string,
  options: DevServerOptions = {},
): Promise<DevServer> {
  assertSearchAttributeTypes(options.searchAttributes ?? {});
  const report = progressReporter(options.onProgress);
  const dbFile = options.dbFile === undefined ? undefined : resolve(options.dbFile);
  if (dbFile !== undefined) {
    await makeFolder(dirname(dbFile));
    await assertUnowned(dbFile, report);
  }
  for (let tries = 1; ; tries++) {
    const plan = await planOf(options, dbFile);
    try {
      return await launch(binary, plan, options, report);
    } catch (error) {
      const lostRace = /address already in use|can't set \w+ .*port|can't use default UI port/.test(
        reasonOf(error),
      );
      if (!lostRace || tries === PORT_TRIES) throw error;
    }
  }
}

interface Plan {
  ip: string;
  port: number;
  uiPort: number;
  namespace: string;
  dbFile: string | undefined;
}

async function planOf(options: DevServerOptions, dbFile: string | undefined): Promise<Plan> {
  const { port, uiPort, ip = '127.0.0.1', namespace = 'default' } = options;
  if (port !== undefined) await assertPortFree(ip, port, 'the Temporal server', 'port');
  if (uiPort !== undefined) await assertPortFree(ip, uiPort, 'the Temporal Web UI', 'UI port');
  return {
    ip,
    port: port ?? (await freePort(ip)),
    uiPort: uiPort ?? (await freePort(ip)),
    namespace,
    dbFile,
  };
}

async function launch(
  binary: string,
  plan: Plan,
  options: DevServerOptions,
  report: ProgressReporter,
): Promise<DevServer> {
  const { ip, port, uiPort, dbFile } = plan;
  const server = await spawnOwned(binary, argumentsOf(plan, options), {
    env: settingEnvironment(options.env ?? process.env),
    logFile: options.logFile,
  });
  if (dbFile !== undefined) await own(dbFile, server.pid);
  const stop = async () => {
    await server.stop(STOP_GRACE_MS);
    if (dbFile !== undefined) await disown(dbFile, server.pid);
  };
  const address = hostPort(clientHost(ip), port);
  try {
    await report.during(
      'start',
      () => `Temporal dev server on ${address}`,
      () => untilReady(server, plan, options),
    );
  } catch (error) {
    await stop();
    throw error;
  }
  const uiUrl = `http://${hostPort(clientHost(ip), uiPort)}`;
  return { address, uiUrl, pid: server.pid, dbFile, exited: server.exited, stop };
}

function argumentsOf(
  { ip, port, uiPort, namespace, dbFile }: Plan,
  options: DevServerOptions,
): string[] {
  return [
    'server',
    'start-dev',
    ...['--ip', ip, '--port', String(port), '--ui-port', String(uiPort)],
    ...['--namespace', namespace],
    ...(dbFile === undefined ? [] : ['--db-filename', dbFile]),
    ...Object.entries(options.searchAttributes ?? {}).flatMap((pair) => [
      '--search-attribute',
      pair.join('='),
    ]),
    ...settingArguments(dbFile !== undefined),
  ];
}

async function untilReady(
  server: OwnedProcess,
  { ip, port, namespace }: Plan,
  { searchAttributes = {} }: DevServerOptions,
): Promise<void> {
  const timeout = AbortSignal.timeout(START_TIMEOUT_MS);
  const signal = AbortSignal.any([server.gone, timeout]);
  try {
    const connection = await untilAnswers(clientHost(ip), port, signal);
    try {
      await untilNamespaceReady(connection, namespace, signal);
      await untilSearchAttributesUsable(connection, namespace, searchAttributes, signal);
    } finally {
      await connection.close();
    }
  } catch (error) {
    throw new Error(await whyNotReady(server, timeout, port, error), { cause: error });
  }
}

async function whyNotReady(
  server: OwnedProcess,
  timeout: AbortSignal,
  port: number,
  error: unknown,
): Promise<string> {
  const output = `\nThe end of its output:\n${server.tail() || '(none)'}`;
  if (server.gone.aborted) {
    const { code, signal } = await server.exited;
    return `the Temporal dev server ended while starting (${signal ?? `code ${code}`}).${output}`;
  }
  if (timeout.aborted) {
    return `the Temporal dev server on port ${port} was not ready within ${START_TIMEOUT_MS / 1000} s.${output}`;
  }
  return reasonOf(error);
}
