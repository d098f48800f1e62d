/** Runs hooks around a node, each within its own time. */
import { splitMark } from '../domain/catalogue-mark.js';
import { messageOf, TaskError } from '../domain/errors.js';
import { jsonText } from '../domain/json-loss.js';
import { isObject, type Json } from '../domain/json.js';
import type { NodeOutcome } from '../domain/outcome.js';
import type { HookContext, HookDefinition, HookExecution, PostHook } from '../task-hooks.js';
import type { TaskLogger } from '../task-context.js';
import type { NodeRequest } from '../workflows/requests.js';
import type { Deps } from './deps.js';
import { loadValue } from './values.js';

const DEFAULT_TIMEOUT_MS = 30_000;
/** Characters of a warning. */
const WARNING_LIMIT = 500;

/** What hooks are told of a node. */
export interface HookSubject {
  request: NodeRequest;
  attempt: number;
  input: Json;
  metadata: Record<string, unknown>;
  log: TaskLogger;
  signal: AbortSignal;
}

/**
 * The input after all pre hooks, in order.
 *
 * @throws TaskError VETOED when a hook throws: the attempt is refused
 */
export async function runPreHooks(deps: Deps, subject: HookSubject): Promise<Json> {
  const { request } = subject;
  let { input } = subject;
  for (const hook of deps.registry.preHooks(request.execution.hooks.pre, request.node.task)) {
    try {
      const execution: HookExecution = { ...described(subject), status: 'PREPARING', input };
      const changed = await deps.spans.hook('pre', hook.name, () =>
        timed(
          hook,
          (signal) => hook.run(execution, contextOf(hook, subject, signal)),
          subject.signal,
        ),
      );
      if (isObject(changed) && 'input' in changed) {
        input = JSON.parse(jsonText(changed['input'], 'the input that it gives')) as Json;
      }
    } catch (error) {
      throw new TaskError(
        'VETOED',
        `pre hook ${JSON.stringify(hook.name)} refused: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }
  return input;
}

/**
 * Runs the post hooks of a node that has ended.
 *
 * @param neverStarted only hooks registered with `onSkipped` run
 * @returns a warning for each hook that failed; the outcome stays as it is
 */
export async function runPostHooks(
  deps: Deps,
  subject: HookSubject,
  outcome: NodeOutcome,
  neverStarted = false,
): Promise<string[]> {
  const hooks = postHooksOf(deps, subject, neverStarted);
  if (hooks.length === 0) return [];
  const output = outcome.output ? await loadValue(deps.blobs, outcome.output) : undefined;
  const execution: HookExecution = {
    ...described(subject),
    status: outcome.status,
    input: subject.input,
    attempts: outcome.attempts,
    ...(output === undefined ? {} : { output }),
    ...(outcome.error ? { error: outcome.error } : {}),
    ...(outcome.warnings ? { warnings: outcome.warnings } : {}),
  };
  const warnings: string[] = [];
  for (const hook of hooks) {
    try {
      await deps.spans.hook('post', hook.name, () =>
        timed(hook, (signal) => hook.run(execution, contextOf(hook, subject, signal))),
      );
    } catch (error) {
      const warning = `post hook ${JSON.stringify(hook.name)} failed: ${messageOf(error)}`.slice(
        0,
        WARNING_LIMIT,
      );
      subject.log.warn(warning);
      warnings.push(warning);
    }
  }
  return warnings;
}

/** Whether any post hook is for an end of this kind. */
export function hasPostHooks(deps: Deps, subject: HookSubject, neverStarted: boolean): boolean {
  return postHooksOf(deps, subject, neverStarted).length > 0;
}

function postHooksOf(
  { registry }: Deps,
  { request }: HookSubject,
  neverStarted: boolean,
): HookDefinition<PostHook>[] {
  return registry
    .postHooks(request.execution.hooks.post, request.node.task)
    .filter((hook) => !neverStarted || hook.onSkipped);
}

function described({
  request,
  attempt,
  metadata: given,
}: HookSubject): Pick<
  HookExecution,
  'executionId' | 'graphId' | 'nodeId' | 'task' | 'catalogueTaskId' | 'attempt' | 'metadata'
> {
  const { execution, node } = request;
  const { mark, rest: metadata } = splitMark(given);
  return {
    executionId: `${execution.id}/${node.id}`,
    graphId: execution.id,
    nodeId: node.id,
    task: node.task,
    ...(mark ? { catalogueTaskId: mark.id } : {}),
    attempt,
    metadata,
  };
}

function contextOf(
  hook: HookDefinition<unknown>,
  { request, attempt, log }: HookSubject,
  signal: AbortSignal,
): HookContext {
  return {
    signal,
    log,
    dedupe: {
      executionId: `${request.execution.id}/${request.node.id}`,
      attempt,
      hookId: hook.name,
    },
  };
}

async function timed<T>(
  hook: HookDefinition<unknown>,
  run: (signal: AbortSignal) => T | Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const limitMs = hook.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const limit = AbortSignal.timeout(limitMs);
  const signal = outer ? AbortSignal.any([limit, outer]) : limit;
  const stopped = new Promise<never>((_, reject) => {
    const stop = (): void =>
      reject(limit.aborted ? new Error(`not done within ${limitMs} ms`) : (signal.reason as Error));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  stopped.catch(() => undefined); // the race may be long decided
  return await Promise.race([Promise.resolve(run(signal)), stopped]);
}
