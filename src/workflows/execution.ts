/** One execution from its first step to its close: what `taskGraph` and `taskSubgraph` have in common. */
import { CancellationScope, defineUpdate, setHandler, workflowInfo } from '@temporalio/workflow';
import { append } from '../domain/append.js';
import { IndexLists } from '../domain/index-lists.js';
import { laterStart } from '../domain/later-start.js';
import type { LimitGrant } from '../domain/limit-messages.js';
import { INLINE_LIMIT } from '../domain/outcome.js';
import { takePage, type PlanPage } from '../domain/plan-page.js';
import type { HeldNode, HeldPlan, Plan } from '../domain/plan.js';
import type { GraphSpec, Submission } from '../domain/spec.js';
import { answer } from './answers.js';
import { Approvals } from './approvals.js';
import { Awaiting } from './awaiting.js';
import type { ReadAnswer, ReadRequest } from './asks.js';
import type { AboveSignal, Carry, CarryAway, ProbeSignal, SettledSignal } from './between.js';
import { showStatus } from './finish.js';
import { GraphRun } from './graph-run.js';
import type { GraphRunParts } from './graph-run-parts.js';
import { HereExecutor } from './here.js';
import { KindsExecutor } from './kinds-executor.js';
import { isLimitGrant } from './limit-shapes.js';
import type { GraphClose } from './manifest.js';
import { ACTIVITY, SIGNAL, WAKE } from './messages.js';
import type { PlanPages, Prepared, Seeding, Upstream } from './requests.js';
import { Seed } from './seed.js';
import { SegmentsExecutor } from './segments.js';
import { isAbove, isEnded, isProbe, isSettled, isSubscribe } from './shapes.js';
import { onSignal, shielded } from './shielded.js';
import { Subscribers } from './subscribers.js';
import { adoptTrace, executionStarted } from './trace.js';
import { work } from './work.js';

export interface ExecutionParts {
  carried: Carry | CarryAway | null | undefined;
  /** The first step of a new execution: what is pinned for it, or how it ends without running anything. */
  prepare: (subscribers: Subscribers) => Promise<Prepared | GraphClose>;
  /** The spec, where the nodes' bodies are in the workflow's own arguments. */
  spec: GraphSpec | null;
  submission?: Submission | null | undefined;
}

/** Runs an execution to its end. @throws what closes the workflow, where that is not COMPLETED */
export async function runExecution({
  carried,
  prepare,
  spec,
  submission = null,
}: ExecutionParts): Promise<GraphClose> {
  let run: GraphRun | undefined;
  const early: SettledSignal[] = [];
  let onSettled = (signal: SettledSignal): void => void early.push(signal);
  onSignal(SIGNAL.settled, (signal) => {
    if (isSettled(signal)) onSettled(signal);
  });
  const subscribers = new Subscribers();
  let awaiting: Awaiting | undefined;
  const probes: ProbeSignal[] = [];
  const probe = (signal: ProbeSignal): void =>
    awaiting ? awaiting.probed(signal) : run ? undefined : void probes.push(signal);
  onSignal(SIGNAL.subscribe, (signal) => {
    if (!isSubscribe(signal)) return;
    subscribers.add(signal);
    run?.wake();
    const { subscriber, startedAt } = signal;
    if (startedAt <= workflowInfo().startTime.getTime()) probe({ path: [subscriber] });
  });
  onSignal(SIGNAL.ended, (signal) => {
    if (isEnded(signal)) awaiting?.told(signal);
  });
  onSignal(SIGNAL.probe, (signal) => {
    if (isProbe(signal)) probe(signal);
  });
  setHandler(defineUpdate(WAKE), () => undefined);
  const earlyGrants: LimitGrant[] = [];
  onSignal(SIGNAL.limitGranted, (grant) => {
    if (!isLimitGrant(grant)) return;
    if (run) run.granted(grant);
    else earlyGrants.push(grant);
  });
  const fromAbove: AboveSignal[] = [];
  onSignal(SIGNAL.above, (signal) => {
    if (!isAbove(signal)) return;
    if (run) void hearAbove(run, signal);
    else fromAbove.push(signal);
  });
  answer(() => run, Boolean(carried));
  const cancelled = CancellationScope.current().cancelRequested.catch(() =>
    shielded(() => run?.cancel('cancelled')),
  );
  void cancelled;

  return await CancellationScope.nonCancellable(async () => {
    const carry =
      carried && 'ref' in carried ? await readAway<Carry>(carried.ref) : (carried ?? undefined);
    const prepared = carry?.prepared ?? (await prepare(subscribers));
    if ('status' in prepared) return prepared;
    adoptTrace(prepared.trace);
    if (!carry) executionStarted(prepared.execution);
    const { plan: given } = prepared;
    const split = 'bodies' in given;
    const { plan, dependsOn } = split ? await readPlan(given) : wholePlan(given);
    awaiting = prepared.awaits && !carry ? new Awaiting(prepared.awaits) : undefined;
    // A new run of the same execution shows what the one before showed: it may be paused.
    const startsAt = carry ? undefined : laterStart(prepared.startsAt, Date.now());
    if (!awaiting && !prepared.place && !carry && startsAt === undefined) showStatus('RUNNING');
    for (const signal of probes) awaiting?.probed(signal); // they came before it was clear what this one waits for
    for (const request of carry?.subscribers ?? []) subscribers.add(request);
    const seed = await seedOf(prepared, carry !== undefined);
    const makeExecutor: GraphRunParts['makeExecutor'] = (deliver, asked, keep) => {
      const { plan: _plan, rerun: _rerun, ...context } = prepared;
      const approvals = new Approvals({ context, classes: plan.classes, deliver, asked });
      if (!split) {
        const here = { ...context, classes: plan.classes, inlineLimit: INLINE_LIMIT };
        return new KindsExecutor(new HereExecutor(here, deliver), approvals, plan.classes);
      }
      const segments = new SegmentsExecutor(
        { context, classes: plan.classes, nodesPerSegment: given.segmentNodes, carry, keep },
        deliver,
      );
      onSettled = (signal) => segments.settled(signal);
      return new KindsExecutor(segments, approvals, plan.classes);
    };
    run = new GraphRun({
      ...{ subscribers, startsAt, awaiting, prepared, plan, dependsOn, carry, seed, makeExecutor },
      ...{ spec: split ? null : spec, submission },
    });
    const late = carried && 'ref' in carried ? (carried.late ?? []) : [];
    [...late, ...early.splice(0)].forEach((signal) => onSettled(signal));
    for (const grant of earlyGrants.splice(0)) run.granted(grant);
    if (!split) onSettled = () => undefined; // it has no segments
    if (isCancelled()) run.cancel('cancelled');
    for (const signal of fromAbove.splice(0)) void hearAbove(run, signal);
    return await run.run();
  });
}

