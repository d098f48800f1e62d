/** `explain` of an execution that has ended: how, why it failed, and where its wall time went. */
import type { Explanation, NodeExplanation, Reason } from '../domain/explain.js';
import { bottleneckText, failureText, notUndoneText, sentenceOf } from '../domain/explain-text.js';
import { failureOf, failuresOf, type EndedExecution, type Failure } from '../domain/failure.js';
import { isTerminal, type StatusChange, type TerminalStatus } from '../domain/status.js';
import { wallTimeOf, type TimedNode } from '../domain/wall-time.js';
import { awaitEnding, loadManifest, manifestNodes } from '../observe/closing.js';
import { FAILURES_KEPT, type GraphClose, type Manifest } from '../workflows/manifest.js';
import type { NodeView } from '../workflows/messages.js';
import type { ExplainParts } from './explain-facts.js';
import { notFound } from './not-found.js';
import type { ExecutionRecord } from './record.js';

/** @throws TaskError NOT_FOUND for a node that it does not have */
export async function explainEnded(
  parts: ExplainParts,
  { executionId, kind }: ExecutionRecord,
  nodeId: string | undefined,
): Promise<Explanation> {
  const { execution, manifest, views } = await ended(parts, executionId, kind);
  const { status } = execution;
  const wallTime = manifest
    ? wallTimeOf(
        {
          startedAt: Date.parse(manifest.startedAt),
          endedAt: Date.parse(manifest.endedAt),
          undoMs: undoMs(manifest),
        },
        views.map(timedNode),
      )
    : null;
  const wanted = views.find(({ id }) => id === nodeId);
  if (nodeId !== undefined && !wanted) throw notFound(`${executionId}/${nodeId}`);
  const { code, message } = execution.error ?? {};
  const reason: Reason = {
    ...{ kind: 'ended', status, reason: null, after: null },
    error: code === undefined ? null : { code, message: message ?? '' },
  };
  const told = failuresOf(execution, views);
  const [first] = told.failures;
  const timed = wallTime ? bottleneckText(wallTime) : sentenceOf(reason);
  const undone = notUndoneText(executionId, manifest?.compensation ?? []);
  const own = wanted && failureOf(execution, wanted, views);
  const failure = own?.noMore === 'inside' ? await withInside(parts, own) : own;
  return {
    ...{ executionId, status, at: new Date().toISOString(), reasons: [reason], bound: null },
    // Of an execution in which no node failed, its own error says what could not be undone.
    sentence:
      first && !first.allowed
        ? `${failureText(first)}${first.nodeId === null ? '' : undone}`
        : [cancelText(status, manifest?.marks), timed].filter(Boolean).join(' '),
    nodes: wanted ? endedNode(executionId, wanted, failure) : [],
    ...told,
    wallTime,
  };
}

/** Who cancelled it, and why: what had gone wrong is not known otherwise. Empty where neither was said. */
function cancelText(status: TerminalStatus, marks: readonly StatusChange[] = []): string {
  if (status !== 'CANCELLED') return '';
  const asked = marks.findLast((mark) => mark.status === status && (mark.by ?? mark.note));
  if (!asked) return '';
  const by = asked.by === undefined ? '' : ` by ${asked.by}`;
  return `Was cancelled${by}${asked.note === undefined ? '' : `: ${asked.note}`}.`;
}

interface Ended {
  execution: EndedExecution & { status: TerminalStatus };
  manifest: Manifest | undefined;
  views: NodeView[];
}

async function ended(
  { client, references }: ExplainParts,
  executionId: string,
  kind: ExecutionRecord['kind'],
): Promise<Ended> {
  const { status, close, error } = await awaitEnding(client.workflow.getHandle(executionId));
  const readJson = (ref: string) => references.json(ref);
  const manifest = close && (await loadManifest(close, readJson));
  const views = manifest ? await manifestNodes(manifest, readJson) : [];
  const execution = {
    ...{ executionId, status, error: manifest?.error ?? error },
    kind: kind === 'task' || kind === 'batch' ? kind : ('graph' as const),
    ...(views.length === 1 ? {} : failedBy(close)), // one alone takes its graph along
  };
  return { execution, manifest, views };
}

/** Only the first failures are kept: where there may be more it is not known whose they are. */
function failedBy(close: GraphClose | undefined): Pick<EndedExecution, 'failedBy'> {
  const { failures = [] } = close ?? {};
  const isAll = close !== undefined && failures.length < FAILURES_KEPT;
  return isAll ? { failedBy: new Set(failures.map(({ nodeId }) => nodeId)) } : {};
}

/** A sub-graph's or a map's failure, with those of the execution that it is. */
async function withInside(parts: ExplainParts, failure: Failure): Promise<Failure> {
  const { executionId } = failure;
  const below = await ended(parts, executionId, 'graph').catch(() => undefined); // it may never have begun
  if (!below) return failure;
  const { failures, moreFailures } = failuresOf(below.execution, below.views);
  const [first] = failures;
  if (!first || first.nodeId === null) return failure;
  return {
    ...failure,
    inside: failures,
    ...(moreFailures > 0 ? { insideMore: moreFailures } : {}),
    next: [
      ...first.next.filter(({ command }) => !command.includes('rerun')),
      ...failure.next.slice(1),
    ],
  };
}

function endedNode(
  executionId: string,
  view: NodeView,
  failure: Failure | undefined,
): NodeExplanation[] {
  const { id: nodeId, task, status, reason: why = null, error, after = null, times = null } = view;
  if (!isTerminal(status)) return [];
  const reason: Reason = {
    ...{ kind: 'ended', status, reason: why, after },
    error: error ? { code: error.code, message: error.message } : null,
  };
  return [
    {
      ...{ nodeId, executionId: `${executionId}/${nodeId}`, task, status, reason, times },
      ...{ sentence: sentenceOf(reason), bound: null },
      ...(failure ? { failure } : {}),
    },
  ];
}

/** One is undone after the other. */
function undoMs({ compensation = [] }: Manifest): number {
  const [first] = compensation;
  const last = compensation.at(-1);
  return first && last ? Math.max(0, Date.parse(last.endedAt) - Date.parse(first.startedAt)) : 0;
}

function timedNode({ id, readyAt, endedAt, after, times }: NodeView): TimedNode {
  return {
    ...{ id, after, times },
    readyAt: readyAt === undefined ? undefined : Date.parse(readyAt),
    endedAt: endedAt === undefined ? undefined : Date.parse(endedAt),
  };
}
