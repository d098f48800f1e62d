/** Runs an execution that has ended once more: what still holds of its results is kept. */
import type { Client } from '@temporalio/client';
import type { GraphBuilder } from '../builder.js';
import type { Adjacency } from '../domain/adjacency.js';
import { SpecInvalidError, TaskError, TaskStateError } from '../domain/errors.js';
import { fault, type Fault } from '../domain/fault.js';
import { isObject, preview, type Json } from '../domain/json.js';
import { RERUN_SCOPES, type RerunScope } from '../domain/rerun.js';
import type { GraphSpec, Submission } from '../domain/spec.js';
import { nearOrFirst } from '../domain/suggest.js';
import { validateGraph } from '../domain/validate.js';
import { startedWith, type StartedWith } from '../observe/before.js';
import type { RerunAnswer, RerunForecast } from '../workflows/asks.js';
import type { CatalogueGraph } from './catalogue-nodes.js';
import { reaching } from './connect.js';
import type { ExecutionHandle } from './handle.js';
import type { References } from './references.js';
import type { Known } from './start-request.js';
import type { SubmitOptions } from './submission.js';

export type { RerunForecast } from '../workflows/asks.js';

/** What runs once more, and what else changes. */
export interface RerunOptions {
  /**
   * What runs beside all that did not complete: `failed`, nothing else; a node's id, or several, those and what follows
   * them; `<node>/<inner>` and `<map>/3` for one below a node. Default: what has changed, in the graph or by the version
   * of its task.
   */
  from?: string | readonly string[];
  /**
   * Whether what follows a node that runs is run too: `changed` (default) where its input comes out as another one,
   * `descendants` in any case.
   */
  scope?: RerunScope;
  /** The graph as it is now, where it was edited. Default: as it was. */
  graph?: GraphBuilder | GraphSpec | CatalogueGraph | Adjacency;
  /** Parameters that are others now. */
  params?: Record<string, unknown>;
  /** The new execution's id. Default: made of the name and a random part. */
  executionId?: string;
  /** Whether that id may run again. Default never. */
  reuse?: SubmitOptions['reuse'];
  /** Who asks, and why. */
  by?: string;
  reason?: string;
}

/** What a rerun would do. */
export interface RerunPlan {
  /** The execution that would be run again. */
  rerunOf: string;
  /** Nodes that run for certain, as far as their trigger rules and conditions let them. */
  run: RerunForecast[];
  /** Nodes that run if their input comes out as another one. With `run` these are all that can run. */
  mayRun: RerunForecast[];
  /** Nodes that keep their result. */
  keep: RerunForecast[];
  /** Ids of nodes that the graph has no more. */
  removed: string[];
}

/** Options of a submission, as the execution before was given them. */
export type RerunStart = SubmitOptions & { params?: Record<string, unknown> };

export interface RerunDoor {
  client: Client;
  address: string;
  references: References;
  /** The spec of a graph, with what the catalogue says of its nodes. */
  specOf(graph: NonNullable<RerunOptions['graph']>): Promise<GraphSpec>;
  begin(spec: GraphSpec, options: RerunStart, known: Known): Promise<ExecutionHandle>;
}

export class Reruns {
  constructor(private readonly door: RerunDoor) {}

