/** `engine.circuits`: the circuit breakers that the workers share through the store. */
import { TaskError } from '../domain/errors.js';
import { preview } from '../domain/json.js';
import type { CircuitMode, CircuitView } from '../store/circuits.js';
import type { StoreAccess } from './store-access.js';

/** A circuit breaker as it stands. */
export interface CircuitRecord {
  name: string;
  /** Null: of executions without a project. */
  project: string | null;
  mode: CircuitMode;
  /** True when somebody opened it: it stays open until somebody closes it. */
  forced: boolean;
  /** Failures within the window before the last one. */
  failures: number;
  openedAt: string | null;
  /** When a node may try again; null where it is not open, or forced. */
  openUntil: string | null;
  /** Attempts that find out whether it works again: `<execution>/<node>#<attempt>`. */
  probes: string[];
  updatedAt: string;
}

/** Which project's circuit is meant. */
export interface CircuitPlace {
  /** The project whose circuit it is. Default: that of executions without a project. */
  project?: string;
}

/** What the engine lends. */
export interface CircuitsParts {
  stores: StoreAccess;
  /** @throws TaskStateError after shutdown */
  assertOpen: () => void;
}

/** Circuit breakers by key. */
export class Circuits {
  constructor(private readonly parts: CircuitsParts) {}

  /** Circuits that have seen a failure or were opened by hand, by project and name. @throws TaskError CONFIGURATION | STORE */
  async list(
    filter: { project?: string | null; mode?: CircuitMode } = {},
  ): Promise<CircuitRecord[]> {
    const { project, mode } = filter;
    const views = await (
      await this.circuits()
    ).list({
      ...(project === undefined ? {} : { project: project ?? '' }),
      ...(mode === undefined ? {} : { mode }),
    });
    return views.map(recordOf);
  }

  /** One circuit; one that has never seen a failure is closed. @throws TaskError CONFIGURATION | STORE */
  async get(name: string, { project = '' }: CircuitPlace = {}): Promise<CircuitRecord> {
    const view = await (await this.circuits()).get(project, named(name));
    return recordOf(
      view ?? {
        ...{ project, name, mode: 'closed', forced: false, failures: 0 },
        ...{ openedAt: null, openUntil: null, probes: [], updatedAt: Date.now() },
      },
    );
  }

  /**
   * Opens a circuit by hand: its nodes are held until {@link close}, however long that is. What runs goes on.
   *
   * @throws TaskError CONFIGURATION | STORE
   */
  async open(name: string, place: CircuitPlace = {}): Promise<CircuitRecord> {
    return await this.force(name, place, 'open');
  }

  /**
   * Closes a circuit by hand and forgets its failures. Nodes that it held go on when they next look: after `openFor`, and
   * after up to five minutes where it had been opened by hand.
   *
   * @throws TaskError CONFIGURATION | STORE
   */
  async close(name: string, place: CircuitPlace = {}): Promise<CircuitRecord> {
    return await this.force(name, place, 'closed');
  }

  private async force(
    name: string,
    { project = '' }: CircuitPlace,
    mode: 'open' | 'closed',
  ): Promise<CircuitRecord> {
    return recordOf(await (await this.circuits()).force(project, named(name), mode, Date.now()));
  }

  private async circuits() {
    this.parts.assertOpen();
    return (await this.parts.stores.need('circuits')).circuits;
  }
}

function named(name: unknown): string {
  if (typeof name === 'string' && name !== '') return name;
  throw new TaskError(
    'CONFIGURATION',
    `the name of a circuit: expected a string, got ${preview(name)}`,
  );
}

function recordOf(view: CircuitView): CircuitRecord {
  const { name, project, mode, forced, failures, openedAt, openUntil, probes, updatedAt } = view;
  return {
    ...{ name, mode, forced, failures },
    project: project === '' ? null : project,
    openedAt: iso(openedAt),
    openUntil: iso(openUntil),
    probes: probes.map(({ holder }) => holder),
    updatedAt: new Date(updatedAt).toISOString(),
  };
}

const iso = (time: number | null): string | null =>
  time === null ? null : new Date(time).toISOString();
