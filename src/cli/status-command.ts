/** `tempograph status`: one execution, or one node of it, as it stands now. */
import type { ExecutionRecord } from '../client.js';
import { formatDuration } from '../domain/duration.js';
import { formatError } from '../domain/errors.js';
import { progressText } from '../domain/progress.js';
import { oneLine, table, type Cell } from './columns.js';
import type { CommandDefinition } from './command.js';
import { EXIT } from './exit.js';
import { renderNodes } from './frame.js';
import { localTime } from './list-command.js';
import { shortened } from './long-text.js';
import type { Output } from './output.js';
import { withSession, type Session } from './session.js';
import { snapshotOf } from './snapshot.js';
import { painter, signOf } from './status-style.js';

export const status: CommandDefinition = {
  name: 'status',
  summary: 'Show how an execution, or one node of it, stands now',
  parameters: [['<id>', "the execution's id, or <execution>/<node>"]],
  examples: [
    ['tempograph status nightly-3f2a', 'the execution and its nodes'],
    ['tempograph status nightly-3f2a/fetch --json', 'one node'],
  ],
  run: async (out, options, [id = '']) =>
    await withSession(options, async (session) => {
      const { record, answered, nodes, view } = await snapshotOf(session, id);
      if (!answered)
        out.note(
          `no worker of ${id} answered: this is what the server knows; "tempograph explain ${id}" says which queue has none`,
        );
      const reruns = await rerunsOf(session, record);
      out.document({
        ...record,
        ...(reruns.length > 0 ? { reruns } : {}),
        ...(nodes ? { nodes } : {}),
      });
      printRecord(out, record, reruns);
      if (view && record.kind === 'graph') {
        const width = out.live ? out.width : Infinity;
        out.print();
        for (const line of renderNodes(view, { width, now: Date.now(), style: out.style }))
          out.print(line);
        for (const asking of view.asking)
          out.note(`to answer: tempograph approve ${id}/${asking}, or deny`);
      }
      return EXIT.done;
    }),
};

/** Ids of the executions that are reruns of it, the newest first: as far as a store knows. */
async function rerunsOf(
  { engine }: Session,
  { executionId, kind, endedAt }: ExecutionRecord,
): Promise<string[]> {
  if (endedAt === null || (kind !== 'graph' && kind !== 'task')) return [];
  const found = await engine.listExecutions({ rerunOf: executionId }).catch(() => undefined);
  return (found?.executions ?? []).map((one) => one.executionId);
}

function printRecord(out: Output, record: ExecutionRecord, reruns: readonly string[]): void {
  const { style } = out;
  const paint = painter(record.status, style);
  const warned = record.warnings.length > 0 ? ' with warnings' : '';
  out.print(
    `${paint(`${signOf(record.status)} ${record.status}${warned}`)}  ${style.bold(oneLine(record.executionId))}`,
  );
  const rows = factsOf(record, reruns).map(([name, text]): Cell[] => [
    { text: `  ${name}`, paint: style.dim },
    { text },
  ]);
  for (const line of table(rows)) out.print(line);
}

function rerunText({ by, reason }: NonNullable<ExecutionRecord['rerun']> = {}): string[] {
  return [...(by === undefined ? [] : [`by ${by}`]), ...(reason === undefined ? [] : [reason])];
}

function factsOf(record: ExecutionRecord, reruns: readonly string[]): [string, string][] {
  const { kind, taskId, reason, attempts, startedAt, endedAt, durationMs, error } = record;
  const { project, sessionId, nextRetryAt, warnings, output, progress } = record;
  const { rerunOf, rerun, reused } = record;
  const facts: [string, string | null | undefined][] = [
    [kind === 'graph' ? 'graph' : 'task', taskId],
    ['reason', reason],
    ['attempts', attempts === null ? null : String(attempts)],
    ['next', nextRetryAt && localTime(nextRetryAt)],
    ['progress', progress && endedAt === null ? progressText(progress) : null],
    ['rerun of', rerunOf && [rerunOf, ...rerunText(rerun)].join(', ')],
    ['kept from', reused?.executionId],
    ['rerun as', reruns.join(', ')],
    ['project', project],
    ['session', sessionId],
    ['started', startedAt && localTime(startedAt)],
    ['ended', endedAt && localTime(endedAt)],
    ['took', durationMs === null ? null : formatDuration(durationMs)],
    ['error', error && oneLine(formatError(error))],
    ...warnings.map((warning): [string, string] => ['warning', warning]),
    ['output', output === null || kind === 'graph' ? null : JSON.stringify(output)],
  ];
  return facts.flatMap(([name, text]): [string, string][] =>
    text ? [[name, shortened(text)]] : [],
  );
}
