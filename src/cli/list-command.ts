/** `tempograph list`: executions, newest first. */
import type { ExecutionRecord, ListQuery } from '../client.js';
import { formatDuration } from '../domain/duration.js';
import { STATUS_REASONS, STATUSES, type Status, type StatusReason } from '../domain/status.js';
import { table, type Cell } from './columns.js';
import { sinceOf } from './since.js';
import {
  collect,
  option,
  wholeNumber,
  type CommandDefinition,
  type CommonOptions,
} from './command.js';
import { oneOf } from './one-of.js';
import { EXIT } from './exit.js';
import { metadataOf } from './given-metadata.js';
import type { Output } from './output.js';
import { withReadingSession } from './session.js';
import { painter, signOf } from './status-style.js';
import { utcTime } from './utc-time.js';

interface ListOptions extends CommonOptions {
  status?: Status;
  reason?: StatusReason;
  project?: string;
  session?: string;
  task?: string;
  tag?: string[];
  text?: string;
  metadata?: string[];
  since?: string;
  nodes?: boolean;
  cursor?: string;
  limit: number;
}

export const list: CommandDefinition<ListOptions> = {
  name: 'list',
  summary: 'List executions, newest first',
  options: [
    option('--status <status>', STATUSES.join(', '), oneOf('--status', STATUSES)),
    option(
      '--reason <reason>',
      'why it has its status, nodes too: approval for what waits for an answer; ' +
        `${STATUS_REASONS.filter((one) => one !== 'approval').join(', ')}`,
      oneOf('--reason', STATUS_REASONS),
    ),
    option('--project <name>', 'only those of a project'),
    option('--session <id>', 'only those of a session'),
    option('--task <name>', 'only those of a task or graph, by name or by its id in the catalogue'),
    option('--tag <tag>', 'only those with the tag; may be repeated', collect),
    option(
      '--metadata <name=value>',
      'only those with this metadata; the value is JSON or a text; may be repeated',
      collect,
    ),
    option('--text <words>', 'words of id, task and error message'),
    option('--since <time>', 'created at or after this time, or this long ago (2h)'),
    option('--nodes', 'nodes of graphs too'),
    option('--cursor <cursor>', '`nextCursor` of the page before'),
    option('-n, --limit <n>', 'at most this many', wholeNumber('--limit', 1, 1_000)).default(20),
  ],
  examples: [
    ['tempograph list', 'the last 20'],
    ['tempograph list --status failed --json', 'for scripts'],
    ['tempograph list --reason approval', 'what waits for an answer, to approve or deny'],
  ],
  run: async (out, options) =>
    await withReadingSession(out, options, async ({ engine }) => {
      const { executions, nextCursor } = await engine.listExecutions(queryOf(options));
      out.document({ executions, ...(nextCursor === undefined ? {} : { nextCursor }) });
      printExecutions(out, executions);
      if (nextCursor !== undefined) out.note(`more: --cursor ${nextCursor}`);
      return EXIT.done;
    }),
};

function queryOf({
  status,
  reason,
  project,
  session,
  limit,
  task,
  tag,
  text,
  metadata,
  since,
  nodes,
  cursor,
}: ListOptions): ListQuery {
  return {
    limit,
    ...(task === undefined ? {} : { taskId: task }),
    ...(tag === undefined ? {} : { tags: tag }),
    ...(text === undefined ? {} : { text }),
    ...(metadata === undefined ? {} : { metadata: metadataOf(metadata) }),
    ...(since === undefined ? {} : { since: sinceOf(since) }),
    ...(nodes === true ? { kind: ['graph', 'task', 'item', 'node'] } : {}),
    ...(cursor === undefined ? {} : { cursor }),
    ...(status === undefined ? {} : { status }),
    ...(reason === undefined ? {} : { reason }),
    ...(project === undefined ? {} : { project }),
    ...(session === undefined ? {} : { sessionId: session }),
  };
}

function printExecutions(out: Output, executions: readonly ExecutionRecord[]): void {
  if (executions.length === 0) {
    if (!out.json) out.note('no such executions; "tempograph run <file|task>" starts one');
    return;
  }
  const { style } = out;
  const head = ['ID', 'STATUS', 'NAME', 'CREATED', 'TOOK'].map((text): Cell => ({
    text,
    paint: style.dim,
  }));
  const rows = executions.map((record): Cell[] => [
    { text: record.executionId },
    {
      text: `${signOf(record.status)} ${record.status}`,
      paint: painter(record.status, style),
    },
    { text: record.taskId ?? '' },
    { text: utcTime(record.createdAt) },
    { text: tookText(record) },
  ]);
  // Only a terminal cuts lines: what goes into a pipe is whole.
  for (const line of table([head, ...rows], out.live ? out.width : Infinity)) out.print(line);
}

/** Without a store only a bound is known: how long its workflow took, waits before it began included. */
function tookText({ durationMs, workflowMs }: ExecutionRecord): string {
  if (durationMs !== null) return formatDuration(durationMs);
  return workflowMs === undefined ? '' : `≤ ${formatDuration(workflowMs)}`;
}
