/** How executions begin: a task, a graph, a batch, or what the catalogue says of an id. */
import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import type { GraphBuilder } from '../builder.js';
import { isAdjacency, type Adjacency } from '../domain/adjacency.js';
import { catalogueMark } from '../domain/catalogue-mark.js';
import { SpecInvalidError, TaskStateError } from '../domain/errors.js';
import type { Json } from '../domain/json.js';
import type { GraphSpec, Submission } from '../domain/spec.js';
import { workflowTypeFaults } from '../domain/workflow-type.js';
import { MEMO, WORKFLOW, type ExecutionMemo } from '../workflows/messages.js';
import type { Asking } from './asking.js';
import { scheduleBatch } from './batch.js';
import type { BatchAnswer } from './batch-answer.js';
import type { AnyItem, BatchOfTasks, BatchOptions } from './batch-items.js';
import type { Catalogue } from './catalogue.js';
import {
  catalogueNodes,
  idsIn,
  type CatalogueEntry,
  type CatalogueGraph,
  type SaidOfAll,
} from './catalogue-nodes.js';
import { schedulable, type CatalogueSubmission } from './catalogue-submission.js';
import { reaching } from './connect.js';
import { EagerStart } from './eager-start.js';
import type { EngineHooks } from './engine-hooks.js';
import type { EventFeed } from './event-feed.js';
import { ExecutionHandle, type HandleParts } from './handle.js';
import { loneSpec, whatRuns, type LoneSubmission } from './lone-task.js';
import { splitProgram } from './program-fields.js';
import type { References } from './references.js';
import { Reruns, type RerunOptions } from './rerun.js';
import { refuseUnknown } from './refuse-unknown.js';
import { submittedRow } from './row-record.js';
import type { KeyedExecution } from './shared-runs.js';
import { graphSpec, startRequest, type Known } from './start-request.js';
import type { StoreAccess } from './store-access.js';
import { submissionOf, type GraphSubmitOptions, type SubmitOptions } from './submission.js';

export interface StartingParts {
  client: Client;
  address: string;
  taskQueue: string;
  references: References;
  stores: StoreAccess;
  asking: Asking;
  feed: EventFeed;
  catalogue: Catalogue;
  hooks: EngineHooks;
  attributes: () => Promise<ReadonlySet<string>>;
  explain: HandleParts['explain'];
  /** For the handles. */
  rerun: HandleParts['rerun'];
}

type StartOptions = SubmitOptions & { params?: Record<string, unknown> };

export class Starting {
  readonly reruns: Reruns;
  private readonly eager: EagerStart;

  constructor(private readonly parts: StartingParts) {
    const { client, address, references, taskQueue } = parts;
    this.eager = new EagerStart(client, taskQueue);
    this.reruns = new Reruns({
      ...{ client, address, references },
      specOf: async (graph) => (await this.specOf(graph, { options: {} })).spec,
      begin: (spec, options, known) => this.begin(spec, options, known),
    });
  }

  async task(given: LoneSubmission): Promise<ExecutionHandle> {
    const what = whatRuns(given);
    if (what.kind === 'catalogue') return await this.catalogueTask(what.submission);
    const { spec, known, options } = loneSpec(what);
    return await this.begin(spec, options, known);
  }

  /** @param pipeline the name that the graph was asked for by */
  async graph(
    graph: GraphBuilder | GraphSpec | CatalogueGraph | Adjacency,
    options: GraphSubmitOptions,
    pipeline?: string,
  ): Promise<ExecutionHandle> {
    const { spec, submit, known } = await this.graphOf(graph, options);
    const { params, inputs, workflowType } = options;
    const asked = pipeline === undefined ? known.asked : { pipeline, inputs };
    return await this.begin(spec, submit, { ...known, asked: { ...asked, params, workflowType } });
  }

  /** The spec that a graph would be started with, and the submission. */
  async submitted(
    graph: GraphBuilder | GraphSpec | CatalogueGraph | Adjacency,
    options: GraphSubmitOptions,
  ): Promise<{ spec: GraphSpec; submission: Submission }> {
    const { spec, submit } = await this.graphOf(graph, options);
    return { spec: this.parts.hooks.withNames(spec), submission: submissionOf(submit) };
  }

  private async graphOf(
    graph: GraphBuilder | GraphSpec | CatalogueGraph | Adjacency,
    options: GraphSubmitOptions,
  ): Promise<{ spec: GraphSpec; submit: StartOptions; known: Known }> {
    const { inputs, name, workflowType, ...rest } = options;
    const faults = workflowTypeFaults(workflowType);
    if (faults.length > 0) throw new SpecInvalidError(faults);
    const said = { workflowType, options: rest };
    const { spec, project, known } = await this.specOf(graph, said, name, inputs);
    const own = project === undefined || rest.project !== undefined ? {} : { project };
    return { spec, submit: { ...rest, ...own }, known };
  }

  /** The spec of a graph, with what the catalogue says of its nodes. */
  private async specOf(
    graph: NonNullable<RerunOptions['graph']>,
    said: SaidOfAll,
    name?: string,
    inputs?: Record<string, unknown>,
  ): Promise<{ spec: GraphSpec; project?: string; known: Known }> {
    const { spec: given, known } = graphSpec(graph, name, inputs);
    const entries = await this.entries(idsIn(graph, given));
    const ofNodes = { ...said, isAdjacency: isAdjacency(graph) };
    return { ...catalogueNodes(given, entries, ofNodes), known };
  }

