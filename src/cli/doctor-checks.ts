/** What `doctor` looks at, in the order in which it is mended: this machine, what it talks to, who works there. */
import type { Environment } from '../servers/environment.js';
import type { CommonOptions } from './command.js';
import type { Check } from './doctor-check.js';
import { dataFolder, devServer, nodeVersion, tools } from './doctor-machine.js';
import { portCheck } from './doctor-ports.js';
import { serverChecks } from './doctor-server.js';
import { temporalChecks } from './doctor-temporal.js';
import { serverOf } from './server-option.js';

/**
 * Looks, and changes nothing but that it makes an id for a bucket that has none.
 *
 * @throws TaskError CONFIGURATION for options that cannot be meant
 */
export async function runChecks(
  options: CommonOptions,
  env: Environment = process.env,
): Promise<Check[]> {
  const node = nodeVersion(process.versions.node);
  const server = serverOf(options, env);
  if (server) return [node, ...(await serverChecks(server))];
  const folder = await dataFolder(options);
  const temporal = await temporalChecks(options);
  return [
    ...[node, folder, ...temporal, await portCheck()],
    ...[await devServer(env), ...(await tools(env))],
  ];
}
