/**
 * Removes containers that nobody waits for any more. One whose owner is dead stays until its attempt's deadline: the
 * attempt after it takes it over.
 */
import type { ContainerInfo } from 'dockerode';
import { discard } from './containers.js';
import type { Engine } from './engine.js';
import { engineFailed } from './engine-error.js';
import { deadlineOf, OWN_LABEL, ownerOf } from './labels.js';
import { ownerState } from './owner.js';

/** Of an owner on another host nobody here knows whether it lives; its clock may be another, too. */
const ELSEWHERE_MS = 3_600_000;
/** A container that runs is listed as `created` for a moment yet. */
const STARTING_MS = 60_000;

/**
 * @param now epoch milliseconds
 * @returns the ids of what was removed
 * @throws TaskError ENVIRONMENT when the engine does not answer
 */
export async function sweep(engine: Engine, now: number): Promise<string[]> {
  const removed: string[] = [];
  for (const one of await ours(engine)) {
    if (!isOrphan(one, now)) continue;
    await discard(engine, one.Id);
    removed.push(one.Id);
  }
  return removed;
}

export function isOrphan(
  { Names, Labels, State, Created }: Pick<ContainerInfo, 'Names' | 'Labels' | 'State' | 'Created'>,
  now: number,
): boolean {
  const owner = ownerOf(Names[0] ?? '');
  const deadline = deadlineOf(Labels);
  switch (owner === undefined ? 'elsewhere' : ownerState(owner)) {
    case 'alive':
      return false;
    case 'dead':
      // Never started: nothing of it can be taken over.
      return now > (State === 'created' ? Created * 1_000 + STARTING_MS : deadline);
    case 'elsewhere':
      return now > deadline + ELSEWHERE_MS;
  }
}

async function ours({ docker }: Engine): Promise<ContainerInfo[]> {
  try {
    return await docker.listContainers({
      all: true,
      filters: JSON.stringify({ label: [OWN_LABEL] }),
    });
  } catch (error) {
    throw engineFailed('its containers could not be listed', error);
  }
}
