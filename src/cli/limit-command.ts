/** `tempograph limit …`: the keyed limits that are in use. */
import type { LimitPlace, LimitRecord, LimitStatus } from '../client.js';
import { LIMIT_MOST } from '../domain/limit.js';
import { table, type Cell } from './columns.js';
import {
  option,
  wholeNumber,
  type CommandDefinition,
  type CommandGroup,
  type CommonOptions,
} from './command.js';
import { EXIT } from './exit.js';
import { utcTime } from './utc-time.js';
import type { Output } from './output.js';
import { withSession } from './session.js';

interface LimitOptions extends CommonOptions {
  project?: string;
}

const PROJECT = option('--project <name>', "the project's limits (default: those without one)");
const KEY = ['<key>', "the limit's key"] as const;
const parseMax = wholeNumber('max', 1, LIMIT_MOST);

const placeOf = ({ project }: LimitOptions): LimitPlace =>
  project === undefined ? {} : { project };

const list: CommandDefinition<LimitOptions> = {
  name: 'list',
  summary: 'List the limits in use',
  options: [option('--project <name>', "only a project's")],
  examples: [['tempograph limit list --json', 'for scripts']],
  run: async (out, options) =>
    await withSession(options, async ({ engine }) => {
      const limits = await engine.limits.list(placeOf(options));
      out.document({ limits });
      if (limits.length === 0 && !out.json) out.note('no limit is in use');
      if (limits.length > 0) printTable(out, ['KEY', 'PROJECT', 'MAX', 'SINCE'], limits.map(rowOf));
      return EXIT.done;
    }),
};

const show: CommandDefinition<LimitOptions> = {
  name: 'show',
  summary: 'Show who has places in a limit, and who waits',
  parameters: [KEY],
  options: [PROJECT],
  examples: [['tempograph limit show api --project shop', 'one limit']],
  run: async (out, options, [key = '']) =>
    await withSession(options, async ({ engine }) => {
      const limit = await engine.limits.get(key, placeOf(options));
      out.document({ limit });
      out.print(`${limit.used} of ${limit.max} taken`);
      const rows = [...standing('has', limit.holders), ...standing('waits for', limit.waiters)];
      if (rows.length > 0) printTable(out, ['EXECUTION', '', 'PLACES', 'SINCE'], rows);
      return EXIT.done;
    }),
};

const set: CommandDefinition<LimitOptions> = {
  name: 'set',
  summary: 'Change a limit for as long as it is in use',
  description:
    'Where the limit is defined says what it is the next time. Nothing that runs is stopped.',
  parameters: [KEY, ['<max>', `places in all, 1 to ${LIMIT_MOST}`]],
  options: [PROJECT],
  examples: [['tempograph limit set api 5', 'at most five at once from now on']],
  run: async (out, options, [key = '', max = '']) =>
    await withSession(options, async ({ engine }) => {
      const answer = await engine.limits.setMax(key, parseMax(max), placeOf(options));
      out.print(answer.message);
      out.document(answer);
      return EXIT.done;
    }),
};

export const limit: CommandGroup = {
  name: 'limit',
  summary: 'Look at the limits in use, and change them',
  commands: [list, show, set],
  examples: [
    ['tempograph limit list', 'every limit in use'],
    ['tempograph limit set api 5', 'at most five at once from now on'],
  ],
};

const rowOf = ({ key, project, max, defined, startedAt }: LimitRecord): string[] => [
  key,
  project ?? '',
  max === defined ? String(max) : `${max} (${defined})`,
  utcTime(startedAt),
];

const standing = (does: string, graphs: LimitStatus['holders']): string[][] =>
  graphs.map(({ executionId, places, weight, since }) => [
    executionId,
    does,
    weight === 1 ? String(places) : `${places} × ${weight}`,
    utcTime(since),
  ]);

function printTable(out: Output, head: readonly string[], rows: readonly string[][]): void {
  const titles = head.map((text): Cell => ({ text, paint: out.style.dim }));
  const cells = rows.map((row) => row.map((text): Cell => ({ text })));
  for (const line of table([titles, ...cells], out.live ? out.width : Infinity)) out.print(line);
}
