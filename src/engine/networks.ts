/** Networks that containers may join: only those that the worker's settings allow, and that the engine has. */
import { TaskError } from '../domain/errors.js';
import type { Engine } from './engine.js';
import { engineRefused } from './engine-error.js';

/** @param allowed by name; default none. @throws TaskError CONFIGURATION for one that the worker does not allow */
export function assertNetworkAllowed(network: string, allowed: readonly string[] = []): void {
  if (network === 'none' || allowed.includes(network)) return;
  throw refused(network, 'the worker does not allow it; see its setting containerNetworks');
}

/**
 * Asked before a container is made: a Docker that has no `bridge` would start it without any network and say nothing, and
 * Podman answers for a network that it lacks as it does for faults of its own, which are tried again.
 *
 * @throws TaskError CONFIGURATION for one that the engine does not have by that name, ENVIRONMENT when the engine fails
 */
export async function assertNetworkThere(
  { docker, facts }: Engine,
  network: string,
): Promise<void> {
  if (network === 'none') return;
  // The name of Podman's default, which its older versions know only where a container is made.
  if (network === 'bridge' && facts.name === 'podman') return;
  let found: { Name?: string };
  try {
    found = await docker.getNetwork(network).inspect();
  } catch (error) {
    throw engineRefused(`container.network: ${network}`, error);
  }
  // Engines take the beginning of an id as well, of the host's own network too.
  if (found.Name !== network)
    throw refused(network, 'the engine has no network of that name; an id is none');
}

const refused = (network: string, why: string): TaskError =>
  new TaskError('CONFIGURATION', `container.network: ${network}: ${why}`);
