/** `taskGraph`: runs a graph of tasks to its end. */
import {
  ApplicationFailure,
  CancellationScope,
  defineSignal,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { INLINE_LIMIT } from '../domain/outcome.js';
import type { Json } from '../domain/json.js';
import type { LimitGrant } from '../domain/limit-messages.js';
import type { Plan, PlanNode } from '../domain/plan.js';
import { formatFaults } from '../domain/fault.js';
import { answer } from './answers.js';
import { Awaiting } from './awaiting.js';
import { showStatus } from './finish.js';
import { GraphRun } from './graph-run.js';
import { HereExecutor } from './here.js';
import { isLimitGrant } from './limit-shapes.js';
import { ACTIVITY, FAILURE, SIGNAL, type GraphClose } from './messages.js';
import type { Carry, ProbeSignal, SettledSignal, TaskGraphArgs } from './between.js';
import type { Prepared, PrepareRequest, PrepareResult } from './requests.js';
import type { ReadAnswer, ReadRequest } from './asks.js';
import { SegmentsExecutor } from './segments.js';
import { isCarry, isEnded, isProbe, isSettled, isSubscribe } from './shapes.js';
import { Subscribers } from './subscribers.js';
import { adoptTrace, executionRefused, executionStarted } from './trace.js';
import { workAtStart } from './work.js';

/**
 * Runs a graph.
 *
 * @param spec the graph; plain JSON
 * @param submission parameters, project, metadata and options that stand above the spec's
 * @returns status and result manifest of a completed graph; any other end fails or cancels the workflow (`messages.ts`)
 */
export async function taskGraph(
  ...[spec, submission, carried]: TaskGraphArgs
): Promise<GraphClose> {
  if (carried != null && !isCarry(carried)) {
    throw ApplicationFailure.nonRetryable(
      'the third argument of taskGraph is our own; leave it out',
      'CONFIGURATION',
    );
  }
  let run: GraphRun | undefined;
  const early: SettledSignal[] = [];
  let onSettled = (signal: SettledSignal): void => void early.push(signal);
  setHandler(defineSignal<[unknown]>(SIGNAL.settled), (signal) => {
    if (isSettled(signal)) onSettled(signal);
  });
  const subscribers = new Subscribers();
  let awaiting: Awaiting | undefined;
  const probes: ProbeSignal[] = [];
  const probe = (signal: ProbeSignal): void =>
    awaiting ? awaiting.probed(signal) : run ? undefined : void probes.push(signal);
  setHandler(defineSignal<[unknown]>(SIGNAL.subscribe), (signal) => {
    if (!isSubscribe(signal)) return;
    subscribers.add(signal);
    run?.wake();
    const { subscriber, startedAt } = signal;
    if (startedAt <= workflowInfo().startTime.getTime()) probe({ path: [subscriber] });
  });
  setHandler(defineSignal<[unknown]>(SIGNAL.ended), (signal) => {
    if (isEnded(signal)) awaiting?.told(signal);
  });
  setHandler(defineSignal<[unknown]>(SIGNAL.probe), (signal) => {
    if (isProbe(signal)) probe(signal);
  });
  const earlyGrants: LimitGrant[] = [];
  setHandler(defineSignal<[unknown]>(SIGNAL.limitGranted), (grant) => {
    if (!isLimitGrant(grant)) return;
    if (run) run.limits?.hear(grant);
    else earlyGrants.push(grant);
  });
  answer(() => run);
  const cancelled = CancellationScope.current().cancelRequested.catch(() =>
    run?.cancel('cancelled'),
  );
  void cancelled;

  return await CancellationScope.nonCancellable(async () => {
    const carry =
      carried && 'ref' in carried ? await readAway<Carry>(carried.ref) : (carried ?? undefined);
    const prepared = carry?.prepared ?? (await prepare(spec, submission, subscribers));
    adoptTrace(prepared.trace);
    if (!carry) executionStarted(prepared.execution);
    const { plan: given, ...context } = prepared;
    const split = 'bodies' in given;
    const plan: Plan = split ? { ...given.head, nodes: await readNodes(given.nodes) } : given;
    awaiting = prepared.awaits && !carry ? new Awaiting(prepared.awaits) : undefined;
    // A new run of the same execution shows what the one before showed: it may be paused.
    if (!awaiting && !carry) showStatus('RUNNING');
    for (const signal of probes) awaiting?.probed(signal); // they came before it was clear what this one waits for
    for (const request of carry?.subscribers ?? []) subscribers.add(request);
    run = new GraphRun({
      subscribers,
      awaiting,
      prepared,
      plan,
      spec: split ? null : spec,
      carry,
      makeExecutor: (deliver) => {
        if (!split)
          return new HereExecutor(
            { ...context, classes: plan.classes, inlineLimit: INLINE_LIMIT },
            deliver,
          );
        const segments = new SegmentsExecutor(
          {
            context,
            classes: plan.classes,
            nodesPerSegment: given.segmentNodes,
            carry,
          },
          deliver,
        );
        onSettled = (signal) => segments.settled(signal);
        return segments;
      },
    });
    const late = carried && 'ref' in carried ? (carried.late ?? []) : [];
    [...late, ...early.splice(0)].forEach((signal) => onSettled(signal));
    for (const grant of earlyGrants.splice(0)) run.limits?.hear(grant);
    if (!split) onSettled = () => undefined; // it has no segments
    if (isCancelled()) run.cancel('cancelled');
    return await run.run();
  });
}

/** The root scope's state, seen from inside the shielded one. */
function isCancelled(): boolean {
  return CancellationScope.current().parent?.consideredCancelled ?? false;
}

async function prepare(
  spec: TaskGraphArgs[0],
  submission: TaskGraphArgs[1],
  subscribers: Subscribers,
): Promise<Prepared> {
  const request: PrepareRequest = {
    spec: (spec ?? null) as Json,
    submission: (submission ?? null) as Json,
    executionId: workflowInfo().workflowId,
    run: {
      id: workflowInfo().firstExecutionRunId,
      startedAt: workflowInfo().startTime.getTime(),
    },
  };
  const result = await workAtStart<PrepareResult>(ACTIVITY.prepare, [request]);
  if ('prepared' in result) return result.prepared;
  executionRefused(request, result.faults);
  showStatus('REJECTED');
  await subscribers.tellAll(() => ({ status: 'REJECTED' }));
  throw ApplicationFailure.create({
    type: FAILURE.rejected,
    message: formatFaults(result.faults).slice(0, 4_000),
    nonRetryable: true,
    details: [{ status: 'REJECTED', faults: result.faults.slice(0, 50) }],
  });
}

async function readNodes(pages: readonly string[]): Promise<PlanNode[]> {
  const nodes: PlanNode[] = [];
  for (const ref of pages) nodes.push(...(await workAtStart<PlanNode[]>(ACTIVITY.readPlan, [ref])));
  return nodes;
}

/** Reads what `writeAway` wrote, however large. */
async function readAway<T>(ref: string): Promise<T> {
  let text = '';
  for (;;) {
    const request: ReadRequest = { kind: 'read', ref, offset: text.length };
    const slice = await workAtStart<ReadAnswer>(ACTIVITY.readBlob, [request]);
    text += slice.text;
    if (text.length >= slice.total) return JSON.parse(text) as T;
  }
}