/** What is asked of a graph from above, as of people: once nothing is lent. */
async function hearAbove(run: GraphRun, signal: AboveSignal): Promise<void> {
  const hear = (): void => run.operator.verbs.hear(signal);
  if (signal.verb === 'cancel') return hear(); // only a note: no node is asked for back
  await run.lending.recalled(hear, hear);
}

/** The root scope's state, seen from inside the shielded one. */
function isCancelled(): boolean {
  return CancellationScope.current().parent?.consideredCancelled ?? false;
}

/** @param goesOn a run before has taken what nodes read of kept ones */
async function seedOf({ rerun, execution }: Prepared, goesOn: boolean): Promise<Seed | undefined> {
  if (!rerun) return undefined;
  const outputs = goesOn ? [] : await readOutputs(rerun.outputs);
  return new Seed(rerun, outputs, new Date(execution.run.startedAt).toISOString());
}

async function readOutputs(outputs: Seeding['outputs']): Promise<[number, Upstream][]> {
  if (Array.isArray(outputs)) return outputs;
  const all: [number, Upstream][] = [];
  await readPages<[number, Upstream][]>(outputs.pages, (page) => append(all, page));
  return all;
}

interface GivenPlan {
  plan: HeldPlan;
  dependsOn: GraphRunParts['dependsOn'];
}

const wholePlan = (plan: Plan): GivenPlan => ({
  plan,
  dependsOn: (index) => plan.nodes[index]?.dependsOn ?? [],
});

/** What its nodes wait for stands apart from them, in much less room. */
async function readPlan({ head, nodes: pages }: PlanPages): Promise<GivenPlan> {
  const nodes: HeldNode[] = [];
  const lists = new IndexLists();
  await readPages<PlanPage>(pages, (page) => takePage(page, { nodes, lists }));
  return { plan: { ...head, nodes }, dependsOn: (index) => lists.of(index) };
}

/** Pages that are read at once, each of a megabyte: ten at once took 60 MB of the heap of whoever read them. */
const PAGES_AT_ONCE = 3;

/** No local activities: whoever watches asks already, and messages come (`work.ts`). */
async function readPages<T>(refs: readonly string[], take: (page: T) => void): Promise<void> {
  for (let at = 0; at < refs.length; at += PAGES_AT_ONCE) {
    const some = refs.slice(at, at + PAGES_AT_ONCE);
    const pages = await Promise.all(some.map((ref) => work<T>(ACTIVITY.readPlan, [ref])));
    pages.forEach(take);
  }
}

/** Reads what `writeAway` wrote, however large. */
async function readAway<T>(ref: string): Promise<T> {
  let text = '';
  for (;;) {
    const request: ReadRequest = { kind: 'read', ref, offset: text.length };
    const slice = await work<ReadAnswer>(ACTIVITY.readBlob, [request]);
    text += slice.text;
    if (text.length >= slice.total) return JSON.parse(text) as T;
  }
}
