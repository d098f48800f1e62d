/** Random valid graphs, run for real on a server that skips time: no spec may make a workflow fail its tasks. */
import { Worker } from '@temporalio/worker';
import fc from 'fast-check';
import { parseDuration } from '../../src/domain/duration.js';
import { isTerminal } from '../../src/domain/status.js';
import type { GraphSpec } from '../../src/index.js';
import { startTestEngine, type Mock, type TestEngine } from '../../src/testing.js';
import { validateGraph } from '../../src/domain/validate.js';
import { anySpec } from '../domain/support/any-spec.js';
import { brokenSpecs, soundSpecs } from '../domain/support/random-specs.js';
import { seeded, type Random } from './random.js';
import { shared } from './shared.js';

type Node = GraphSpec['tasks'][number];

/** What was found, and how much was looked at: each run is one execution of a graph. */
export interface FuzzRuns {
  ran: number;
  statuses: Record<string, number>;
  histories: number;
  /** What must not be, with the spec that shows it. */
  wrong: string[];
}

/** Handlers that end in every way that a handler can. */
const ENDS: readonly ((random: Random) => unknown)[] = [
  (random) => random.next(),
  () => undefined,
  () => ({ rows: [1, 2, { deep: '🙂' }] }),
  () => 'x'.repeat(300_000),
  () => ({ __proto__: null, constructor: 1, 'a.b': Number.NaN }),
  () => 10n,
  () => {
    const circle: Record<string, unknown> = {};
    return Object.assign(circle, { circle });
  },
  () => {
    throw new Error('it did not work');
  },
  () => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- users do
    throw null;
  },
  () => {
    throw Object.assign(new Error(''), { name: '', code: 429, retryAfterMs: -1 });
  },
];

/** Names of tasks that a worker knows; others it does not. */
const KNOWN = ['load', 'clean', 'send'] as const;

/** At most as long: what waits for a worker or a person that never comes ends as well. */
const DEADLINE = '3h';

export async function startFuzzRuns(seed: number): Promise<TestEngine> {
  const { timeSkipping, bundle } = shared();
  const random = seeded(seed);
  const mock: Mock = () => random.pick(ENDS)(random);
  return await startTestEngine({
    serverPath: timeSkipping,
    mocks: Object.fromEntries(KNOWN.map((name) => [name, mock])),
    temporal: { workflowBundle: { codePath: bundle } },
  });
}

/** Valid specs of all kinds, the same for the same seed. */
export function validSpecs(count: number, seed: number): GraphSpec[] {
  const any = anySpec.map((spec) => withKnownTasks(spec));
  const specs = fc.oneof(soundSpecs, brokenSpecs, any).filter(isValid);
  return fc.sample(specs, { numRuns: count, seed }).map((spec) => bounded(spec as GraphSpec));
}

const isValid = (spec: unknown): boolean =>
  validateGraph(spec).faults.length === 0 &&
  validateGraph(bounded(spec as GraphSpec)).faults.length === 0;

/**
 * A deadline of milliseconds fires while the first workflow task is under way. A timer that is cancelled in the moment it
 * fires makes the time-skipping server refuse the task, and it hands out no other ("invalid history builder state for
 * action"): the graph would wait for ever.
 */
const LEAST_DEADLINE_MS = 1_000;

const bounded = ({ deadline = DEADLINE, ...spec }: GraphSpec): GraphSpec => ({
  ...spec,
  deadline: Math.max(LEAST_DEADLINE_MS, parseDuration(deadline)),
});

/** The tasks of a graph as ones that a worker knows, most of them; and none in a queue of their own. */
function withKnownTasks(spec: GraphSpec): GraphSpec {
  const known = (node: Node, index: number): Node => {
    const { queue: _, ...rest } = node;
    if (typeof node.graph === 'object')
      return { ...rest, graph: withKnownTasks(node.graph as GraphSpec) };
    return { ...rest, ...(node.task && index % 5 < 4 ? { task: KNOWN[index % 3] } : {}) };
  };
  return { ...spec, tasks: spec.tasks.map(known) };
}

/**
 * Runs each, and looks at the history of all that ran for it. One at a time: the server's clock goes on while somebody
 * waits for a result, and several who wait and stop waiting have been seen to hold it for ever.
 */
export async function runAll(test: TestEngine, specs: readonly GraphSpec[]): Promise<FuzzRuns> {
  const found: FuzzRuns = { ran: 0, statuses: {}, histories: 0, wrong: [] };
  for (const spec of specs) await runOne(test, spec, found);
  return found;
}

async function runOne(test: TestEngine, spec: GraphSpec, found: FuzzRuns): Promise<void> {
  const wrong = (what: string): void => void found.wrong.push(`${what}: ${JSON.stringify(spec)}`);
  const handle = await test.engine.scheduleTaskGraph(spec);
  const { status, nodes } = await handle.result();
  found.ran++;
  found.statuses[status] = (found.statuses[status] ?? 0) + 1;
  for (const [id, node] of Object.entries(nodes))
    if (!isTerminal(node.status)) wrong(`${id} is ${node.status} in a graph that is ${status}`);
  for (const { workflowId, runId } of await chainOf(test, handle.executionId)) {
    found.histories++;
    const history = await test.env.client.workflow.getHandle(workflowId, runId).fetchHistory();
    for (const { workflowTaskFailedEventAttributes: failed } of history.events ?? [])
      if (failed) wrong(`${workflowId} failed a workflow task, ${failed.failure?.message}`);
    try {
      await Worker.runReplayHistory(
        { workflowBundle: { codePath: shared().bundle } },
        history,
        workflowId,
      );
    } catch (error) {
      wrong(`${workflowId} is not replayed, ${String(error)}`);
    }
  }
}

/** Every run of a workflow and of its children. */
async function chainOf(
  test: TestEngine,
  workflowId: string,
  runId?: string,
): Promise<{ workflowId: string; runId?: string }[]> {
  const here = { workflowId, ...(runId === undefined ? {} : { runId }) };
  const { events } = await test.env.client.workflow.getHandle(workflowId, runId).fetchHistory();
  const below: { workflowId: string; runId?: string }[] = [];
  for (const event of events ?? []) {
    const next = event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
    if (next) below.push(...(await chainOf(test, workflowId, next)));
    const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
    if (child?.workflowId && child.runId)
      below.push(...(await chainOf(test, child.workflowId, child.runId)));
  }
  return [here, ...below];
}