  /** @throws as {@link Prepared} does; SpecInvalidError for a graph or parameters that are not sound */
  async start(executionId: string, options: RerunOptions): Promise<ExecutionHandle> {
    const { spec, started, params, rerun } = await this.prepare(executionId, options);
    const { kind, project, sessionId, metadata, tags, options: task } = started.submission;
    const name = typeof spec.name === 'string' ? spec.name : 'graph';
    const more: RerunStart = {
      ...task,
      ...(params ? { params } : {}),
      ...(project === undefined ? {} : { project }),
      ...(sessionId === undefined ? {} : { sessionId }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(tags === undefined ? {} : { tags }),
      ...(options.executionId === undefined ? {} : { executionId: options.executionId }),
      ...(options.reuse === undefined ? {} : { reuse: options.reuse }),
    };
    const isTask = kind === 'task' && options.graph === undefined;
    return await this.door.begin(spec, more, { kind: isTask ? 'task' : 'graph', name, rerun });
  }

  /** What {@link start} would do, as a worker sees it. Nothing begins. */
  async plan(executionId: string, options: RerunOptions): Promise<RerunPlan> {
    const { spec, started, params, rerun } = await this.prepare(executionId, options);
    const { dependencies, trigger, awaitUnknown, dependencyTimeout, scheduledTime, ...said } =
      started.submission;
    void [dependencies, trigger, awaitUnknown, dependencyTimeout, scheduledTime];
    const submission = { ...said, ...(params ? { params } : {}), rerun } as Submission;
    const { faults } = validateGraph(spec, submission);
    if (faults.length > 0) throw new SpecInvalidError(faults, 'rerun');
    const { references } = this.door;
    const answer: RerunAnswer = await references.ask({
      kind: 'rerun',
      spec: await references.placed(spec as unknown as Json),
      submission: submission as unknown as Json,
    });
    if ('faults' in answer) throw new SpecInvalidError(answer.faults, 'rerun');
    const nodes =
      'ref' in answer
        ? ((await references.json(answer.ref)) as unknown as RerunForecast[])
        : answer.nodes;
    const of = (choice: RerunForecast['choice']): RerunForecast[] =>
      nodes.filter((node) => node.choice === choice);
    const there = new Set(nodes.map(({ nodeId }) => nodeId));
    return {
      ...{ rerunOf: executionId, run: of('run'), mayRun: of('perhaps'), keep: of('keep') },
      removed: started.spec.tasks.map(({ id }) => id).filter((id) => !there.has(id)),
    };
  }

  /**
   * @throws TaskStateError where it runs, or was refused; TaskError NOT_FOUND where there is none, CONFIGURATION for
   *   options that are none; SpecInvalidError for a node that is none
   */
  private async prepare(executionId: string, options: RerunOptions) {
    const { client, address } = this.door;
    const { scope = 'changed', by, reason, graph } = options;
    if (!RERUN_SCOPES.includes(scope))
      throw new TaskError(
        'CONFIGURATION',
        `scope: expected one of ${RERUN_SCOPES.join(', ')}, got ${preview(scope)}`,
      );
    const from = fromOf(options.from);
    const readJson = (ref: string) => this.door.references.json(ref);
    const started = await reaching(address, () =>
      startedWith(client, executionId, undefined, readJson),
    );
    const { status, close } = started.ending;
    if (status === 'REJECTED' && !close)
      throw new TaskStateError(
        `${JSON.stringify(executionId)} was refused, so nothing of it ran; submit it anew`,
      );
    const spec = graph === undefined ? started.spec : await this.door.specOf(graph);
    const faults = fromFaults(spec, from);
    if (faults.length > 0) throw new SpecInvalidError(faults, 'rerun');
    const rerun: NonNullable<Submission['rerun']> = {
      ...{ of: executionId, run: started.runId, from, scope },
      scheduledTime: started.scheduledTime,
      versions: options.from === undefined || graph !== undefined,
      ...(by === undefined ? {} : { by }),
      ...(reason === undefined ? {} : { reason }),
    };
    return { spec, started, params: paramsOf(started, spec, options.params), rerun };
  }
}

/** @throws TaskError CONFIGURATION */
function fromOf(from: RerunOptions['from']): string[] {
  if (from === undefined || from === 'failed') return [];
  const list: unknown = typeof from === 'string' ? [from] : from;
  // An item is shown as `work[3]`.
  if (Array.isArray(list) && list.every((id) => typeof id === 'string' && id !== ''))
    return list.map((id: string) => id.replace(/\[(\d+)\]/g, '/$1'));
  throw new TaskError(
    'CONFIGURATION',
    `from: expected "failed", the id of a node or a list of ids, got ${preview(from)}`,
  );
}

function fromFaults({ tasks }: GraphSpec, from: readonly string[]): Fault[] {
  // What is no list of tasks is told by the check of the graph.
  const nodes: unknown[] = Array.isArray(tasks) ? tasks : [];
  const ids = nodes
    .map((node) => (isObject(node) ? node['id'] : undefined))
    .filter((id) => typeof id === 'string');
  return from.flatMap((path, index) => {
    const [id = ''] = path.split('/');
    if (ids.includes(id)) return [];
    return [
      fault(
        ['from', index],
        'UNKNOWN_REFERENCE',
        `unknown node ${preview(id)}`,
        nearOrFirst(id, ids),
      ),
    ];
  });
}

/** Those of before that the graph still takes, with the new ones over them. */
function paramsOf(
  { submission }: StartedWith,
  { params: specs }: GraphSpec,
  given: Record<string, unknown> | undefined,
): Record<string, unknown> | undefined {
  const known = Object.entries(submission.params ?? {}).filter(
    ([name]) => specs !== undefined && Object.hasOwn(specs, name),
  );
  const params = { ...Object.fromEntries(known), ...given };
  return Object.keys(params).length > 0 ? params : undefined;
}
