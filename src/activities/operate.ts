/** What a worker finds out for people who ask something of a running graph (`workflows/operator-messages.ts`). */
import { getClient } from '@temporalio/activity';
import { WorkflowNotFoundError, type WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { splitOf } from '../domain/budget.js';
import { messageOf, TaskError } from '../domain/errors.js';
import { fault, type Fault } from '../domain/fault.js';
import { editedNodes, mergeEdit, placeFaults } from '../domain/graph-edit.js';
import { isObject, jsonBytes, preview, type Json } from '../domain/json.js';
import type { HeartbeatDetails } from '../domain/outcome.js';
import { bodiesOf } from '../domain/plan.js';
import type {
  AttemptLook,
  CheckedValue,
  CheckValueRequest,
  LookAtAttempts,
  PlanEditRequest,
  PlannedEdit,
} from '../workflows/operator-messages.js';
import { storeBelow, storeGiven } from './below-specs.js';
import type { Deps } from './deps.js';
import { checked } from './ends.js';
import { loadBody } from './resolve.js';
import { schemaOf } from './program-task.js';
import { planHere } from './prepare.js';
import { recordEdit } from './record-open.js';
import { storeOutput } from './values.js';

type PendingActivity = NonNullable<
  WorkflowExecutionDescription['raw']['pendingActivities']
>[number];

/** PENDING_ACTIVITY_STATE_SCHEDULED. */
const SCHEDULED = 1;

/** A value as a node's output: checked against the task's output schema, and stored. What is wrong with it is an answer. */
export async function checkValue(
  deps: Deps,
  { task: name, value, inlineLimit, shaped, kind, body }: CheckValueRequest,
): Promise<CheckedValue> {
  const task = deps.registry.get(name);
  const makesItsOwn = shaped || task?.definition.processResult !== undefined;
  try {
    const program = body && (await loadBody(deps, body));
    const said = program?.outputSchema ? schemaOf(program.outputSchema) : task?.definition.output;
    if (kind === 'map' && !Array.isArray(value))
      throw new TaskError('OUTPUT_INVALID', `the output of a map is a list, got ${preview(value)}`);
    const message = program
      ? 'its outputSchema refuses the value'
      : `task ${JSON.stringify(name)} has an output schema that refuses the value`;
    const schema = makesItsOwn ? undefined : said;
    const check = (one: Json): Promise<unknown> => checked(schema, one, 'OUTPUT_INVALID', message);
    const taken =
      kind === 'map' ? await Promise.all((value as Json[]).map(check)) : await check(value);
    const limits = { inline: inlineLimit, maxBytes: deps.settings.maxOutputBytes };
    return {
      ...(await storeOutput(deps.blobs, taken, limits)),
      ...(task ? { taskVersion: task.version } : {}),
      ...(task || program ? {} : { unchecked: 'the worker that was asked does not know the task' }),
      ...((task || said) && makesItsOwn
        ? { unchecked: "the node's output is made of what its task gives" }
        : {}),
    };
  } catch (error) {
    if (error instanceof TaskError && error.code !== 'STORE')
      return { refused: messageOf(error).slice(0, 3_000) };
    throw error;
  }
}

/** How nodes' activities stand with the server, and what they have behind them. */
export async function lookAtAttempts({
  workflowId,
  nodeIds,
}: LookAtAttempts): Promise<AttemptLook[]> {
  try {
    const { raw } = await getClient().workflow.getHandle(workflowId).describe();
    const byId = new Map(raw.pendingActivities?.map((one) => [one.activityId, one]));
    return nodeIds.map((id) => lookOf(byId.get(id)));
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return nodeIds.map(() => ({ state: 'none' }));
  }
}

function lookOf(found: PendingActivity | undefined): AttemptLook {
  if (!found) return { state: 'none' };
  if (Number(found.state) !== SCHEDULED) return { state: 'started' };
  const attempt = found.attempt ?? 1;
  const { seconds, nanos } = found.scheduledTime ?? {};
  const dueAt = Number(seconds ?? 0) * 1_000 + Math.floor((nanos ?? 0) / 1e6);
  if (attempt === 1) return { state: 'queued' };
  const [payload] = found.heartbeatDetails?.payloads ?? [];
  const details = payload && defaultPayloadConverter.fromPayload<HeartbeatDetails>(payload);
  return {
    state: 'waiting',
    dueAt,
    attempts: attempt - 1,
    history: details?.attempts ?? [],
    executionTimeMs: details?.executionTimeMs ?? 0,
    ...(details?.checkpoint === undefined ? {} : { checkpoint: details.checkpoint }),
  };
}

/** The nodes of an edit, planned with the whole graph as it will be, or everything that is wrong with it. */
export async function planEdit(deps: Deps, request: PlanEditRequest): Promise<PlannedEdit> {
  const { spec, submission, executionId } = request;
  const tasks = isObject(spec) && Array.isArray(spec['tasks']) ? spec['tasks'] : [];
  const merged = mergeEdit(tasks, request);
  if ('faults' in merged) return merged;
  const { names } = merged;
  const whole = { ...(spec as object), tasks: merged.tasks } as Json;
  const planned = planHere(deps, whole, submission);
  if ('faults' in planned) return { faults: placeFaults(planned.faults, names) };
  const { plan, valid } = planned;
  await storeGiven(deps.blobs, plan);
  const tooLarge = oneRunFault(deps, plan, jsonBytes(bodiesOf(valid.graph.tasks, plan)));
  if (tooLarge) return { faults: [tooLarge] };
  await storeBelow(deps, valid, plan);
  const edited = editedNodes(request.plan, plan, names);
  deps.log.info(
    { executionId, nodes: names.size, faults: 'faults' in edited ? edited.faults.length : 0 },
    'an edit of the graph was planned',
  );
  if (!('faults' in edited)) await recordEdit(deps, executionId, plan.nodes.length);
  const { compensation } = plan;
  return { ...edited, ...(compensation ? { compensation } : {}) };
}

/** The graph runs in one piece, and has to go on doing so. */
function oneRunFault(
  { settings }: Deps,
  plan: Parameters<typeof splitOf>[0],
  bodyBytes: number,
): Fault | undefined {
  if (splitOf(plan, bodyBytes, settings).pieces === 'one') return undefined;
  const message = `the graph would have ${plan.nodes.length} tasks, too many for the one run that it has`;
  return fault(['add'], 'TOO_LARGE', message, 'start another graph that depends on its nodes');
}