  async batch(
    items: readonly AnyItem[] | BatchOfTasks,
    common: BatchOptions,
  ): Promise<BatchAnswer> {
    const { stores } = this.parts;
    const door = {
      scheduleTask: (item: LoneSubmission) => this.task(item),
      entry: async (id: string, needed: boolean) =>
        needed ? await this.parts.catalogue.schedulable(id) : await this.entry(id),
      claim: async (project: string, keys: readonly KeyedExecution[]) => {
        const store = await stores.get('there');
        const owners = await store?.batchKeys.claim(project, keys, Date.now());
        return (owners ?? keys).map(({ executionId }) => executionId);
      },
      release: async (project: string, ids: readonly string[]) => {
        await (await stores.get('there'))?.batchKeys.release(project, ids);
      },
      startShared: async (spec: GraphSpec, options: SubmitOptions) => {
        try {
          await this.begin(spec, options, { kind: 'batch', name: spec.name });
        } catch (error) {
          if (!(error instanceof TaskStateError)) throw error; // it is there: the same request came before
        }
      },
    };
    return await scheduleBatch(door, items, common);
  }

  private async catalogueTask(submission: CatalogueSubmission): Promise<ExecutionHandle> {
    const { task, project } = await this.parts.catalogue.schedulable(submission.taskId);
    const what = schedulable(submission, task, project);
    const { id, version } = task;
    const { taskId, input: given, params, workflowType } = submission;
    const { program } = splitProgram(submission);
    const asked = { taskId, input: given, params, workflowType, ...program };
    const catalogued = { catalogue: { id, version }, asked };
    if (what.kind !== 'graph') {
      const { spec, known, options } = loneSpec(what);
      const metadata = catalogueMark(task);
      const marked = { ...spec, tasks: spec.tasks.map((node) => ({ ...node, metadata })) };
      return await this.begin(marked, options, { ...known, ...catalogued });
    }
    const { spec, known } = graphSpec(what.graph);
    return await this.begin(spec, what.options, { ...known, ...catalogued });
  }

  private async entries(
    ids: ReadonlyMap<string, 'needed' | 'perhaps'>,
  ): Promise<Map<string, CatalogueEntry>> {
    const found = new Map<string, CatalogueEntry>();
    for (const [id, how] of ids) {
      const entry =
        how === 'needed' ? await this.parts.catalogue.schedulable(id) : await this.entry(id);
      if (entry) found.set(id, entry);
    }
    return found;
  }

  /** The catalogue's task of an id that may as well be the name of a task; without a store it is that. */
  private async entry(id: string): Promise<CatalogueEntry | undefined> {
    // A store that does not answer keeps nobody from scheduling tasks by name.
    const store = await this.parts.stores.get('there').catch(() => undefined);
    return store && (await this.parts.catalogue.find(id));
  }

  private async begin(
    given: GraphSpec,
    options: StartOptions,
    known: Known,
  ): Promise<ExecutionHandle> {
    const spec = this.parts.hooks.withNames(given);
    const { client, address, taskQueue, asking, feed, references, explain } = this.parts;
    const request = startRequest(spec, options, known, await this.parts.attributes());
    if (!options.awaitUnknown) await refuseUnknown(asking, options.dependencies, known.kind);
    const argument = await references.placed(spec as unknown as Json);
    await feed.ready();
    const id = request.workflowId;
    const executions = spec.tasks.map((node) => ({
      taskId: node.id,
      executionId: `${id}/${node.id}`,
    }));
    const lone = known.kind === 'task';
    const parts = { client, references, explain, lone, rerun: this.parts.rerun };
    const handle = (isNew: boolean): ExecutionHandle =>
      new ExecutionHandle(id, parts, executions, isNew);
    // The server takes either a delay or this. A graph's tasks go to all workers anyway.
    const isEager = lone && request.startDelay === undefined;
    const through = isEager ? await this.eager.through() : undefined;
    const askedAt = Date.now();
    try {
      const { firstExecutionRunId } = await reaching(address, () =>
        (through ?? client).workflow.start(WORKFLOW.graph, {
          ...{ ...request, taskQueue },
          ...(through ? { requestEagerStart: true } : {}),
          args: [argument, request.args[1]],
        }),
      );
      const startDelayMs = Number(request.startDelay ?? 0);
      this.note(id, firstExecutionRunId, options, known, { startDelayMs, askedAt });
      return handle(true);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      if (options.requestId === undefined)
        throw new TaskStateError(
          `execution ${JSON.stringify(id)} already exists; choose another executionId, or say how it may be reused`,
          { cause: error },
        );
      await this.assertSame(id, options.requestId, request.memo?.[MEMO.kind] as ExecutionMemo);
      return handle(false);
    }
  }

  /** The same key is the same request: one for something else is a mistake of the caller's. */
  private async assertSame(
    id: string,
    requestId: string,
    { kind, name, digest }: ExecutionMemo,
  ): Promise<void> {
    const there = await this.parts.asking.memoOf(id);
    const isNamed = there.kind === kind && there.name === name;
    if (isNamed && (there.digest === undefined || there.digest === digest)) return;
    const other = isNamed
      ? `with another ${kind === 'task' ? 'input' : 'spec, or other parameters'}`
      : `and not for the ${kind} ${JSON.stringify(name)}`;
    throw new TaskStateError(
      `requestId ${JSON.stringify(requestId)} stands for the ${there.kind} ${JSON.stringify(there.name)} already (${id}), ${other}; give each request a key of its own`,
    );
  }

  private note(
    id: string,
    runId: string,
    options: StartOptions,
    { kind, name, catalogue, rerun }: Known,
    { startDelayMs, askedAt }: { startDelayMs: number; askedAt: number },
  ): void {
    if (kind === 'batch') return; // its items are what people see
    const said = { ...options, name, startDelayMs, catalogue, rerunOf: rerun?.of };
    this.parts.stores.note(submittedRow(id, runId, kind, said, { askedAt, now: Date.now() }));
  }
}
