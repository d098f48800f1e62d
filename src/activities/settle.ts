/** Post hooks for the ends that the pipeline cannot see: a time-out, a lost worker, a cancel, a node that never started. */
import { Context } from '@temporalio/activity';
import type { Json } from '../domain/json.js';
import type { SettleRequest } from '../workflows/requests.js';
import type { Deps } from './deps.js';
import { runPostHooks } from './hooks.js';
import { nodeLogger } from './node-log.js';
import { resolveInput } from './resolve.js';
import { loadValue } from './values.js';

/** @returns a warning for each hook that failed */
export async function settle(
  deps: Deps,
  { request, outcome, neverStarted }: SettleRequest,
): Promise<string[]> {
  const log = nodeLogger(deps, request, outcome.attemptCount);
  let input: Json = null;
  let metadata: Record<string, unknown> = {};
  try {
    const resolved = await resolveInput(deps, request);
    metadata = resolved.metadata;
    input = outcome.unmade
      ? await loadValue(deps.blobs, outcome.unmade.input)
      : resolved.late.shown(resolved.input);
  } catch (error) {
    if (!neverStarted) log.warn(`post hooks run without the input: ${(error as Error).message}`);
  }
  const subject = {
    request,
    attempt: outcome.attemptCount,
    input,
    metadata,
    log,
    signal: Context.current().cancellationSignal,
  };
  return await runPostHooks(deps, subject, outcome, neverStarted);
}
