/** Planning: what a run would be like before it, and what one that has ended would have been like otherwise. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { GraphBuilder } from '../builder.js';
import type { ResolvedSettings } from '../config.js';
import type { Adjacency } from '../domain/adjacency.js';
import { SpecInvalidError, TaskError, TaskStateError } from '../domain/errors.js';
import type { Fault } from '../domain/fault.js';
import { planGraph, type ForecastOptions, type GraphForecast } from '../domain/forecast.js';
import type { OverridesInput } from '../domain/forecast-overrides.js';
import { jsonFaults } from '../domain/json-faults.js';
import { setOwn, type Json } from '../domain/json.js';
import { makePlan } from '../domain/make-plan.js';
import type { Plan } from '../domain/plan.js';
import { NO_FACTS, planContextOf, type PlanFacts } from '../domain/plan-facts.js';
import { notesOf } from '../domain/program-looks.js';
import { SPEC_LIMITS, type GraphSpec } from '../domain/spec.js';
import type { TerminalStatus } from '../domain/status.js';
import { validateGraph } from '../domain/validate.js';
import {
  whatIf,
  whatIfFaults,
  type RecordedNode,
  type WhatIf,
  type WhatIfChanges,
} from '../domain/what-if.js';
import { awaitEnding, loadManifest, manifestNodes } from '../observe/closing.js';
import type { NodeView } from '../workflows/messages.js';
import type { CatalogueGraph } from './catalogue-nodes.js';
import { reaching } from './connect.js';
import { notFound } from './not-found.js';
import { lookUpPrograms } from './look-up-programs.js';
import { countPollers } from './pollers.js';
import type { References } from './references.js';
import type { StoreAccess } from './store-access.js';
import type { Starting } from './starting.js';
import { isClosing, startedWith } from '../observe/before.js';
import { atSaid, type GraphSubmitOptions } from './submission.js';

/** What to assume beside what the submission says. */
export interface PlanOptions extends GraphSubmitOptions, OverridesInput {
  /**
   * Whether a worker is asked for its tasks: `true`, and it is an error when there is none; `false`, and neither names nor
   * inputs are checked. Default: where one polls the task queue.
   */
  askWorker?: boolean;
  /**
   * Whether workers look up what the graph's programs need: images, functions, secrets, folders and networks. Default: where
   * `askWorker` is `true`. Nothing runs and nothing is pulled; it takes up to 20 s where a registry does not answer.
   */
  lookUp?: boolean;
  /** Whether the store's history says how long tasks take. Default true, where there is a store. */
  history?: boolean;
}

export interface PlanningParts {
  client: Client;
  address: string;
  settings: ResolvedSettings;
  references: References;
  stores: StoreAccess;
  starting: Starting;
}

/** Executions that ended in so many days tell how long a task takes. */
const HISTORY_DAYS = 30;

export class Planning {
  constructor(private readonly parts: PlanningParts) {}

  async plan(
    graph: GraphBuilder | GraphSpec | CatalogueGraph | Adjacency,
    options: PlanOptions,
  ): Promise<GraphForecast> {
    const { durations, failures, outcomes, items, concurrency, overhead, ...others } = options;
    const { askWorker, lookUp = askWorker === true, ...rest } = others;
    const { history: useHistory = true, scheduledTime, ...submit } = rest;
    const { spec, submission } = await this.parts.starting.submitted(graph, submit);
    const { faults, valid } = validateGraph(spec, submission);
    if (!valid) throw new SpecInvalidError(atSaid(faults));
    const asked = await this.facts(spec as Json, submission as Json, askWorker);
    if (asked && asked.faults.length > 0) throw new SpecInvalidError(atSaid(asked.faults));
    const planned = planGraph(spec, {
      ...{ submission, ...(useHistory ? await this.history() : {}) },
      ...(asked ? { facts: asked.facts } : {}),
      startAt: startOf(scheduledTime),
      ...(durations === undefined ? {} : { durations }),
      ...(failures === undefined ? {} : { failures }),
      ...(outcomes === undefined ? {} : { outcomes }),
      ...(items === undefined ? {} : { items }),
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(overhead === undefined ? {} : { overhead }),
    });
    if (!planned.plan) throw new SpecInvalidError(atSaid(planned.faults), 'plan');
    if (!lookUp || !asked) return planned.plan;
    const looked = await lookUpPrograms(this.parts, valid, asked.facts);
    if (looked.faults.length > 0) throw new SpecInvalidError(looked.faults);
    const { looks } = looked;
    return { ...planned.plan, programs: looks, notes: [...planned.plan.notes, ...notesOf(looks)] };
  }

