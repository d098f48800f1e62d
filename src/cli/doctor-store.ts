/** What `doctor` finds of the store: whether it answers, is of this version, and of this namespace. */
import type { TaskEngine } from '../client.js';
import { resolveSettings } from '../config.js';
import { messageOf, TaskError } from '../domain/errors.js';
import type { StoreState } from '../store/inspect-store.js';
import { settingsOf, type CommonOptions } from './command.js';
import { fail, ok, warn, type Check } from './doctor-check.js';

const NAME = 'store';

export interface StoreFound {
  check: Check;
  /** Null where there is none, or it does not answer. */
  location: string | null;
  /** The same check, once more is known: whether it is this namespace's. Never throws. */
  ofNamespace(engine: Pick<TaskEngine, 'audit'>): Promise<Check>;
}

/** Looks at the store and changes nothing in it. Never throws. */
export async function storeCheck(options: CommonOptions): Promise<StoreFound> {
  const { storeUrl: url } = resolveSettings(settingsOf(options));
  if (url === null)
    return found(
      ok(NAME, 'none: no lists, statistics, cache, circuits over several workers, or keys'),
      null,
    );
  const { inspectStore } = await import('../store/inspect-store.js');
  try {
    const state = await inspectStore(url);
    const check = checkOf(state);
    if (state.state !== 'current') return found(check, state.location);
    return { ...found(check, state.location), ofNamespace: (engine) => whose(engine, check) };
  } catch (error) {
    return found(unusable(error), null);
  }
}

const found = (check: Check, location: string | null): StoreFound => ({
  ...{ check, location },
  ofNamespace: async () => check,
});

function checkOf({ location, state, migration }: StoreState): Check {
  switch (state) {
    case 'missing':
      return ok(NAME, `${location} is not there yet; the first worker makes it`);
    case 'older':
      return warn(
        NAME,
        `${location} was made by an older version, up to ${migration}`,
        'the next worker or server of this version brings it up to date; copy it first if you may go back',
      );
    case 'newer':
      return fail(
        NAME,
        `${location} was made by a newer version: it has ${migration}`,
        'upgrade tempograph here, or name another store with TEMPOGRAPH_STORE_URL',
      );
    case 'current':
      return ok(NAME, location);
  }
}

/** The engine refuses a store that another namespace's executions are in. */
async function whose(engine: Pick<TaskEngine, 'audit'>, check: Check): Promise<Check> {
  try {
    await engine.audit.list({ limit: 1 });
    return check;
  } catch (error) {
    return unusable(error);
  }
}

function unusable(error: unknown): Check {
  const wrong = error instanceof TaskError && error.code === 'CONFIGURATION';
  const or = 'name another store with TEMPOGRAPH_STORE_URL';
  return fail(NAME, messageOf(error), wrong ? or : `start its database, or ${or}`);
}
