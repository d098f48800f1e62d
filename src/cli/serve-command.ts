/** `tempograph serve`: the HTTP API and the page, over a Temporal server that runs elsewhere. */
import { resolveSettings, type ResolvedSettings } from '../config.js';
import type { TaskEngine } from '../client.js';
import { messageOf, TaskError } from '../domain/errors.js';
import type { Json } from '../domain/json.js';
import type { HttpServer } from '../http/server.js';
import type { Authenticate, Change } from '../http/services.js';
import {
  option,
  settingsOf,
  wholeNumber,
  type CommandDefinition,
  type CommonOptions,
} from './command.js';
import { isFull, tryFolder } from './doctor-machine.js';
import { EXIT, type ExitCode } from './exit.js';
import { aborted, interruptSignal } from './interrupts.js';
import type { Output } from './output.js';
import { withDirectSession, type DirectSession } from './session.js';

interface ServeOptions extends CommonOptions {
  host: string;
  httpPort: number;
  auth: boolean;
  webUi?: string;
}

const DEFAULT_HTTP_PORT = 8080;
/** Callers have their own retries, and want to hear soon that Temporal is away. */
const PATIENCE_MS = 3_000;

export const HTTP_PORT_OPTION = option(
  '--http-port <port>',
  'port of the HTTP API and the page; 0 for a free one',
  wholeNumber('--http-port', 0, 65_535),
).default(DEFAULT_HTTP_PORT);

export const serve: CommandDefinition<ServeOptions> = {
  name: 'serve',
  local: 'is the server and runs beside Temporal',
  summary: 'Serve the HTTP API and the page',
  description:
    'Callers need an API key (tempograph key create) or a token of the issuer that the setting "oidc" names.\n' +
    'TLS is for whoever stands before it: off loopback put a proxy there.\n' +
    'Ctrl-C or SIGTERM ends it; executions go on. With --json: a line {"event":"ready","http":…} when it listens.',
  options: [
    option('--host <host>', 'address to listen on').default('127.0.0.1'),
    HTTP_PORT_OPTION,
    option('--no-auth', 'whoever reaches it may do everything; on loopback alone'),
    option('--web-ui <url>', "address of Temporal's Web UI, for links to it"),
  ],
  examples: [
    ['tempograph serve', 'on http://127.0.0.1:8080, for those who have a key'],
    ['tempograph serve --no-auth', 'for yourself alone'],
    ['tempograph serve --host 0.0.0.0', 'for others, behind a proxy that ends TLS'],
  ],
  run: async (out, options) => {
    await assertWritable(options);
    return await withDirectSession(
      options,
      async (session) => await serveUntilStopped(out, options, session),
      { patienceMs: PATIENCE_MS },
    );
  },
};

/**
 * What people submit, and who did what, is written: a server that cannot would fail them one by one.
 *
 * @throws TaskError CONFIGURATION where it would write into a data folder that takes nothing
 */
async function assertWritable(options: CommonOptions): Promise<void> {
  const { bucket, dataDir, storeUrl, storeNamed } = resolveSettings(settingsOf(options));
  const keepsThere = bucket === null || (storeUrl !== null && !storeNamed);
  if (!keepsThere) return;
  try {
    await tryFolder(dataDir);
  } catch (error) {
    if (isFull(error)) return; // until there is room again it can be read
    throw new TaskError(
      'CONFIGURATION',
      `dataDir: ${dataDir} cannot be written: ${messageOf(error)}; let this user write there, choose another with --data-dir or TEMPOGRAPH_DATA_DIR, or keep all elsewhere with TEMPOGRAPH_STORE_URL and TEMPOGRAPH_BLOB_URL`,
      { cause: error },
    );
  }
}

async function serveUntilStopped(
  out: Output,
  options: ServeOptions,
  session: DirectSession,
): Promise<ExitCode> {
  const { signal, stop } = interruptSignal();
  try {
    const { host, httpPort: port, webUi = null, auth } = options;
    const server = await startServer(session, options, { host, port, webUi, open: !auth });
    try {
      out.jsonLine({ event: 'ready', http: server.url, temporal: session.address });
      out.print(`serves ${server.url} (API reference: ${server.url}/api/v1/reference)`);
      out.note(`${await whoMayCall(session.engine, auth)}; Ctrl-C ends it`);
      await aborted(signal);
    } finally {
      await server.close();
    }
    return EXIT.done;
  } finally {
    stop();
  }
}

interface ServerPlace {
  host?: string;
  port: number;
  webUi: string | null;
  /** Whoever sends nothing may do everything. */
  open: boolean;
}

/** @throws TaskError CONFIGURATION for an address that it cannot listen on, or where nobody could have a key */
export async function startServer(
  { engine, namespace }: Pick<DirectSession, 'engine' | 'namespace'>,
  options: CommonOptions,
  { host, port, webUi, open }: ServerPlace,
): Promise<HttpServer> {
  const [{ startHttpServer }, { createLogger }] = await Promise.all([
    import('../http/server.js'),
    import('../telemetry.js'),
  ]);
  const settings = resolveSettings(settingsOf(options));
  return await startHttpServer({
    ...{ engine, port, facts: { webUi, namespace }, logger: createLogger(settings.logLevel) },
    ...(host === undefined ? {} : { host }),
    authenticate: await doorsOf(engine, settings, open),
    hooks: settings.webhooks,
    ...(settings.storeUrl === null ? {} : { audit: auditOf(engine) }),
  });
}

async function doorsOf(
  { keys }: TaskEngine,
  { oidc, storeUrl }: ResolvedSettings,
  open: boolean,
): Promise<Authenticate> {
  if (!open && storeUrl === null && oidc === null)
    throw new TaskError(
      'CONFIGURATION',
      'storeUrl: is "none", and API keys are kept in the store; name a store, set "oidc", or serve with --no-auth',
    );
  const [{ authenticator }, { oidcVerifier }] = await Promise.all([
    import('../http/authenticate.js'),
    import('../http/oidc.js'),
  ]);
  return authenticator({ keys, open, ...(oidc === null ? {} : { oidc: oidcVerifier(oidc) }) });
}

const auditOf =
  ({ audit }: TaskEngine) =>
  async (who: string, { what, target, reason, details }: Change): Promise<void> => {
    await audit.append({
      ...{ who, what, target },
      ...(reason === undefined ? {} : { reason }),
      ...(details === undefined ? {} : { details: details as Json }),
    });
  };

async function whoMayCall({ keys }: TaskEngine, auth: boolean): Promise<string> {
  if (!auth) return 'without authentication, on this machine alone';
  const live = await keys.list().then(
    (all) => all.filter(({ state }) => state === 'live').length,
    () => undefined, // by tokens of an issuer alone
  );
  if (live === 0) return 'there is no API key yet: make one with "tempograph key create"';
  return 'for those who have an API key';
}
