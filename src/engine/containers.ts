/** Containers of ours with an engine: made, found again, and those that nobody waits for any more swept away. */
import type { ContainerCreateOptions, ContainerInfo } from 'dockerode';
import { Container } from './container.js';
import {
  containerOptions,
  type ContainerAsk,
  type ContainerSettings,
} from './container-options.js';
import type { Engine } from './engine.js';
import { engineFailed, engineRefused, statusOf } from './engine-error.js';
import { imageOf, keyFilter, nameFor, ownerOf, runOf, type ContainerIdentity } from './labels.js';
import type { OwnerId } from './owner.js';

/** Makes one, not started. @throws TaskError CONFIGURATION, ENVIRONMENT */
export async function makeContainer(
  engine: Engine,
  ask: ContainerAsk,
  { idempotencyKey }: ContainerIdentity,
  owner: OwnerId,
  settings: ContainerSettings,
): Promise<Container> {
  // Where the two are not told apart, dockerode puts all of it into the address as well: secrets, which engines may log, and
  // no more than 1 MB of it.
  const parts = {
    _query: { name: nameFor(idempotencyKey, owner) },
    _body: containerOptions(ask, settings),
  };
  try {
    const { id } = await engine.docker.createContainer(parts as ContainerCreateOptions);
    return new Container(engine, id, owner);
  } catch (error) {
    throw engineRefused('the container could not be made', error);
  }
}

/**
 * Finds the container that an attempt of the same node left behind when its worker was lost, running or ended, and
 * takes it over. What stands in its way goes: containers that were never started, that run something else, or that
 * `owner` itself could not remove after a failed attempt.
 *
 * @returns with its image's digest; undefined when there is none
 */
export async function takeOver(
  engine: Engine,
  { idempotencyKey, run }: Pick<ContainerIdentity, 'idempotencyKey' | 'run'>,
  owner: OwnerId,
): Promise<{ container: Container; image: string } | undefined> {
  const all = await list(engine, idempotencyKey);
  // The newest first: it is the last attempt's.
  all.sort((a, b) => b.Created - a.Created);
  let found: { container: Container; image: string } | undefined;
  for (const one of all) {
    const fits =
      found === undefined &&
      isStarted(one) &&
      runOf(one.Labels) === run &&
      ownerOf(one.Names[0] ?? '') !== owner;
    if (fits && (await rename(engine, one.Id, nameFor(idempotencyKey, owner))))
      found = { container: new Container(engine, one.Id, owner), image: imageOf(one.Labels) };
    else if (!fits) await discard(engine, one.Id);
  }
  return found;
}

/** Removes one, whosever it is. */
export async function discard({ docker }: Engine, id: string): Promise<void> {
  try {
    await docker.getContainer(id).remove({ force: true, v: true });
  } catch (error) {
    if (![404, 409].includes(statusOf(error) ?? 0))
      throw engineFailed(`container ${id.slice(0, 12)} could not be removed`, error);
  }
}

async function list({ docker }: Engine, idempotencyKey: string): Promise<ContainerInfo[]> {
  try {
    return await docker.listContainers({
      all: true,
      filters: JSON.stringify(keyFilter(idempotencyKey)),
    });
  } catch (error) {
    throw engineFailed('its containers could not be listed', error);
  }
}

/**
 * One that is `created` has not run, or began this very moment: its input may be missing, and it goes.
 * `removing` and `dead` ones are on their way out.
 */
const isStarted = ({ State }: ContainerInfo): boolean =>
  ['running', 'exited', 'paused', 'stopped'].includes(State);

async function rename({ docker }: Engine, id: string, name: string): Promise<boolean> {
  try {
    await docker.getContainer(id).rename({ name });
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw engineFailed(`container ${id.slice(0, 12)} could not be taken over`, error);
  }
}
