/**
 * The pipeline around every task: resolve → pre hooks → check input → run → check output → post hooks, as steps over one
 * attempt. One place (`conclude.ts`) turns what was thrown into an outcome.
 */
import { CompleteAsyncError } from '@temporalio/common';
import { TaskError } from '../domain/errors.js';
import { isObject, preview, type Json } from '../domain/json.js';
import type { ActivityOutcome, HeldOutcome, NodeOutcome } from '../domain/outcome.js';
import type { RegisteredTask } from '../registry.js';
import type { NodeRequest } from '../workflows/requests.js';
import { Artifacts } from './artifacts.js';
import { Attempt, ownActivity, type AttemptHost } from './attempt.js';
import { measureAttempt } from './attempt-metrics.js';
import { lookUp, type Kept } from './cached.js';
import { enterCircuit, reportLost } from './circuits.js';
import { keptHere } from './kept-here.js';
import { conclude, finish, subjectOf, withPostHooks } from './conclude.js';
import { makeContext } from './context.js';
import { AttemptRows, inlineText } from './attempt-rows.js';
import type { Deps } from './deps.js';
import { checked, held, outcomeOf, tellOfRetry } from './ends.js';
import type { Facts } from './facts.js';
import { recordError } from './failure.js';
import { handOver, type HandedOver } from './handover.js';
import { runPreHooks } from './hooks.js';
import { readArtifact } from './input-artifacts.js';
import { nodeLogger, type NodeLogger } from './node-log.js';
import type { Late } from './late-sources.js';
import { leaveUnmade } from './make-result.js';
import { makeOutput } from './output.js';
import { OutputLines } from './output-lines.js';
import {
  assertGranted,
  noteRun,
  programGrants,
  programRun,
  programTask,
  type ProgramGrants,
} from './program-task.js';
import { NO_REDACTION } from './redaction.js';
import { resolveInput } from './resolve.js';
import { reusable } from './reused.js';
import { hashJson } from './values.js';
import { readUntil } from './waited-for.js';

/** A task that no worker knows is given up after this long. */
const UNKNOWN_TASK_LIMIT_MS = 600_000;

/**
 * Runs one attempt of a node.
 *
 * @param host the activity that it runs in: its own, or one that it shares
 * @returns the outcome, or that the node is held
 * @throws ApplicationFailure when the attempt failed: to be tried again by the server, or final, with the outcome in its
 *   details; CancelledFailure when it was cancelled; CompleteAsyncError when its end is reported from elsewhere
 */
export async function runNode(
  deps: Deps,
  request: NodeRequest,
  host: AttemptHost = ownActivity(),
): Promise<ActivityOutcome> {
  const attempt = new Attempt(request, host);
  const end = await deps.spans.attempt(request, attempt.number, () => runAttempt(deps, attempt));
  if ('handedOver' in end) throw new CompleteAsyncError();
  return end;
}

async function runAttempt(deps: Deps, attempt: Attempt): Promise<ActivityOutcome | HandedOver> {
  const { request } = attempt;
  const log = nodeLogger(deps, request, attempt.number);
  const facts: Facts = {
    ...{ input: null, metadata: {}, redaction: NO_REDACTION },
    collected: { warnings: [], metrics: {} },
  };
  const { execution, node } = request;
  const over = deps.state.begin(`${execution.id}/${node.id}`, node.task, attempt.signal);
  try {
    const output = await run(deps, request, attempt, facts, log).catch(
      (thrown: unknown) => new Thrown(thrown),
    );
    if (output instanceof Thrown) {
      return await conclude(deps, request, attempt, facts, log, output.what);
    }
    if ('held' in output || 'handedOver' in output) return output;
    if ('skipped' in output) return await passOver(deps, request, attempt, facts, log);
    if (!output.cached && !output.reused) attempt.record('COMPLETED');
    const outcome = outcomeOf(request, attempt, facts, { status: 'COMPLETED', ...output });
    if (outcome.unmade) return outcome;
    log.transition(attempt.phase, 'COMPLETED');
    return await finish(deps, request, attempt, facts, log, outcome);
  } finally {
    attempt.close();
    over();
    facts.passage?.close();
    await facts.claim?.release();
    measureAttempt(deps.metrics, attempt, facts);
  }
}

/** Something that was thrown, perhaps nothing at all. */
class Thrown {
  constructor(readonly what: unknown) {}
}

/** What the steps of an attempt that succeeded give. */
type Done = Kept & Pick<NodeOutcome, 'cached' | 'reused' | 'verified' | 'unmade'>;
/** Its condition said no. */
interface Skipped {
  skipped: true;
}

