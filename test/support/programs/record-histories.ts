/**
 * Records the histories that `test/replay.test.ts` replays, one of each kind. Run it by `npm run record-histories` when
 * the workflows' commands change on purpose; before the first release a new recording replaces the old one, after it
 * stands beside it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { TaskEngine } from '../../../src/client.js';
import type { ExecutionHandle, GraphSpec } from '../../../src/index.js';
import { launchDevServer } from '../../../src/servers/dev-server.js';
import { findDevServer } from '../../../src/servers/find-dev-server.js';
import { startWorker } from '../../../src/worker.js';
import { SEARCH_ATTRIBUTE } from '../../../src/workflows/messages.js';
import { until } from '../until.js';

const folder = fileURLToPath(new URL('../../histories/', import.meta.url));
const root = fileURLToPath(new URL('../../../', import.meta.url));
mkdirSync(folder, { recursive: true });

const attributes = Object.fromEntries(
  Object.values(SEARCH_ATTRIBUTE).map((name) => [name, 'Keyword']),
);
const { path: binary } = await findDevServer();
const server = await launchDevServer(binary, { searchAttributes: attributes });
const settings = {
  address: server.address,
  dataDir: mkdtempSync(join(tmpdir(), 'tempograph-record-')),
  maxNodesPerRun: 30,
  coordinatorEvents: 100,
};
const post = { name: 'note', onSkipped: true, run: () => undefined };
const worker = await startWorker({ ...settings, logLevel: 'error', hooks: { post: [post] } });
const engine = await TaskEngine.connect(settings);
const client = new Client({ connection: await Connection.connect({ address: server.address }) });

/** By the CLI: it writes the JSON that the Web UI downloads and every SDK replays. */
function save(name: string, workflowId: string, runId?: string): void {
  const run = runId === undefined ? [] : ['--run-id', runId];
  const text = execFileSync(binary, [
    ...['workflow', 'show', '--address', server.address, '--workflow-id', workflowId],
    ...[...run, '--output', 'json'],
  ]);
  const history = withoutPaths(JSON.parse(text.toString().replaceAll(hostname(), 'recorder')));
  writeFileSync(join(folder, `${name}.json`), JSON.stringify({ workflowId, history }));
  console.log(`recorded ${name}`);
}

/** No path and no name of this machine is recorded: stacks lose theirs, in the clear and inside payloads. */
function withoutPaths(value: unknown, key = ''): unknown {
  if (key === 'stackTrace') return '';
  if (typeof value === 'string' && key === 'data') {
    const clear = Buffer.from(value, 'base64').toString();
    return clear.includes(root)
      ? Buffer.from(clear.replaceAll(root, './')).toString('base64')
      : value;
  }
  if (Array.isArray(value)) return value.map((item) => withoutPaths(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, withoutPaths(inner, name)]),
  );
}

const flow: GraphSpec['tasks'] = [
  { id: 'a', task: 'echo', input: '${{ params.n }}' },
  {
    id: 'b',
    task: 'fail',
    dependsOn: ['a'],
    input: { times: 1 },
    retry: { strategy: 'FIXED_DELAY', delay: 50 },
  },
  {
    id: 'c',
    task: 'echo',
    dependsOn: ['a', 'b'],
    input: { sum: '${{ tasks.a.output + 1 }}' },
    scheduledTime: '200ms',
  },
];

const completed = await engine.scheduleTaskGraph(
  { name: 'completed', params: { n: { default: 1 } }, tasks: flow },
  { project: 'recorded' },
);
await completed.result();
save('completed', completed.executionId);

// Asked before its time, so that its workflow waits for that itself.
const putOff = await engine.scheduleTaskGraph(
  { name: 'put-off', tasks: [{ id: 'a', task: 'echo', input: 1 }] },
  { scheduledTime: '2s', dependencies: [completed.executionId] },
);
await putOff.status();
await putOff.result();
save('put-off', putOff.executionId);

const failed = await engine.scheduleTaskGraph({
  name: 'failed',
  onFailure: 'failFast',
  tasks: [
    { id: 'slow', task: 'sleep', input: { ms: 60_000 } },
    { id: 'bad', task: 'fail', retry: 'NONE' },
    { id: 'child', task: 'noop', dependsOn: ['bad'] },
    { id: 'cleanup', task: 'noop', dependsOn: ['bad'], trigger: 'all_done' },
  ],
});
await failed.result();
save('failed', failed.executionId);

