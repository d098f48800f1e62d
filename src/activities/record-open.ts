/** A new execution in the store, as the first step of its life knows it. */
import { splitMark } from '../domain/catalogue-mark.js';
import type { GivenParts } from '../domain/given.js';
import { laterStart } from '../domain/later-start.js';
import type { JsonObject } from '../domain/json.js';
import { taskOf } from '../domain/node-kind.js';
import { nodeBody, withGiven, type Plan } from '../domain/plan.js';
import type { ParsedGraph, ParsedSubmission } from '../domain/spec.js';
import { nodeIdentity, openRow } from '../observe/projection.js';
import type { ExecutionInfo, Prepared } from '../workflows/requests.js';
import type { Counts } from '../workflows/messages.js';
import { endingOfLetter } from '../domain/scheduler-snapshot.js';
import type { Status } from '../domain/status.js';
import { PRIORITY_KEY } from '../domain/priority.js';
import type { Deps } from './deps.js';

/** Records that an execution has begun; of a batch, each of its items. */
export function recordOpen(
  deps: Deps,
  { execution, awaits, place, startsAt, rerun }: Prepared,
  plan: Plan,
  { graph, submission, metadata, tags, given }: OpenFacts,
): void {
  const { recorder } = deps;
  if (!recorder) return;
  const waits = awaits !== undefined || place !== undefined || execution.kind !== 'graph';
  if (execution.kind !== 'batch') {
    // A lone task's own definition may say it, or nobody: then it is the library's.
    const lone = execution.kind === 'task' ? plan.classes[plan.nodes[0]?.class ?? 0] : undefined;
    const priority = lone?.priority ?? submission.options?.priority;
    const later = laterStart(startsAt, Date.now());
    const status = later !== undefined ? 'SCHEDULED' : waits ? 'PENDING' : 'RUNNING';
    const dependencies = awaits?.ids ?? [];
    recorder.record(
      openRow(execution, recorder.next(), {
        ...{ status, metadata, tags, dependencies, priority, deadlineMs: plan.deadlineMs },
        reason:
          later !== undefined
            ? 'start_time'
            : awaits
              ? 'dependencies'
              : place
                ? 'limit'
                : undefined,
        nodeCounts: countsAtStart(plan, rerun?.nodes),
        ...(later === undefined ? {} : { scheduledTime: later }),
      }),
    );
    return;
  }
  plan.nodes.forEach((node, index) => {
    const options = plan.classes[node.class];
    const spec = graph.tasks[index] ?? {};
    const body = withGiven(nodeBody(spec), given[node.class] ?? {});
    const { mark, rest: said } = splitMark(body.metadata ?? {});
    const { tags: own, requestId, ...rest } = said;
    recorder.record({
      ...nodeIdentity(execution, node.id),
      taskId: taskOf(spec),
      sequence: recorder.next(),
      status: 'PENDING',
      reason: 'window',
      metadata: rest,
      ...(Array.isArray(own) ? { tags: own as string[] } : {}),
      ...(typeof requestId === 'string' ? { requestId } : {}),
      ...(mark ? { catalogueTaskId: mark.id, catalogueTaskVersion: mark.version } : {}),
      ...(node.notBefore === undefined ? {} : { scheduledTime: node.notBefore }),
      ...(options
        ? { priority: PRIORITY_KEY[options.priority], maxRetries: options.retry.maxRetries }
        : {}),
      statusHistory: [{ status: 'PENDING', at: execution.run.startedAt }],
    });
  });
}

/** @param letters of a rerun: how nodes have ended that it keeps */
function countsAtStart({ nodes }: Plan, letters = ''): Counts {
  const counts: Counts = {};
  for (let index = 0; index < nodes.length; index++) {
    const { status = 'PENDING' } = endingOfLetter(letters.charAt(index)) ?? {};
    counts[status as Status] = (counts[status as Status] ?? 0) + 1;
  }
  return counts;
}

/** Records that an edit made a graph larger. */
export async function recordEdit(
  { recorder, store }: Deps,
  executionId: string,
  nodeCount: number,
): Promise<void> {
  const row = await store?.executions.get(executionId).catch(() => undefined);
  if (!recorder || !row?.nodeCounts) return;
  const { PENDING: _, ...kept } = row.nodeCounts as Counts;
  const left = Object.values(kept).reduce((rest, count) => rest - count, nodeCount);
  const { kind } = row;
  recorder.record({
    ...{ executionId, kind, sequence: recorder.next(), nodeCounts: { ...kept, PENDING: left } },
  });
}

interface OpenFacts {
  graph: ParsedGraph;
  submission: ParsedSubmission;
  metadata: JsonObject;
  tags: readonly string[];
  /** What each class of the plan gives its nodes. */
  given: readonly GivenParts[];
}

/** Records an execution that was refused before anything ran. */
export function recordRefused(
  deps: Deps,
  info: Pick<ExecutionInfo, 'id' | 'run' | 'graph'> & { kind?: ExecutionInfo['kind'] },
  message: string,
): void {
  const { recorder } = deps;
  // A batch has no row; its items the reconciler ends.
  if (!recorder || info.kind === 'batch') return;
  const now = Date.now();
  recorder.record({
    executionId: info.id,
    kind: info.kind ?? 'graph',
    taskId: info.graph,
    workflowId: info.id,
    run: info.run,
    createdAt: info.run.startedAt,
    endedAt: now,
    sequence: recorder.next(),
    status: 'REJECTED',
    error: { code: 'SPEC_INVALID', message, origin: 'engine', retriable: false },
    statusHistory: [
      { status: 'PENDING', at: info.run.startedAt },
      { status: 'REJECTED', at: now },
    ],
  });
}