async function run(
  deps: Deps,
  request: NodeRequest,
  attempt: Attempt,
  facts: Facts,
  log: NodeLogger,
): Promise<Done | Skipped | HeldOutcome | HandedOver> {
  const task = request.run?.limits
    ? await programTask(deps, request)
    : deps.registry.get(request.node.task);
  if (!task) return unknownTask(request, attempt, log);
  facts.task = task;
  log.transition('SCHEDULED', 'PREPARING');
  await reportLost(deps, request, attempt);
  await tellOfLost(attempt, task, log);
  return await steps(deps, request, attempt, facts, log);
}

async function steps(
  deps: Deps,
  request: NodeRequest,
  attempt: Attempt,
  facts: Facts,
  log: NodeLogger,
): Promise<Done | Skipped | HeldOutcome | HandedOver> {
  const { task } = facts;
  if (!task) throw new TaskError('ENGINE', 'the steps run only for a known task');
  const blobs = readUntil(attempt.signal, deps.blobs);
  const resolved = await resolveInput({ blobs, pages: deps.pages }, request);
  const { late } = resolved;
  facts.metadata = resolved.metadata;
  if (resolved.skipped) return { skipped: true };
  facts.input = late.shown(resolved.input);
  const subject = { ...subjectOf(facts, request, attempt, log), input: resolved.input };
  const hooked = await runPreHooks(deps, subject);
  facts.input = late.shown(hooked);
  facts.inputText = inlineText(facts.input);
  const grants = programGrants(task, request);
  // What follows a node's work is made of its input, and need not be given all that this names.
  const named = request.after ? late.namesIn(hooked) : late.names;
  if (grants) assertGranted(named, grants, request);
  const names = [...named, ...(grants?.names ?? [])];
  const { valueOf, redaction } = await deps.late.values({ names }, request);
  facts.redaction = redaction;
  log.redact(redaction);
  facts.inputHash = hashJson(late.hashed(hooked, valueOf));
  const input = await checked(
    task.definition.input,
    late.revealed(hooked, valueOf),
    'INPUT_INVALID',
    task.program
      ? 'inputSchema refuses the input'
      : `task ${JSON.stringify(request.node.task)} refused its input`,
  );
  const before = await reusable(deps.blobs, request, task.version, facts);
  if (before) return before;
  const rows = new AttemptRows(deps, request, attempt, facts);
  const notNow = (why: 'circuit' | 'coalesced', waitMs: number): HeldOutcome => {
    rows.held(why, waitMs);
    log.transition('PREPARING', 'PENDING', why);
    return held(attempt, why, waitMs, { counted: false });
  };
  const found = await lookUp(deps, request, task.version, facts.inputHash, log);
  if (found && 'kept' in found) return { ...found.kept, cached: true };
  if (found && 'waitMs' in found) return notNow('coalesced', found.waitMs);
  if (found) facts.claim = found.claim;
  if (request.look) return held(attempt, 'looked', 0, { counted: false });
  const entry = await enterCircuit(deps, request, attempt);
  if (entry && 'waitMs' in entry) {
    if (entry.found.engine) rows.held('circuit', entry.waitMs);
    return notNow('circuit', await keptHere(deps, request, attempt, entry));
  }
  if (entry) facts.passage = entry;
  facts.artifacts = new Artifacts(deps.blobs, deps.settings.maxArtifactBytes, redaction);
  facts.context = makeContext(request, attempt, {
    ...{ metadata: resolved.metadata, outputs: resolved.outputs, redaction, log },
    ...{ collected: facts.collected, artifacts: facts.artifacts },
    readArtifact: (one) => readArtifact(deps.blobs, one, attempt.signal),
    tellProgress: (progress) => rows.progress(progress),
  });
  attempt.enter();
  rows.running();
  log.transition('PREPARING', 'RUNNING');
  const output = await enter(deps, request, attempt, facts, { input, grants, valueOf, log });
  await facts.artifacts.settled();
  if (task.definition.completion === 'external') {
    // A worker that shuts down has started it all the same.
    if (attempt.signal.aborted && attempt.abortReason !== 'workerShutdown')
      throw attempt.signal.reason;
    return await handOver(deps, request, attempt, facts);
  }
  const shaped = await checked(
    task.definition.output,
    output ?? null,
    'OUTPUT_INVALID',
    task.program
      ? 'outputSchema refuses the output'
      : `task ${JSON.stringify(request.node.task)} gave an output that its schema refuses`,
  );
  await facts.passage?.succeeded();
  if (request.after && 'verify' in request.after)
    return await verified(deps, request, facts, shaped);
  const unmade = await leaveUnmade(deps, request, attempt, facts, shaped);
  if (unmade) return unmade;
  const made = await makeOutput(deps, request, facts, shaped);
  await facts.artifacts.settled(); // processResult may have kept more
  if (request.after) tellUnlisted(facts.artifacts, log);
  const artifacts = await facts.artifacts.listed(request.inlineLimit);
  const done = { ...made, ...(artifacts ? { artifacts } : {}) };
  await facts.claim?.keep(request, task.version, done);
  return done;
}