const cancelled = await engine.scheduleTaskGraph({
  name: 'cancelled',
  tasks: [
    { id: 'slow', task: 'sleep', input: { ms: 60_000 } },
    { id: 'held', task: 'fail', retry: { strategy: 'FIXED_DELAY', delay: '2h' } },
    { id: 'child', task: 'noop', dependsOn: ['slow'] },
  ],
});
await until(async () => {
  const { counts } = await cancelled.status();
  return counts.RETRYING === 1 && counts.RUNNING === 1;
});
await cancelled.node('held').cancel();
await cancelled.cancel();
await cancelled.result();
save('cancelled', cancelled.executionId);

/** A graph whose first node is under way. */
async function holding(name: string, after: GraphSpec['tasks']): Promise<ExecutionHandle> {
  const held = { id: 'held', task: 'sleep', input: { ms: 60_000 } };
  const handle = await engine.scheduleTaskGraph({ name, tasks: [held, ...after] });
  await until(async () => (await handle.node('held').status()).status === 'RUNNING', 'it runs');
  return handle;
}

const without = await holding('node-cancelled', [
  { id: 'after', task: 'noop', dependsOn: ['held'] },
  { id: 'other', task: 'noop' },
]);
await without.node('held').cancel();
await without.result();
save('node-cancelled', without.executionId);

const cleansUp = await holding('cleans-up', [
  { id: 'after', task: 'noop', dependsOn: ['held'] },
  { id: 'remove', task: 'noop', dependsOn: ['held'], trigger: 'all_done', onCancel: 'run' },
]);
await cleansUp.cancel();
await cleansUp.result();
save('cleans-up', cleansUp.executionId);

const apart = await engine.scheduleTaskGraph({
  name: 'results-apart',
  tasks: [
    { id: 'a', task: 'echo', input: 1, result: { async: true, transform: '[output]' } },
    { id: 'beside', task: 'noop', dependsOn: ['a'] },
    { id: 'reads', task: 'echo', dependsOn: ['a'], input: '${{ tasks.a.output }}' },
    { id: 'bad', task: 'echo', input: 1, result: { async: true, transform: 'output.none' } },
  ],
});
await apart.result();
save('results-apart', apart.executionId);

const rejected = await client.workflow.start('taskGraph', {
  args: [{ name: 'x', tasks: [] }],
  taskQueue: worker.taskQueue,
  workflowId: 'rejected',
});
await rejected.result().catch(() => undefined);
save('rejected', 'rejected');

const tasks = Array.from({ length: 80 }, (_, i) => ({
  id: `n${i}`,
  task: 'echo',
  ...(i < 8 ? {} : { dependsOn: [`n${i - 8}`], input: `\${{ tasks.n${i - 8}.output }}` }),
}));
const split = await engine.scheduleTaskGraph({ name: 'split', concurrency: 6, tasks });
const { runId: first } = await client.workflow.getHandle(split.executionId).describe();
await split.result();
save('coordinator-continued-as-new', split.executionId, first);
save('coordinator-completed', split.executionId);
save('segment', `${split.executionId}/~seg/0`);

/** Each waits for two of the eight before it: what follows is lent to the segment. */
const layers = Array.from({ length: 80 }, (_, i) => {
  const above = i < 8 ? [] : [`n${i - 8}`, `n${i % 8 === 7 ? i - 15 : i - 7}`];
  const input = above.length === 0 ? 1 : `\${{ tasks.${above[0]}.output }}`;
  return { id: `n${i}`, task: 'echo', dependsOn: above, input };
});
const lent = await engine.scheduleTaskGraph({ name: 'lent', concurrency: 8, tasks: layers });
const { runId: firstLent } = await client.workflow.getHandle(lent.executionId).describe();
await lent.result();
save('coordinator-lends', lent.executionId, firstLent);
save('segment-lent', `${lent.executionId}/~seg/0`);

const nested = await engine.scheduleTaskGraph({
  name: 'nested',
  tasks: [
    {
      id: 'm',
      task: 'echo',
      map: { over: [1, 2] },
      input: '${{ item + index }}',
      compensate: 'noop',
    },
    {
      id: 's',
      dependsOn: ['m'],
      graph: { name: 'inner', tasks: [{ id: 'x', task: 'echo', input: 1 }] },
      compensate: 'echo',
    },
    { id: 'ask', dependsOn: ['s'], approval: { message: 'Go on?', timeout: '1h', onDeny: 'fail' } },
  ],
});
await until(async () => (await nested.node('ask').status()).approval !== undefined);
await nested.pause();
await nested.resume();
await nested.node('ask').deny({ by: 'recorder' });
await nested.result();
save('nested', nested.executionId);
save('map', `${nested.executionId}/m`);
save('subgraph', `${nested.executionId}/s`);

await client.connection.close();
await engine.shutdown();
await worker.shutdown();
await server.stop();
