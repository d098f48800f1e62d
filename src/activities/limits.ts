/** Opening limits for a graph that begins, and telling their keepers what a workflow cannot tell itself. */
import { Context, getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import { fault, type Fault } from '../domain/fault.js';
import { getOwn, preview } from '../domain/json.js';
import { EXECUTIONS_KEY, limiterId, tooHeavy } from '../domain/limit.js';
import { PRIORITY_KEY } from '../domain/priority.js';
import type {
  LimitArgs,
  LimitAsk,
  LimitMemo,
  PreparedLimit,
  TellLimits,
  Totals,
} from '../domain/limit-messages.js';
import { schedulerNodes, type Plan, type PlanLimit } from '../domain/plan.js';
import { MEMO, SIGNAL, WORKFLOW } from '../workflows/messages.js';
import type { Deps } from './deps.js';

interface Opening {
  executionId: string;
  project: string | undefined;
  /** It waits for other executions first, so it wants nothing yet. */
  waits: boolean;
}

/**
 * Registers a graph with the keepers of its limits and starts those that do not run.
 *
 * @returns what the graph needs to talk to them, or what is wrong with its limits; then none is left open
 */
export async function openLimits(
  deps: Deps,
  plan: Plan,
  opening: Opening,
): Promise<{ limits: PreparedLimit[] } | { faults: Fault[] }> {
  const limits: PreparedLimit[] = [];
  const faults: Fault[] = [];
  for (const [index, limit] of (plan.limits ?? []).entries()) {
    const found = await openOne(deps, plan, index, limit, opening);
    if (typeof found === 'object') limits.push(found);
    else faults.push(fault(['tasks', limit.node, 'limit'], 'LIMIT', found, HINT));
  }
  if (faults.length === 0) return { limits };
  await closeLimits(limits);
  return { faults };
}

const HINT = 'say the same max wherever the key is used, or say it once in the settings';

/** What an execution needs before its first node: a place for each node of it that counts as an execution of its own. */
export async function openPlace(
  deps: Deps,
  plan: Plan,
  { executionId, project, waits, weight }: Opening & { weight: number },
): Promise<PreparedLimit | undefined> {
  const { maxConcurrentExecutions: max } = deps.settings;
  if (max === null) return undefined;
  const key = EXECUTIONS_KEY;
  const id = limiterId(key, project);
  const { runId } = Context.current().info.workflowExecution ?? { runId: '' };
  const priority = Math.min(...plan.classes.map((one) => PRIORITY_KEY[one.priority]));
  const opened: LimitAsk = {
    ...{ graph: executionId, run: runId, sequence: 0, fairnessKey: '', granted: {}, released: {} },
    ...(waits ? { asked: {}, priority: 5 } : { asked: { [weight]: 1 }, priority }),
    max,
  };
  const args: LimitArgs = { key, max, defined: max, ...(project === undefined ? {} : { project }) };
  await signalWithStart(deps, id, args, opened);
  return { id, key, max, opened };
}

/** Takes a graph that will not run out of its limits again. */
export async function closeLimits(limits: readonly PreparedLimit[]): Promise<void> {
  for (const { id, opened } of limits) await tellClosed(id, opened);
}

/** Gives messages to keepers; those that do not run are started, unless the message is that a graph has ended. */
export async function tellLimits(deps: Deps, messages: TellLimits): Promise<object> {
  for (const { id, args, ask } of messages) {
    if (ask.closed) await tellClosed(id, ask);
    else await signalWithStart(deps, id, args, ask);
  }
  return {};
}

/** @returns the limit, or what is wrong with it */
async function openOne(
  deps: Deps,
  plan: Plan,
  index: number,
  { key, max: stated }: PlanLimit,
  { executionId, project, waits }: Opening,
): Promise<PreparedLimit | string> {
  const settled = getOwn(deps.settings.limits, key)?.max;
  if (stated !== undefined && settled !== undefined && stated !== settled)
    return `the limit ${preview(key)} has max ${stated} here and ${settled} in the worker's settings`;
  const id = limiterId(key, project);
  const before = await memoOf(id);
  const max = stated ?? settled ?? before?.defined;
  if (max === undefined)
    return `the limit ${preview(key)} has no max: none is said here or in the worker's settings, and no graph is using it`;
  if (disagrees(before, max)) return different(key, max, before);
  const heaviest = Math.max(...lanesOf(plan, index).map(({ weight }) => weight));
  if (heaviest > max) return tooHeavy(key, heaviest, max).message;
  const { runId } = Context.current().info.workflowExecution ?? { runId: '' };
  const nothing = { granted: {}, released: {} };
  const opened: LimitAsk = {
    ...{ graph: executionId, run: runId, sequence: 0, fairnessKey: project ?? '', ...nothing },
    ...(waits ? { asked: {}, priority: 5 } : atFirst(plan, index)),
  };
  const args: LimitArgs = { key, max, defined: max, ...(project === undefined ? {} : { project }) };
  await signalWithStart(deps, id, args, opened);
  const running = await memoOf(id);
  if (disagrees(running, max)) {
    await tellClosed(id, opened); // another graph was quicker
    return different(key, max, running);
  }
  return { id, key, max: running?.max ?? max, opened };
}

/** What a limit was changed to while it runs is as good as what it was defined as. */
const disagrees = (running: LimitMemo | undefined, max: number): boolean =>
  running !== undefined && running.defined !== max && running.max !== max;

const different = (key: string, max: number, running: LimitMemo | undefined): string =>
  `the limit ${preview(key)} has max ${max} here, and is running with ${running?.defined}`;

const lanesOf = ({ lanes = [] }: Plan, limit: number): { lane: number; weight: number }[] =>
  lanes.flatMap((one, lane) => (one.limit === limit ? [{ lane, weight: one.weight }] : []));

/** What the graph wants when it begins: places for the nodes that wait for nothing, as far as its window goes. */
function atFirst(plan: Plan, index: number): Pick<LimitAsk, 'asked' | 'priority'> {
  const asked: Totals = {};
  let priority = 5;
  const first = schedulerNodes(plan).filter(
    ({ dependsOn, startDelayMs, notBefore, trigger, looksFirst }) =>
      (dependsOn.length === 0 || trigger === 'always') &&
      !startDelayMs &&
      !notBefore &&
      !looksFirst,
  );
  for (const { lane, weight } of lanesOf(plan, index)) {
    const nodes = first.filter((node) => node.lane === lane);
    asked[weight] = Math.min(nodes.length, plan.concurrency);
    priority = Math.min(priority, ...nodes.map(({ priorityKey }) => priorityKey));
  }
  return { asked, priority };
}

async function signalWithStart(
  deps: Deps,
  id: string,
  args: LimitArgs,
  ask: LimitAsk,
): Promise<void> {
  const { key, project, max, defined } = args;
  const memo: LimitMemo = { key, max, defined, ...(project === undefined ? {} : { project }) };
  await getClient().workflow.signalWithStart(WORKFLOW.limit, {
    workflowId: id,
    taskQueue: deps.settings.taskQueue,
    args: [args],
    signal: SIGNAL.limitAsk,
    signalArgs: [ask],
    memo: { [MEMO.limit]: memo },
    staticSummary: `limit ${key}`,
  });
}

async function tellClosed(id: string, ask: LimitAsk): Promise<void> {
  const closed: LimitAsk = { ...ask, closed: true };
  try {
    await getClient().workflow.getHandle(id).signal(SIGNAL.limitAsk, closed);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error; // then nobody counts its places any more
  }
}

/** What a limit that runs was started with, and what it is now. */
async function memoOf(id: string): Promise<LimitMemo | undefined> {
  try {
    const { status, memo } = await getClient().workflow.getHandle(id).describe();
    return status.name === 'RUNNING' ? (memo?.[MEMO.limit] as LimitMemo | undefined) : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
