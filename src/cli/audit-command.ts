/** `tempograph audit`: who changed what, when and why. */
import type { AuditQuery, AuditRecord } from '../client.js';
import { oneLine, table, type Cell } from './columns.js';
import { option, wholeNumber, type CommandDefinition, type CommonOptions } from './command.js';
import { EXIT } from './exit.js';
import { utcTime } from './utc-time.js';
import type { Output } from './output.js';
import { withReadingSession, type Session } from './session.js';
import { sinceOf } from './since.js';

interface AuditOptions extends CommonOptions {
  who?: string;
  what?: string;
  target?: string;
  since?: string;
  until?: string;
  all?: boolean;
  limit?: number;
  cursor?: string;
}

/** Of `--all`: as many as the store gives at once. */
const PAGE = 1_000;

export const audit: CommandDefinition<AuditOptions> = {
  name: 'audit',
  summary: 'List who changed what, newest first',
  description: 'With --json --all: a line for each entry, to keep them elsewhere. Needs the store.',
  options: [
    option('--who <name>', 'only what this one did, such as key:deploy'),
    option('--what <action>', 'only such an action, such as key.revoke'),
    option('--target <id>', 'only what was done to this'),
    option('--since <time>', 'at or after this time, or this long ago (2h)'),
    option('--until <time>', 'before this time, or this long ago'),
    option('--cursor <cursor>', '`nextCursor` of the page before'),
    option('-n, --limit <n>', 'at most this many (default: 20)', wholeNumber('--limit', 1, PAGE)),
    option('--all', 'page after page, to the end').conflicts('limit'),
  ],
  examples: [
    ['tempograph audit --what key.revoke --since 7d', 'the keys that were revoked this week'],
    ['tempograph audit --all --json', 'all there is, a line for each entry'],
  ],
  run: async (out, options) =>
    await withReadingSession(out, options, async ({ engine }) => {
      await (options.all === true
        ? printAll(out, engine, options)
        : printPage(out, engine, options));
      return EXIT.done;
    }),
};

type Engine = Session['engine'];

async function printPage(out: Output, engine: Engine, options: AuditOptions): Promise<void> {
  const { limit = 20, cursor } = options;
  const { entries, nextCursor } = await engine.audit.list(queryOf(options, limit, cursor));
  out.document({ entries, ...(nextCursor === undefined ? {} : { nextCursor }) });
  if (entries.length === 0 && !out.json) out.note('no entries');
  printEntries(out, entries);
  if (nextCursor !== undefined) out.note(`more: --cursor ${nextCursor}`);
}

/** A page at a time: a log of years is not held in memory. */
async function printAll(out: Output, engine: Engine, options: AuditOptions): Promise<void> {
  let { cursor } = options;
  let count = 0;
  do {
    const page = await engine.audit.list(queryOf(options, PAGE, cursor));
    for (const entry of page.entries) out.jsonLine(entry);
    printEntries(out, page.entries, count === 0);
    count += page.entries.length;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  if (count === 0 && !out.json) out.note('no entries');
}

function queryOf(
  { who, what, target, since, until }: AuditOptions,
  limit: number,
  cursor: string | undefined,
): AuditQuery {
  return {
    limit,
    ...(who === undefined ? {} : { who }),
    ...(what === undefined ? {} : { what }),
    ...(target === undefined ? {} : { target }),
    ...(since === undefined ? {} : { since: sinceOf(since) }),
    ...(until === undefined ? {} : { until: sinceOf(until, Date.now(), '--until') }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

function printEntries(out: Output, entries: readonly AuditRecord[], head = true): void {
  if (entries.length === 0) return;
  const titles = ['AT', 'WHO', 'WHAT', 'TARGET', 'REASON'].map((text): Cell => ({
    text,
    paint: out.style.dim,
  }));
  const rows = entries.map(({ at, who, what, target, reason }) =>
    [utcTime(at), oneLine(who), oneLine(what), oneLine(target), oneLine(reason ?? '')].map(
      (text): Cell => ({ text }),
    ),
  );
  const lines = table([titles, ...rows], out.live ? out.width : Infinity);
  for (const line of head ? lines : lines.slice(1)) out.print(line);
}
