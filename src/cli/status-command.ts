/** `tempograph status`: one execution, or one node of it, as it stands now. */
import type { ExecutionRecord } from '../client.js';
import { formatDuration } from '../domain/duration.js';
import { formatError } from '../domain/errors.js';
import { refusedSteps } from '../domain/failure.js';
import { messageInLine } from '../domain/fault.js';
import { progressText } from '../domain/progress.js';
import { oneLine, table, type Cell } from './columns.js';
import { option, type CommandDefinition, type CommonOptions } from './command.js';
import { EXIT } from './exit.js';
import { countsText, renderNodes } from './frame.js';
import type { GraphView } from './graph-view.js';
import { utcTime } from './utc-time.js';
import { shortened } from './long-text.js';
import { orMissingNode } from './missing-node.js';
import type { Output } from './output.js';
import { printSteps } from './result-text.js';
import { withReadingSession, type Session } from './session.js';
import { snapshotOf, type Snapshot } from './snapshot.js';
import { painter, signOf } from './status-style.js';

interface StatusOptions extends CommonOptions {
  all?: boolean;
}

export const status: CommandDefinition<StatusOptions> = {
  name: 'status',
  summary: 'Show how an execution, or one node of it, stands now',
  description:
    'Of more than 200 nodes those that are not completed or skipped, the most telling 100 of them. Of a map its items, of a ' +
    'sub-graph its nodes. Where no worker answers, nodes are as the store last had them, and all of it where Temporal cannot ' +
    'be reached; the JSON says `asOf` when.',
  parameters: [['<id>', "the execution's id, or <execution>/<node>"]],
  options: [option('--all', 'all nodes, however many')],
  examples: [
    ['tempograph status nightly-3f2a', 'the execution and its nodes'],
    ['tempograph status nightly-3f2a/fetch --json', 'one node'],
  ],
  run: async (out, options, [id = '']) =>
    await withReadingSession(out, options, async (session) => {
      const snapshot = await orMissingNode(session, id, snapshotOf(session, id));
      const { record, nodes, asOf, view } = snapshot;
      if (!snapshot.answered) out.note(silenceText(id, snapshot));
      const reruns = await rerunsOf(session, record);
      out.document({
        ...record,
        ...(reruns.length > 0 ? { reruns } : {}),
        ...(nodes ? { nodes } : {}),
        ...(asOf === undefined ? {} : { asOf }),
      });
      // The only node of a lone task is the execution itself.
      const below = view && record.kind !== 'task' && view.nodes.size > 0 ? view : undefined;
      printRecord(out, record, reruns, below);
      const { status: how, kind, error } = record;
      if (how === 'REJECTED' && (kind === 'graph' || kind === 'task' || kind === 'batch'))
        printSteps(out, refusedSteps(error, kind));
      if (below) {
        const width = out.live ? out.width : Infinity;
        out.print();
        const look = { width, now: Date.now(), style: out.style, all: options.all === true };
        for (const line of renderNodes(below, look)) out.print(line);
        for (const asking of below.asking)
          out.note(`to answer: tempograph approve ${id}/${asking}, or deny`);
      }
      return EXIT.done;
    }),
};

function silenceText(id: string, { record, away, asOf }: Snapshot): string {
  if (away) {
    const since = record.endedAt === null ? ', and may have gone on since' : '';
    return `Temporal cannot be reached: ${id} is shown as the store last had it, of ${utcTime(asOf ?? record.createdAt)}${since}`;
  }
  const known =
    asOf === undefined
      ? 'this is what the server knows'
      : `nodes are shown as the store last had them, of ${utcTime(asOf)}, and may have gone on since`;
  return `no worker of ${id} answered: ${known}; "tempograph explain ${id}" says which queue has none`;
}

/** Ids of the executions that are reruns of it, the newest first: as far as a store knows. */
async function rerunsOf(
  { engine }: Session,
  { executionId, kind, endedAt }: ExecutionRecord,
): Promise<string[]> {
  if (endedAt === null || (kind !== 'graph' && kind !== 'task')) return [];
  const found = await engine.listExecutions({ rerunOf: executionId }).catch(() => undefined);
  return (found?.executions ?? []).map((one) => one.executionId);
}

function printRecord(
  out: Output,
  record: ExecutionRecord,
  reruns: readonly string[],
  below: GraphView | undefined,
): void {
  const { style } = out;
  const paint = painter(record.status, style);
  const warned = record.warnings.length > 0 ? ' with warnings' : '';
  out.print(
    `${paint(`${signOf(record.status)} ${record.status}${warned}`)}  ${style.bold(oneLine(record.executionId))}`,
  );
  const rows = factsOf(record, reruns, below).map(([name, text]): Cell[] => [
    { text: `  ${name}`, paint: style.dim },
    { text },
  ]);
  for (const line of table(rows)) out.print(line);
}

function askedText({ by, reason }: { by?: string | undefined; reason?: string | undefined } = {}) {
  return [...(by === undefined ? [] : [`by ${by}`]), ...(reason === undefined ? [] : [reason])];
}

/** Who cancelled it, and why, as far as they said. */
function cancelText({ status, statusHistory = [] }: ExecutionRecord): string | null {
  if (status !== 'CANCELLED') return null;
  const asked = statusHistory.findLast(
    ({ status: led, by, note }) => led === status && (by ?? note),
  );
  return asked ? askedText({ by: asked.by, reason: asked.note }).join(', ') : null;
}

function nodesText(below: GraphView): [string, string] {
  const isMap = [...below.nodes.keys()].every((id) => /^\d+$/.test(id));
  return [isMap ? 'items' : 'nodes', countsText(below.counts())];
}

function factsOf(
  record: ExecutionRecord,
  reruns: readonly string[],
  below: GraphView | undefined,
): [string, string][] {
  const { kind, taskId, reason, attempts, startedAt, endedAt, durationMs, error } = record;
  const { project, sessionId, nextRetryAt, warnings, output, progress } = record;
  const { rerunOf, rerun, reused, priority, dependencies = [] } = record;
  const facts: [string, string | null | undefined][] = [
    [kind === 'graph' ? 'graph' : 'task', taskId],
    ['reason', reason],
    ['cancelled', cancelText(record)],
    ...(below ? [nodesText(below)] : []),
    ['priority', priority === 'MEDIUM' ? null : priority],
    ['after', dependencies.join(', ')],
    // What is made of nodes is attempted by them.
    ['attempts', kind === 'graph' || (below && !attempts) ? null : attempts?.toString()],
    ['next', nextRetryAt && utcTime(nextRetryAt)],
    ['progress', progress && endedAt === null ? progressText(progress) : null],
    ['rerun of', rerunOf && [rerunOf, ...askedText(rerun)].join(', ')],
    ['kept from', reused?.executionId],
    ['rerun as', reruns.join(', ')],
    ['project', project],
    ['session', sessionId],
    ['started', startedAt && utcTime(startedAt)],
    ['ended', endedAt && utcTime(endedAt)],
    ['took', durationMs === null ? null : formatDuration(durationMs)],
    ['error', error && oneLine(formatError({ ...error, message: messageInLine(error) }))],
    ...warnings.map((warning): [string, string] => ['warning', warning]),
    ['output', output === null || kind === 'graph' ? null : JSON.stringify(output)],
  ];
  return facts.flatMap(([name, text]): [string, string][] =>
    text ? [[name, shortened(text)]] : [],
  );
}
