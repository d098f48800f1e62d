/** `tempograph dev`: a Temporal server with its Web UI, a worker, the HTTP API and the page, in one process tree. */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { resolveSettings } from '../config.js';
import { TaskError } from '../domain/errors.js';
import { shellWord } from '../domain/shell-word.js';
import { makeFolder } from '../make-folder.js';
import type { DevServer } from '../servers/dev-server.js';
import { ServerUnavailableError } from '../servers/unavailable.js';
import { SEARCH_ATTRIBUTE } from '../workflows/messages.js';
import {
  option,
  settingsOf,
  wholeNumber,
  type CommandDefinition,
  type CommonOptions,
} from './command.js';
import { startDevWorker, type DevWorker } from './dev-worker.js';
import { EXIT, UsageError, type ExitCode } from './exit.js';
import { aborted, interruptSignal } from './interrupts.js';
import type { Output } from './output.js';
import { ServerProgressLine } from './server-progress.js';
import { HTTP_PORT_OPTION, startServer as startHttp } from './serve-command.js';
import { target } from './session.js';
import { assertModules, TASKS_OPTION, type TaskModuleOptions } from './task-modules.js';

interface DevOptions extends CommonOptions, TaskModuleOptions {
  port: number;
  uiPort?: number;
  httpPort: number;
  ephemeral?: boolean;
}

const DEFAULT_PORT = 7233;
/** Temporal's own distance between a server's port and its Web UI's. */
const UI_PORT_DISTANCE = 1_000;
/** Lines of the server's log that are shown when it dies. */
const LOG_LINES = 20;

export const dev: CommandDefinition<DevOptions> = {
  name: 'dev',
  local: 'starts everything on this machine',
  summary: 'Start a Temporal server with its Web UI, a worker, the HTTP API and the page',
  description:
    'Everything is in one process tree: Ctrl-C stops it all, and executions are kept in --data.\n' +
    'When a file of the package that --tasks is of changes, the tasks are loaded anew.\n' +
    'With --json: a line {"event":"ready","temporal":…,"ui":…,"http":…} when all is up.',
  options: [
    option('--port <port>', "Temporal's port; 0 for a free one", port('--port')).default(
      DEFAULT_PORT,
    ),
    option('--ui-port <port>', "the Web UI's port (default: 1000 above)", port('--ui-port')),
    HTTP_PORT_OPTION,
    option('--data, --data-dir <folder>', 'where everything is kept (default: .tempograph)'),
    option('--ephemeral', 'keep nothing'),
    TASKS_OPTION,
  ],
  examples: [
    ['tempograph dev', 'with the built-in tasks'],
    ['tempograph dev --tasks tasks.ts', 'with your own'],
    ['tempograph dev --port 0 --ephemeral --json', 'for a script'],
  ],
  run: async (out, options) => {
    assertPorts(options);
    await assertModules(options.tasks);
    const place = placeFor(options);
    await makeFolder(place.dataDir).catch(refuseFolder);
    const server = await startServer(out, options, place);
    const { signal, stop } = interruptSignal();
    try {
      return await serve(out, options, { server, place, signal });
    } finally {
      await server.stop();
      stop();
    }
  },
};

function port(name: string): (text: string) => number {
  return wholeNumber(name, 0, 65_535);
}

/** 0 is a free one, of the server for the Web UI too. */
const uiPortOf = ({ port, uiPort }: DevOptions): number =>
  uiPort ?? (port && port + UI_PORT_DISTANCE);

/** @throws UsageError where two of them are one: the second would not find out whose port it has */
function assertPorts(options: DevOptions): void {
  const ui = uiPortOf(options);
  const from = options.uiPort === undefined ? `${UI_PORT_DISTANCE} above --port` : '--ui-port';
  const ports: [option: string, port: number][] = [
    ['--port', options.port],
    [`the Web UI (${from})`, ui],
    ['--http-port', options.httpPort],
  ];
  for (const [index, [name, port]] of ports.entries())
    for (const [other, same] of ports.slice(index + 1))
      if (port !== 0 && port === same)
        throw new UsageError(
          `${name} and ${other} are the same port, ${port}; choose another --http-port, or another --ui-port`,
        );
}

interface Place {
  dataDir: string;
  dbFile: string | undefined;
  logFile: string;
}

function placeFor(options: DevOptions): Place {
  const temporary = options.ephemeral && options.dataDir === undefined;
  const dataDir = temporary
    ? mkdtempSync(join(tmpdir(), 'tempograph-dev-'))
    : resolveSettings(settingsOf(options)).dataDir;
  if (temporary) process.on('exit', () => rmSync(dataDir, { recursive: true, force: true }));
  return {
    dataDir,
    dbFile: options.ephemeral ? undefined : join(dataDir, 'temporal.db'),
    logFile: join(dataDir, 'temporal-server.log'),
  };
}

function refuseFolder(error: unknown): never {
  const { message } = error as Error;
  const hint = 'choose another with --data or TEMPOGRAPH_DATA_DIR';
  throw new TaskError('CONFIGURATION', `${message}; ${hint}`, { cause: error });
}

