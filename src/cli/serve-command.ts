/** `tempograph serve`: the HTTP API, over a Temporal server that runs elsewhere. */
import { createLogger } from '../telemetry.js';
import { resolveSettings } from '../config.js';
import type { HttpServer } from '../http/server.js';
import {
  option,
  settingsOf,
  wholeNumber,
  type CommandDefinition,
  type CommonOptions,
} from './command.js';
import { EXIT } from './exit.js';
import { aborted, interruptSignal } from './interrupts.js';
import { withDirectSession, type DirectSession } from './session.js';

interface ServeOptions extends CommonOptions {
  host: string;
  httpPort: number;
  webUi?: string;
}

const DEFAULT_HTTP_PORT = 8080;

export const HTTP_PORT_OPTION = option(
  '--http-port <port>',
  'port of the HTTP API; 0 for a free one',
  wholeNumber('--http-port', 0, 65_535),
).default(DEFAULT_HTTP_PORT);

export const serve: CommandDefinition<ServeOptions> = {
  name: 'serve',
  local: 'is the server and runs beside Temporal',
  summary: 'Serve the HTTP API',
  description:
    'Without authentication: it listens on loopback alone, and whoever reaches it may do everything.\n' +
    'Ctrl-C or SIGTERM ends it; executions go on. With --json: a line {"event":"ready","http":…} when it listens.',
  options: [
    option('--host <host>', 'address to listen on; loopback alone').default('127.0.0.1'),
    HTTP_PORT_OPTION,
    option('--web-ui <url>', "address of Temporal's Web UI, for links to it"),
  ],
  examples: [
    ['tempograph serve', 'on http://127.0.0.1:8080'],
    ['tempograph serve --http-port 0 --json', 'for a script'],
  ],
  run: async (out, options) =>
    await withDirectSession(options, async (session) => {
      const { signal, stop } = interruptSignal();
      try {
        const { host, httpPort: port, webUi = null } = options;
        const server = await startServer(session, options, { host, port, webUi });
        try {
          out.jsonLine({ event: 'ready', http: server.url, temporal: session.address });
          out.print(`serves ${server.url} (API reference: ${server.url}/api/v1/reference)`);
          out.note('without authentication, on this machine alone; Ctrl-C ends it');
          await aborted(signal);
        } finally {
          await server.close();
        }
        return EXIT.done;
      } finally {
        stop();
      }
    }),
};

/** @throws TaskError CONFIGURATION for an address that it cannot listen on */
export async function startServer(
  { engine, namespace }: Pick<DirectSession, 'engine' | 'namespace'>,
  options: CommonOptions,
  { host, port, webUi }: { host?: string; port: number; webUi: string | null },
): Promise<HttpServer> {
  const { startHttpServer } = await import('../http/server.js');
  const { logLevel } = resolveSettings(settingsOf(options));
  return await startHttpServer({
    ...{ engine, port, facts: { webUi, namespace }, logger: createLogger(logLevel) },
    ...(host === undefined ? {} : { host }),
  });
}