  async whatIf(executionId: string, changes: WhatIfChanges): Promise<WhatIf> {
    const { client, address, references, settings } = this.parts;
    const description = await reaching(address, () =>
      client.workflow.getHandle(executionId).describe(),
    ).catch((error: unknown) => {
      throw error instanceof WorkflowNotFoundError ? notFound(executionId) : error;
    });
    const { runId } = description;
    if (description.status.name === 'RUNNING' && !(await isClosing(client, executionId, runId)))
      throw new TaskStateError(
        `${executionId} has not ended; what-if is for executions that have, plan for graphs that have not begun`,
      );
    const { close } = await awaitEnding(client.workflow.getHandle(executionId, runId));
    if (!close)
      throw new TaskStateError(
        `${executionId} ended without a record of its nodes (${description.status.name}): there is nothing to simulate`,
      );
    const readJson = (ref: string): Promise<Json> => references.json(ref);
    const manifest = await loadManifest(close, readJson);
    const views = await manifestNodes(manifest, readJson);
    const started = await startedWith(client, executionId, undefined, readJson);
    const { spec, submission } = started as unknown as { spec: Json; submission: Json };
    const facts = (await this.facts(spec, submission, undefined))?.facts ?? {
      ...NO_FACTS,
      settings: { ...NO_FACTS.settings, ...settingsFacts(settings) },
    };
    const plan = planOf(spec, submission, facts, executionId);
    const faults = whatIfFaults(changes, plan);
    if (faults.length > 0) throw new SpecInvalidError(faults, 'what-if');
    const byId = new Map(views.map((view) => [view.id, view]));
    const paused = (manifest.marks ?? []).some(({ status }) => status === 'PAUSED');
    const told = whatIf(
      {
        ...{ plan, startedAt: Date.parse(manifest.startedAt), durationMs: manifest.durationMs },
        nodes: plan.nodes.map(({ id }) => recordedNode(byId.get(id))),
        ...{ limits: facts.settings.limits, serverWaitsMs: facts.settings.serverWaitsMs },
      },
      changes,
    );
    return paused
      ? { ...told, notes: [...told.notes, 'it was paused: that is not simulated'] }
      : told;
  }

  /** Everything that is wrong with a graph; where a worker is asked, by task names and inputs too. */
  async faults(
    spec: unknown,
    { params, askWorker }: { params?: Record<string, unknown>; askWorker?: boolean },
  ): Promise<Fault[]> {
    const submission = params ? { params } : {};
    const faults = atSaid(validateGraph(spec, submission).faults);
    // What is no JSON would not come to the worker as it is.
    if (!askWorker || jsonFaults(spec, SPEC_LIMITS).length > 0) return faults;
    const { references } = this.parts;
    try {
      const placed = await references.placed(spec as Json);
      const request = { kind: 'check', spec: placed, submission: submission as Json } as const;
      return atSaid((await references.ask(request)).faults);
    } catch (error) {
      if (faults.length > 0) return faults; // what is known without a worker
      throw error;
    }
  }

  /** What a worker says of a spec; undefined where none is asked. @throws TaskError NO_WORKER where one has to be */
  private async facts(
    spec: Json,
    submission: Json,
    askWorker: boolean | undefined,
  ): Promise<{ facts: PlanFacts; faults: SpecInvalidError['faults'] } | undefined> {
    if (askWorker === false) return undefined;
    const { client, references, settings } = this.parts;
    // A question waits 15 s for a worker: not where there is plainly none.
    const pollers = await countPollers(client, settings.taskQueue).catch(() => 1);
    if (pollers === 0 && !askWorker) return undefined;
    try {
      return await references.ask({
        kind: 'plan',
        spec: await references.placed(spec),
        submission,
      });
    } catch (error) {
      if (askWorker || !(error instanceof TaskError) || error.code !== 'NO_WORKER') throw error;
      return undefined;
    }
  }

  /** Medians of what completed, by task, and what graphs that did tell of the cost of their nodes. */
  private async history(): Promise<Pick<ForecastOptions, 'history' | 'pastGraphs'>> {
    // Without the store the plan is poorer, not wrong.
    const store = await this.parts.stores.get().catch(() => undefined);
    if (!store) return {};
    const medians: Record<string, number> = {};
    const since = Date.now() - HISTORY_DAYS * 86_400_000;
    const stats = await store.stats.getExecutionStats({
      ...{ by: ['task', 'status'] as const, kind: ['task', 'node', 'item'] as const, since },
    });
    for (const { key, runMs } of stats.groups ?? [])
      if (key.status === 'COMPLETED' && typeof key.task === 'string' && runMs.p50 !== null)
        setOwn(medians, key.task, runMs.p50);
    return { history: medians, pastGraphs: await store.executions.pastGraphs(since) };
  }
}

const settingsFacts = ({
  serverWaitsMs,
  maxNodesPerRun,
  limits,
  circuits,
}: ResolvedSettings): PlanFacts['settings'] => ({
  serverWaitsMs,
  maxNodesPerRun,
  limits,
  circuits,
});

/** @throws SpecInvalidError where what ran then would be refused now */
function planOf(spec: Json, submission: Json, facts: PlanFacts, executionId: string): Plan {
  const { faults, valid } = validateGraph(spec, submission);
  if (!valid) throw new SpecInvalidError(faults, executionId);
  return makePlan(valid, planContextOf(facts));
}

function recordedNode(view: NodeView | undefined): RecordedNode {
  if (!view) return { status: 'CANCELLED', attempts: [] };
  const { status, reason, scheduledAt, startedAt, endedAt, attemptHistory = [] } = view;
  const since = scheduledAt ?? startedAt;
  return {
    status: status as TerminalStatus,
    ...(reason === undefined ? {} : { reason }),
    ...(since === undefined ? {} : { scheduledAt: Date.parse(since) }),
    ...(endedAt === undefined ? {} : { endedAt: Date.parse(endedAt) }),
    attempts: attemptHistory.map((attempt) => ({
      startedAt: Date.parse(attempt.startedAt),
      ...(attempt.endedAt === undefined ? {} : { endedAt: Date.parse(attempt.endedAt) }),
      ...(attempt.waitMs === undefined ? {} : { waitMs: attempt.waitMs }),
    })),
  };
}

/** When it would start: now, or at the submission's start time where that is a date. */
function startOf(scheduledTime: GraphSubmitOptions['scheduledTime']): number {
  const at =
    scheduledTime instanceof Date ? scheduledTime.getTime() : Date.parse(String(scheduledTime));
  return Number.isFinite(at) && typeof scheduledTime !== 'number'
    ? Math.max(at, Date.now())
    : Date.now();
}