/** What undoes a node has no place among its graph's results: whoever reads its log is told what of it is in none. */
function tellUnlisted({ kept }: Artifacts, log: NodeLogger): void {
  if (kept.length === 0) return;
  const names = kept.slice(0, 10).map((name) => preview(name));
  const more = kept.length > names.length ? ` and ${kept.length - names.length} more` : '';
  log.warn(`artifacts of what undoes a node are in no result: ${names.join(', ')}${more}`);
}

interface Entry {
  input: unknown;
  grants: ProgramGrants | undefined;
  valueOf: Late['valueOf'];
  log: NodeLogger;
}

/** Has the runner run it, and takes note of where it ran. */
async function enter(
  deps: Deps,
  request: NodeRequest,
  attempt: Attempt,
  facts: Facts,
  { input, grants, valueOf, log }: Entry,
): Promise<unknown> {
  const { task, context } = facts;
  if (!task || !context) throw new TaskError('ENGINE', 'only a prepared attempt is entered');
  const runner = deps.runners.of(task, request.run?.runner);
  const program = grants && programRun(deps, request, grants, input as Json, valueOf);
  const lines = new OutputLines(log);
  try {
    const { mode } = runner.detail;
    const { output, metrics, enforced } = await runner.run(
      { task, input, context, ...(program ? { program } : {}) },
      {
        signal: attempt.signal,
        onOutput: (stream, text) => lines.take(stream, text),
        onEnd: (took, by) => noteRun(facts, mode, took, by),
      },
    );
    if (mode !== 'in-process') noteRun(facts, mode, metrics, enforced);
    return output;
  } finally {
    lines.end();
  }
}

/** What a task says that was asked whether a lost attempt did its work: `{ done, output? }`. */
async function verified(
  deps: Deps,
  request: NodeRequest,
  facts: Facts,
  said: unknown,
): Promise<Done> {
  if (!isObject(said) || typeof said['done'] !== 'boolean')
    throw new TaskError(
      'OUTPUT_INVALID',
      `task ${JSON.stringify(request.node.task)} verifies lost attempts: expected { done: true | false, output? }, got ${preview(said)}`,
    );
  const { done, output } = said;
  return { ...(await makeOutput(deps, request, facts, output ?? null)), verified: done };
}

/** Ends a node whose condition said no: no attempt of it counts, and only hooks for such ends run. */
async function passOver(
  deps: Deps,
  request: NodeRequest,
  attempt: Attempt,
  facts: Facts,
  log: NodeLogger,
): Promise<NodeOutcome> {
  log.transition('PREPARING', 'SKIPPED', 'condition');
  return await withPostHooks(deps, attempt, subjectOf(facts, request, attempt, log), {
    status: 'SKIPPED',
    reason: 'condition',
    attempts: attempt.attempts,
    attemptCount: attempt.number - 1,
    executionTimeMs: attempt.executionTimeMs,
  });
}

/** During a roll-out a worker may get a task that only newer workers know: no attempt is spent on it. */
function unknownTask(request: NodeRequest, attempt: Attempt, log: NodeLogger): HeldOutcome {
  const waited = attempt.scheduledAt - (request.round?.unknownSince ?? attempt.scheduledAt);
  if (waited >= UNKNOWN_TASK_LIMIT_MS) {
    const message = `no worker of this queue knows the task ${JSON.stringify(request.node.task)}; asked for 10 minutes`;
    throw new TaskError('UNKNOWN_TASK', message);
  }
  log.transition('PREPARING', 'PENDING', 'no_handler');
  return held(attempt, 'no_handler', Math.min(30_000, Math.max(1_000, waited)), {
    counted: false,
  });
}

/** After a time-out or a lost worker nobody could call `onRetry`: the next attempt does, and counts the lost workers. */
async function tellOfLost(attempt: Attempt, task: RegisteredTask, log: NodeLogger): Promise<void> {
  const { found, request, lostWorkers } = attempt;
  for (const lost of found) {
    const code = lost.outcome === 'TIMEOUT' ? 'TIMEOUT' : 'WORKER_LOST';
    const error = new TaskError(code, lost.error?.message ?? code);
    const waited = Math.max(0, attempt.startedAt - Date.parse(lost.endedAt ?? lost.startedAt));
    await tellOfRetry(task, error, lost.attempt, waited, log);
    log.retrying(recordError(error, true, lost.attempt), waited, request.retry.maxRetries);
  }
  if (lostWorkers > request.maxLostWorkers) {
    throw new TaskError(
      'WORKER_LOST',
      `${lostWorkers === 1 ? '1 worker was lost while it' : `${lostWorkers} workers were lost while they`} ran this node; it is given up (maxLostWorkers is ${request.maxLostWorkers})`,
      { retriable: false },
    );
  }
}
