/** The record of one node of a graph. */
import { getOwn } from '../domain/json.js';
import type { Reused, RunEnvironment } from '../domain/outcome.js';
import { listOf } from './artifacts.js';
import type { ExecutionHandle } from './handle.js';
import { notFound } from './not-found.js';
import type { ExecutionRecord } from './record.js';
import type { References } from './references.js';
import { historyOf } from './result.js';
import type { NodeView } from '../workflows/messages.js';

/**
 * @param parts.view how it stands now, of a graph that has not ended
 * @throws TaskError NOT_FOUND
 */
export async function nodeRecord(
  graph: ExecutionRecord,
  handle: ExecutionHandle,
  nodeId: string,
  { references, view }: { references: References; view: NodeView | undefined },
): Promise<ExecutionRecord> {
  const ended = view ? undefined : getOwn((await handle.result()).nodes, nodeId);
  if (!view && !ended) throw notFound(`${graph.executionId}/${nodeId}`);
  const output = view?.output ? await references.value(view.output) : (ended?.output ?? null);
  const { workflowMs: _graphs, ...common } = graph;
  return {
    ...common,
    executionId: `${graph.executionId}/${nodeId}`,
    kind: graph.kind === 'batch' ? 'item' : 'node',
    taskId: (view ?? ended)?.task ?? nodeId,
    status: (view ?? ended)?.status ?? graph.status,
    reason: view?.reason ?? ended?.reason ?? null,
    output,
    error: view?.error ?? ended?.error ?? null,
    warnings: view?.warnings ?? ended?.warnings ?? [],
    attempts: (view ?? ended)?.attempts ?? null,
    nextRetryAt: view?.nextRetryAt ?? null,
    ...(view
      ? { artifacts: await listOf(view.artifacts, references) }
      : { artifacts: ended?.artifacts ?? [] }),
    metrics: (view ?? ended)?.metrics ?? {},
    ...environmentOf((view ?? ended)?.environment),
    ...(view?.progress ? { progress: { ...view.progress } } : {}),
    ...((view ?? ended)?.cached ? { cached: true } : {}),
    ...reusedOf((view ?? ended)?.reused),
    counts: null,
    statusHistory: view ? historyOf(view, graph.createdAt) : (ended?.statusHistory ?? []),
    startedAt: view?.startedAt ?? ended?.startedAt ?? null,
    endedAt: view?.endedAt ?? ended?.endedAt ?? null,
    durationMs: view?.durationMs ?? ended?.durationMs ?? null,
  };
}

const environmentOf = (environment: RunEnvironment | null | undefined): Partial<ExecutionRecord> =>
  environment ? { environment } : {};

const reusedOf = (reused: Reused | null | undefined): Partial<ExecutionRecord> =>
  reused ? { reused } : {};
