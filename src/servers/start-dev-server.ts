/** The dev server in one call: found or got, then started. */
import { type DevServer, type DevServerOptions, launchDevServer } from './dev-server.js';
import { findDevServer } from './find-dev-server.js';

export interface StartDevServerOptions extends DevServerOptions {
  /** A Temporal CLI. Default: `findDevServer`'s. */
  binary?: string | undefined;
}

/**
 * Starts a dev server: see `launchDevServer` for what it promises and throws, `findDevServer` for where it comes from.
 */
export async function startDevServer(options: StartDevServerOptions = {}): Promise<DevServer> {
  const binary = options.binary ?? (await findDevServer(options)).path;
  return launchDevServer(binary, options);
}
