/** Circuit breakers shared by all workers: each change is one transaction around the pure rules of `circuit-state.ts`. */
import {
  circuitAfter,
  CLOSED,
  DEFAULT_CIRCUIT,
  enter,
  type CircuitEntry,
  type CircuitEvent,
  type CircuitMode,
  type CircuitOptions,
  type CircuitState,
} from './circuit-state.js';
import { transact, type Connection, type Database } from './database.js';

export interface CircuitView {
  project: string;
  name: string;
  mode: CircuitMode;
  /** True when a person opened it: it stays so. */
  forced: boolean;
  /** Within the window before the last failure; only as many as can matter. */
  failures: number;
  openedAt: number | null;
  /** Null: until closed by hand, or not open. */
  openUntil: number | null;
  probes: { holder: string; until: number }[];
  updatedAt: number;
}

/** A circuit that nobody has heard of is closed. */
export interface Circuits {
  /** @param holder who goes, should it be a probe: `<executionId>#<attempt>` */
  tryEnter(
    project: string,
    name: string,
    holder: string,
    now: number,
    options?: Partial<CircuitOptions>,
  ): Promise<CircuitEntry>;
  /** @returns the mode after it */
  recordFailure(
    project: string,
    name: string,
    holder: string,
    now: number,
    options?: Partial<CircuitOptions>,
  ): Promise<CircuitMode>;
  /** @returns the mode after it */
  recordSuccess(
    project: string,
    name: string,
    holder: string,
    now: number,
    options?: Partial<CircuitOptions>,
  ): Promise<CircuitMode>;
  /** By hand: `open` stays open until `closed`. */
  force(project: string, name: string, mode: 'open' | 'closed', now: number): Promise<CircuitView>;
  get(project: string, name: string): Promise<CircuitView | undefined>;
  list(filter?: { project?: string; mode?: CircuitMode }): Promise<CircuitView[]>;
}

export function circuitsOf(database: Database): Circuits {
  const report =
    (type: 'failure' | 'success'): Circuits['recordFailure'] =>
    async (project, name, holder, now, options) => {
      const { after } = await change(database, project, name, { type, holder }, now, options);
      return after.mode;
    };
  return {
    tryEnter: async (project, name, holder, now, options) => {
      const event = { type: 'enter', holder } as const;
      const { before } = await change(database, project, name, event, now, options);
      return enter(before, holder, now, { ...DEFAULT_CIRCUIT, ...options }).entry;
    },
    recordFailure: report('failure'),
    recordSuccess: report('success'),
    force: async (project, name, mode, now) => {
      const { after } = await change(database, project, name, { type: 'force', mode }, now);
      return viewOf(project, name, after, now);
    },
    get: async (project, name) => {
      const row = await read(database.sql, project, name);
      return row && viewOf(project, name, row.state, row.updatedAt);
    },
    list: async ({ project, mode } = {}) => {
      let select = database.sql
        .selectFrom('circuits')
        .selectAll()
        .orderBy('project')
        .orderBy('name');
      if (project !== undefined) select = select.where('project', '=', project);
      if (mode !== undefined) select = select.where('mode', '=', mode);
      const rows = await select.execute();
      return rows.map((row) =>
        viewOf(row.project, row.name, JSON.parse(row.state) as CircuitState, row.updated_at),
      );
    },
  };
}

interface Change {
  before: CircuitState;
  after: CircuitState;
}

/** Applies an event; an event that changes nothing, as most do, costs one read and no transaction. */
async function change(
  database: Database,
  project: string,
  name: string,
  event: CircuitEvent,
  now: number,
  options: Partial<CircuitOptions> = {},
): Promise<Change> {
  const step = (before: CircuitState): Change => ({
    before,
    after: circuitAfter(before, event, now, { ...DEFAULT_CIRCUIT, ...options }),
  });
  const seen = step((await read(database.sql, project, name))?.state ?? CLOSED);
  if (seen.after === seen.before) return seen;
  return transact(database, async (connection) => {
    const changed = step(await lock(connection, database, project, name, now));
    const { after } = changed;
    await connection
      .updateTable('circuits')
      .set({ mode: after.mode, state: JSON.stringify(after), updated_at: now })
      .where('project', '=', project)
      .where('name', '=', name)
      .execute();
    return changed;
  });
}

async function read(
  connection: Connection,
  project: string,
  name: string,
): Promise<{ state: CircuitState; updatedAt: number } | undefined> {
  const row = await connection
    .selectFrom('circuits')
    .select(['state', 'updated_at'])
    .where('project', '=', project)
    .where('name', '=', name)
    .executeTakeFirst();
  return row && { state: JSON.parse(row.state) as CircuitState, updatedAt: row.updated_at };
}

/** The state, which nobody else changes until the transaction ends. */
async function lock(
  connection: Connection,
  { dialect }: Database,
  project: string,
  name: string,
  now: number,
): Promise<CircuitState> {
  await connection
    .insertInto('circuits')
    .values({ project, name, mode: 'closed', state: JSON.stringify(CLOSED), updated_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { state } = await connection
    .selectFrom('circuits')
    .select('state')
    .where('project', '=', project)
    .where('name', '=', name)
    .$if(dialect === 'postgres', (select) => select.forUpdate())
    .executeTakeFirstOrThrow();
  return JSON.parse(state) as CircuitState;
}

function viewOf(
  project: string,
  name: string,
  state: CircuitState,
  updatedAt: number,
): CircuitView {
  const { mode } = state;
  return {
    ...{ project, name, mode, updatedAt },
    forced: mode === 'open' && state.openUntil === null,
    failures: mode === 'closed' ? state.failures.length : 0,
    openedAt: mode === 'closed' ? null : state.openedAt,
    openUntil: mode === 'open' ? state.openUntil : null,
    probes: mode === 'half_open' ? state.probes : [],
  };
}

export type { CircuitEntry, CircuitMode, CircuitOptions };