async function startServer(
  out: Output,
  options: DevOptions,
  { dbFile, logFile }: Place,
): Promise<DevServer> {
  const { startDevServer } = await import('../servers/start-dev-server.js');
  const progress = new ServerProgressLine(out);
  try {
    return await startDevServer({
      port: options.port || undefined,
      uiPort: uiPortOf(options) || undefined,
      namespace: target(options).namespace,
      dbFile,
      logFile,
      searchAttributes: Object.fromEntries(
        Object.values(SEARCH_ATTRIBUTE).map((name) => [name, 'Keyword']),
      ),
      onProgress: (step) => progress.show(step),
    });
  } catch (error) {
    if (error instanceof ServerUnavailableError) throw error;
    throw new TaskError('UNREACHABLE', (error as Error).message, { cause: error });
  } finally {
    progress.close();
  }
}

interface Parts {
  server: DevServer;
  place: Place;
  signal: AbortSignal;
}

async function serve(
  out: Output,
  options: DevOptions,
  { server, place, signal }: Parts,
): Promise<ExitCode> {
  const { namespace } = target(options);
  const local = { ...options, namespace, dataDir: place.dataDir };
  const { tasks: files = [], ...given } = local;
  const worker = await startDevWorker(out, { address: server.address, options: given, files });
  const http = await serveHttp(server, local, options.httpPort).catch(async (error: unknown) => {
    await worker.shutdown();
    throw error;
  });
  tellReady(out, server, place, worker, { http: http.url, namespace });
  const died = server.exited.then(async ({ code, signal: by }) => {
    if (signal.aborted) return;
    throw new TaskError(
      'UNREACHABLE',
      `the Temporal server ended by itself (${by ?? `code ${code}`}). The end of ${place.logFile}:\n${await logTail(place.logFile)}`,
    );
  });
  died.catch(() => undefined);
  await Promise.race([died, worker.stopped, aborted(signal)]);
  out.note('stopping: running attempts get 10 s; Ctrl-C again ends at once');
  await http.close();
  await worker.shutdown();
  return EXIT.done;
}

/** The HTTP API, with an engine of their own: TEMPORAL_* may speak of another server. */
async function serveHttp(
  { address, uiUrl }: DevServer,
  options: CommonOptions & { namespace: string },
  port: number,
): Promise<{ url: string; close(): Promise<void> }> {
  const [{ TaskEngine }, { Client, Connection }] = await Promise.all([
    import('../client.js'),
    import('@temporalio/client'),
  ]);
  const { namespace } = options;
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace });
  const engine = await TaskEngine.connect({ ...settingsOf(options), client });
  const close = async (): Promise<void> => {
    await engine.shutdown();
    await connection.close();
  };
  try {
    const server = await startHttp({ engine, namespace }, options, {
      port,
      webUi: uiUrl,
      open: true,
    });
    return { url: server.url, close: () => server.close().then(close) };
  } catch (error) {
    await close();
    throw error;
  }
}

async function logTail(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '(no log)');
  return text.trimEnd().split('\n').slice(-LOG_LINES).join('\n');
}

function tellReady(
  out: Output,
  { address, uiUrl, dbFile }: DevServer,
  { dataDir, logFile }: Place,
  worker: DevWorker,
  { http, namespace }: { http: string; namespace: string },
): void {
  out.jsonLine({ event: 'ready', temporal: address, ui: uiUrl, http });
  const { bold, dim, cyan, green } = out.style;
  const short = (path: string): string => {
    const near = relative('.', path);
    return near.startsWith('..') ? path : near || '.';
  };
  const where = optionsOf([
    ['--address', address, `127.0.0.1:${DEFAULT_PORT}`],
    ['--namespace', namespace, 'default'],
    ['--data-dir', dataDir, resolve('.tempograph')],
  ]);
  const queue = optionsOf([['--task-queue', worker.taskQueue, 'tempograph']]);
  out.print(
    [
      `${green('✔')} ${bold('tempograph dev is ready')}`,
      '',
      `  Temporal   ${address}`,
      `  Web UI     ${cyan(uiUrl)}`,
      `  Page       ${cyan(http)} (no authentication, this machine alone)`,
      `  HTTP API   ${cyan(`${http}/api/v1/reference`)}`,
      `  Tasks      ${worker.tasks.join(', ')}`,
      `  Data       ${dbFile === undefined ? 'nothing is kept' : short(dataDir)}`,
      `  Log        ${short(logFile)}`,
      '',
      'Try next, in another terminal:',
      `  tempograph run echo --input '{"hello":"world"}'${where}${queue}`,
      `  tempograph list${where}`,
      '',
      dim('Ctrl-C stops all of it.'),
    ].join('\n'),
  );
}

/** What another terminal has to say, as options: it has not those of this one, nor its environment. */
const optionsOf = (values: readonly [name: string, value: string, byDefault: string][]): string =>
  values
    .map(([name, value, byDefault]) => (value === byDefault ? '' : ` ${name} ${shellWord(value)}`))
    .join('');
