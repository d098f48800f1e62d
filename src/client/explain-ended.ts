/** `explain` of an execution that has ended: how, and where its wall time went. */
import type { Explanation, NodeExplanation, Reason } from '../domain/explain.js';
import { bottleneckText, sentenceOf } from '../domain/explain-text.js';
import { isTerminal } from '../domain/status.js';
import { wallTimeOf, type TimedNode } from '../domain/wall-time.js';
import { awaitEnding, loadManifest, manifestNodes } from '../observe/closing.js';
import type { Manifest, NodeView } from '../workflows/messages.js';
import type { ExplainParts } from './explain-facts.js';
import { notFound } from './handle.js';
import type { ExecutionRecord } from './record.js';

/** @throws TaskError NOT_FOUND for a node that it does not have */
export async function explainEnded(
  { client, references }: ExplainParts,
  { executionId }: ExecutionRecord,
  nodeId: string | undefined,
): Promise<Explanation> {
  const { status, close, error } = await awaitEnding(client.workflow.getHandle(executionId));
  const readJson = (ref: string) => references.json(ref);
  const manifest = close && (await loadManifest(close, readJson));
  const views = manifest ? await manifestNodes(manifest, readJson) : [];
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
  const wanted = views.filter(({ id }) => id === nodeId);
  if (nodeId !== undefined && wanted.length === 0) throw notFound(`${executionId}/${nodeId}`);
  const { code, message } = manifest?.error ?? error ?? {};
  const reason: Reason = {
    ...{ kind: 'ended', status, reason: null, after: null },
    error: code === undefined ? null : { code, message: message ?? '' },
  };
  return {
    ...{ executionId, status, at: new Date().toISOString(), reasons: [reason], bound: null },
    sentence: wallTime ? bottleneckText(wallTime) : sentenceOf(reason),
    nodes: wanted.flatMap((view) => endedNode(executionId, view)),
    wallTime,
  };
}

function endedNode(executionId: string, view: NodeView): NodeExplanation[] {
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
