/** `--server`: a command goes through the HTTP API, and what then makes no sense is said before anything is done. */
import { serverAddress, type ServerAddress } from '../remote/server-address.js';
import { option, type CommandDefinition, type CommonOptions } from './command.js';
import { UsageError } from './exit.js';

/** In every command that works through a server too. */
export const SERVER_OPTIONS = [
  option(
    '--server <url>',
    'through the HTTP API there instead of Temporal (default: TEMPOGRAPH_SERVER; key: TEMPOGRAPH_API_KEY)',
  ),
  option('--api-key-file <file>', 'file that holds the key for --server'),
  option('--plain-http', 'let the key travel unencrypted to another machine'),
].map((one) => one.helpGroup('Through a server:'));

/** What is the server's to know, or the worker's. */
const OF_THE_SERVER = {
  address: '--address',
  namespace: '--namespace',
  taskQueue: '--task-queue',
  dataDir: '--data-dir',
  templatesDir: '--templates-dir',
} as const satisfies Partial<Record<keyof CommonOptions, string>>;

/** The server that a command goes through; undefined where it goes to Temporal. @throws TaskError CONFIGURATION */
export function serverOf(
  options: CommonOptions,
  env: NodeJS.ProcessEnv = process.env,
): ServerAddress | undefined {
  const url = serverUrl(options, env);
  if (url === undefined) return undefined;
  return serverAddress({
    ...{ url, key: env['TEMPOGRAPH_API_KEY'], keyFile: options.apiKeyFile },
    plainHttp: options.plainHttp ?? false,
  });
}

/** `--address` says that Temporal is meant, whatever the environment says. */
function serverUrl({ server, address }: CommonOptions, env: NodeJS.ProcessEnv): string | undefined {
  if (server !== undefined) return server;
  return address === undefined ? env['TEMPOGRAPH_SERVER'] || undefined : undefined;
}

/** @throws UsageError for a command or an option that has no sense through a server */
export function assertMayUseServer(
  { name, local, connects = true, options: own = [] }: CommandDefinition,
  options: CommonOptions,
  env: NodeJS.ProcessEnv = process.env,
): void {
  const takesServer = connects || own.some((one) => one.attributeName() === 'server');
  if (!takesServer || serverUrl(options, env) === undefined) return;
  const without = options.server === undefined ? 'unset TEMPOGRAPH_SERVER' : 'leave out --server';
  if (local !== undefined)
    throw new UsageError(`${name} ${local}, not through a server; ${without}`);
  for (const [key, flag] of Object.entries(OF_THE_SERVER))
    if (options[key as keyof typeof OF_THE_SERVER] !== undefined)
      throw new UsageError(`${flag} is for the server to know; leave it out, or ${without}`);
  const { tasks, by } = options as { tasks?: unknown; by?: unknown };
  const saysWho = own.some(({ long, flags }) => long === '--by' && flags.includes('<name>'));
  if (tasks !== undefined)
    throw new UsageError(
      `--tasks loads code on this machine, and the server's workers have theirs; leave it out, or ${without}`,
    );
  if (saysWho && by !== undefined)
    throw new UsageError(`--by: the server knows by the key who asks; leave it out, or ${without}`);
}
