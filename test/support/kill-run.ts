/** One run of the kill test: schedules, kills, waits, and says what the store has wrong. */
import { randomUUID } from 'node:crypto';
import { eventsOf, type Telling } from '../../src/store/execution-events.js';
import type { KillPlan } from './kill-plan.js';
import type { KillScene } from './kill-scene.js';
import { truthOf, type Truth } from './kill-truth.js';
import { standing } from './standing.js';
import { until } from './until.js';

interface Scheduled {
  workflowId: string;
  kind: 'graph' | 'task' | 'batch';
  nodeIds: string[];
}

/** @returns everything that was lost, is there twice, or is not as Temporal has it; empty when all is well */
export async function killRun(scene: KillScene, plan: KillPlan): Promise<string[]> {
  const project = `kills-${plan.seed}-${randomUUID()}`; // a seed may be run again and again
  const scheduled = await schedule(scene, plan, project);
  const mine = new Set(scheduled.map(({ workflowId }) => workflowId));
  const notes = (): string[][] =>
    scene.workers
      .runs()
      .map((line) => line.split(' '))
      .filter(([, id = '']) => mine.has(id));
  const closed = async (): Promise<boolean> => {
    const states = await Promise.all(
      scheduled.map(({ workflowId }) => scene.client.workflow.getHandle(workflowId).describe()),
    );
    return states.every(({ status }) => status.name !== 'RUNNING');
  };
  await until(async () => notes().length >= plan.afterNotes || (await closed()), 'the moment');
  await kill(scene, plan, scheduled);
  // The connection was cut, perhaps.
  await until(() => closed().catch(() => false), 'the end of every execution').catch(
    async (error: unknown) => {
      const texts = scheduled.map(({ workflowId }) => standing(scene.client, workflowId));
      throw new Error([String(error), ...(await Promise.all(texts))].join('\n'));
    },
  );
  const truth = new Map<string, Truth>();
  for (const { workflowId, kind, nodeIds } of scheduled)
    for (const entry of await truthOf(scene.client, workflowId, kind, nodeIds)) truth.set(...entry);
  let wrong: string[] = [];
  const right = async (): Promise<boolean> => {
    wrong = await differences(scene, project, [...mine], truth);
    return wrong.length === 0;
  };
  await until(right, 'the store').catch(() => undefined); // then `wrong` says it better
  if (!scene.workerLives) wrong.push('the worker has ended by itself');
  return [...wrong, ...badRuns(notes(), scheduled, truth)];
}

async function schedule(
  { engine }: KillScene,
  { work }: KillPlan,
  project: string,
): Promise<Scheduled[]> {
  if (work.kind === 'graph') {
    const { executionId } = await engine.scheduleTaskGraph(work.spec, { project });
    const nodeIds = work.spec.tasks.map(({ id }) => id);
    return [{ workflowId: executionId, kind: 'graph', nodeIds }];
  }
  if (work.kind === 'tasks') {
    const handles = await Promise.all(
      work.items.map((item) => engine.scheduleTask({ ...item, project })),
    );
    return handles.map(({ executionId }) => ({
      ...{ workflowId: executionId, kind: 'task' as const, nodeIds: ['task'] },
    }));
  }
  const { successful } = await engine.scheduleTaskBatch(
    work.items.map((item) => ({ ...item, project })),
  );
  const parts = successful.map(({ executionId }) => executionId.split('/') as [string, string]);
  const [workflowId = ''] = parts[0] ?? [];
  return [{ workflowId, kind: 'batch', nodeIds: parts.map(([, id]) => id) }];
}

async function kill(
  scene: KillScene,
  { victim }: KillPlan,
  scheduled: readonly Scheduled[],
): Promise<void> {
  switch (victim) {
    case 'worker':
      return await scene.killWorker();
    case 'store':
      return await scene.killStore();
    case 'server':
      return await scene.killServer();
    case 'workflow':
      for (const { workflowId } of scheduled)
        await scene.client.workflow
          .getHandle(workflowId)
          .terminate('by a test')
          .catch(() => undefined); // it has ended before
  }
}

interface Row {
  execution_id: string;
  kind: string;
  status: string;
  reason: string | null;
  attempts: number | null;
  ended_at: string | null;
}

