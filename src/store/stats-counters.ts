/**
 * The counters behind the statistics. What an execution adds to them follows from its row alone; `record` adds what the
 * row is worth after a write and takes away what it was worth before, in the same transaction. So a repeated write adds
 * nothing, and a late one corrects.
 */
import { isTerminal } from '../domain/status.js';
import { insertRows } from './bulk.js';
import type { Connection, Dialect } from './database.js';
import type { ExecutionRow } from './execution-row.js';
import {
  addEncodedFigures,
  addWorth,
  encodeFigures,
  figuresOf,
  isZero,
  type Figures,
} from './stats-figures.js';
import { periodOf, type Level } from './stats-period.js';

/** What is summed up in a row of figures. */
export const GRAIN = { all: 0, project: 1, task: 2 } as const;
const LEVELS: readonly Level[] = ['hour', 'day', 'month'];
/** As they stand in the table. */
export const LEVEL: Readonly<Record<Level, number>> = { hour: 0, day: 1, month: 2 };

const KEY_COLUMNS = ['grain', 'level', 'period', 'kind', 'project', 'task_id'] as const;
type Keys = Record<(typeof KEY_COLUMNS)[number], string | number>;

interface Change {
  /** The values of {@link KEY_COLUMNS}. */
  key: readonly (string | number)[];
  figures: Figures;
}

/** Changes of counters, collected until they are written. */
export class CounterChanges {
  private readonly changes = new Map<string, Change>();
  /** What {@link figuresOf} gave, by all that it depends on: most rows of a transaction are of one task and hour. */
  private readonly known = new Map<string, Figures[]>();

  /** Replaces what the row before was worth with what the row after is. */
  replace(before: ExecutionRow | undefined, after: ExecutionRow): void {
    if (before && sameWorth(before, after)) return;
    if (before) this.add(before, -1);
    this.add(after, 1);
  }

  private add(row: ExecutionRow, sign: 1 | -1): void {
    if (!isTerminal(row.status)) return;
    for (const figures of this.figuresOf(row)) addWorth(figuresOf(figures, row.status), row, sign);
  }

  /** The figures of each grain for each level. */
  private figuresOf(row: ExecutionRow): Figures[] {
    const { kind, project, taskId } = row;
    const at = periodOf('hour', row.endedAt ?? row.startedAt ?? row.createdAt);
    const id = JSON.stringify([at, kind, project, taskId]);
    let known = this.known.get(id);
    if (!known) this.known.set(id, (known = this.placesOf(at, kind, project ?? '', taskId ?? '')));
    return known;
  }

  private placesOf(at: number, kind: string, project: string, taskId: string): Figures[] {
    const places = [
      [GRAIN.all, '', ''],
      [GRAIN.project, project, ''],
      [GRAIN.task, project, taskId],
    ] as const;
    return LEVELS.flatMap((level) =>
      places.map(([grain, ofProject, task]) => {
        const key = [grain, LEVEL[level], periodOf(level, at), kind, ofProject, task];
        const id = JSON.stringify(key);
        let change = this.changes.get(id);
        if (!change) this.changes.set(id, (change = { key, figures: new Map() }));
        return change.figures;
      }),
    );
  }

  /**
   * Writes the changes. The first statement locks the rows, always in the same order, and gives what they hold; the
   * second puts the sums.
   */
  async write(connection: Connection, dialect: Dialect): Promise<void> {
    const changes = [...this.changes]
      .filter(([, { figures }]) => [...figures.values()].some((of) => !isZero(of)))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, change]) => change);
    if (changes.length === 0) return;
    const put = (figuresOfChange: (change: Change) => string, then: string) =>
      insertRows<Keys & { figures: string }>(connection, dialect, {
        table: 'execution_stats',
        columns: [...KEY_COLUMNS, 'figures'],
        rows: changes.map((change) => [...change.key, figuresOfChange(change)]),
        then: `on conflict (${KEY_COLUMNS.join(', ')}) do update set ${then}`,
      });
    const returning = `returning ${KEY_COLUMNS.join(', ')}, figures`;
    const locked = await put(() => '{}', `figures = execution_stats.figures ${returning}`);
    const held = new Map(locked.map((row) => [keyOf(row), row.figures]));
    await put(({ key, figures }) => {
      addEncodedFigures(held.get(JSON.stringify(key)) ?? '{}', (status) =>
        figuresOf(figures, status),
      );
      return encodeFigures(figures);
    }, 'figures = excluded.figures');
  }
}

const keyOf = (row: Keys): string => JSON.stringify(KEY_COLUMNS.map((column) => row[column]));

/** True when both are worth the same, which most repeated writes are. */
function sameWorth(before: ExecutionRow, after: ExecutionRow): boolean {
  if (!isTerminal(before.status) && !isTerminal(after.status)) return true;
  return JSON.stringify(worthOf(before)) === JSON.stringify(worthOf(after));
}

const worthOf = (row: ExecutionRow): unknown[] => [
  row.status,
  row.kind,
  row.project,
  row.taskId,
  row.endedAt ?? row.startedAt ?? row.createdAt,
  row.attempts,
  row.warnings.length > 0,
  row.waitMs,
  row.durationMs,
];