/** Where the store is not as Temporal is, or does not agree with itself. */
async function differences(
  { sql, store }: KillScene,
  project: string,
  workflowIds: readonly string[],
  truth: ReadonlyMap<string, Truth>,
): Promise<string[]> {
  const { rows } = await sql.query<Row>(
    `select execution_id, kind, status, reason, attempts::int, ended_at from executions
     where project = $1 or workflow_id = any($2) or parent_id = any($2)`,
    [project, workflowIds],
  );
  const wrong: string[] = [];
  const count = new Map<string, number>();
  for (const { execution_id: id } of rows) count.set(id, (count.get(id) ?? 0) + 1);
  for (const [id, times] of count) {
    if (times > 1) wrong.push(`${id} has ${times} rows`);
    if (!truth.has(id)) wrong.push(`${id} has a row, but no such execution was scheduled`);
  }
  const byId = new Map(rows.map((row) => [row.execution_id, row]));
  for (const [id, { status, attempts, reason }] of truth) {
    const row = byId.get(id);
    if (!row) wrong.push(`${id} has no row; Temporal has it ${status}`);
    else if (row.status !== status) wrong.push(`${id} is ${row.status}; Temporal has it ${status}`);
    else if (reason && row.reason !== reason) wrong.push(`${id} has the reason ${row.reason}`);
    else if (attempts !== undefined && row.attempts !== attempts)
      wrong.push(`${id} has ${row.attempts} attempts; Temporal has ${attempts}`);
    if (row && row.ended_at === null) wrong.push(`${id} has no time of its end`);
  }
  for (const kind of ['graph', 'task', 'item', 'node'] as const) {
    const of = rows.filter((row) => row.kind === kind);
    const { byStatus, total, totalRetries } = await store.stats.getExecutionStats({
      project,
      kind,
    });
    const counted = tally(of.map(({ status }) => status));
    const said = tally(Object.entries(byStatus).flatMap(([s, n]) => Array(n).fill(s) as string[]));
    if (counted !== said || total !== of.length)
      wrong.push(`of ${kind} the figures say ${said || 'none'}, the rows ${counted || 'none'}`);
    const retries = of.reduce((sum, { attempts }) => sum + Math.max(0, (attempts ?? 1) - 1), 0);
    if (totalRetries !== retries)
      wrong.push(`of ${kind} the figures say ${totalRetries} retries, the rows ${retries}`);
  }
  return [...wrong, ...(await wrongEvents(sql, rows))];
}

const tally = (names: readonly string[]): string => [...names].sort().join(' ');

const EVENT_OF: Readonly<Record<string, string>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  TIMEOUT: 'timedOut',
  CANCELLED: 'cancelled',
  REJECTED: 'rejected',
  SKIPPED: 'skipped',
};
const ENDS = new Set(Object.values(EVENT_OF));

async function wrongEvents(sql: KillScene['sql'], rows: readonly Row[]): Promise<string[]> {
  const { rows: tellings } = await sql.query<{ body: string }>(
    'select body from outbox where execution_id = any($1) order by position',
    [rows.map(({ execution_id: id }) => id)],
  );
  const events = tellings.flatMap(({ body }) => eventsOf(JSON.parse(body) as Telling, 0));
  const wrong: string[] = [];
  if (new Set(events.map(({ id }) => id)).size < events.length)
    wrong.push('an event is in the outbox twice');
  for (const { execution_id: id, status } of rows) {
    const own = events.filter(({ executionId }) => executionId === id).map(({ event }) => event);
    const last = own.findLast((event) => ENDS.has(event));
    if (last !== EVENT_OF[status]) wrong.push(`${id} is ${status}, its last event ${last}`);
    for (const event of ['created', ...ENDS])
      if (own.filter((other) => other === event).length > 1) wrong.push(`${id} was ${event} twice`);
  }
  return wrong;
}

/** Work that was lost, or done again although its end was in the history. */
function badRuns(
  notes: readonly string[][],
  scheduled: readonly Scheduled[],
  truth: ReadonlyMap<string, Truth>,
): string[] {
  const wrong: string[] = [];
  const repeated = notes
    .map((note) => note.join(' '))
    .filter((note, n, all) => all.indexOf(note) < n);
  for (const note of repeated) wrong.push(`twice: ${note}`);
  for (const { workflowId, kind, nodeIds } of scheduled)
    for (const nodeId of nodeIds) {
      const id = kind === 'task' ? workflowId : `${workflowId}/${nodeId}`;
      const { status, attempts } = truth.get(id) ?? { status: 'unknown' };
      const own = notes.filter(([, graph, node]) => graph === workflowId && node === nodeId);
      if (status === 'COMPLETED' && !own.some(([what]) => what === 'done'))
        wrong.push(`${id} is COMPLETED but was never done`);
      if (status === 'SKIPPED' && own.length > 0) wrong.push(`${id} is SKIPPED but ran`);
      const latest = Math.max(0, ...own.map(([, , , attempt]) => Number(attempt)));
      if (attempts !== undefined && status !== 'SKIPPED' && latest > attempts)
        wrong.push(`${id} ran attempt ${latest}; its end was attempt ${attempts}`);
    }
  return wrong;
}
