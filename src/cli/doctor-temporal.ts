/** What `doctor` finds out from Temporal: whether it answers, what it lacks, who works there, how quick it is. */
import type { TaskEngine } from '../client.js';
import { packageVersion } from '../config.js';
import type { ProbeAnswer } from '../workflows/asks.js';
import { SEARCH_ATTRIBUTE } from '../workflows/messages.js';
import { reasonOf } from '../servers/unavailable.js';
import type { CommonOptions } from './command.js';
import { OwnBlobs } from './doctor-blobs.js';
import { fail, ok, warn, type Check } from './doctor-check.js';
import { containerChecks } from './doctor-containers.js';
import { busyQueue } from './doctor-queues.js';
import { storeCheck } from './doctor-store.js';
import { ahead, skewed, TOLERATED_MS, workerChecks, type Own } from './doctor-workers.js';
import { target, withDirectSession, type DirectSession } from './session.js';

/** Temporal, the store, the bucket, and the workers where there are any. @throws TaskError CONFIGURATION */
export async function temporalChecks(options: CommonOptions): Promise<Check[]> {
  const blobs = new OwnBlobs(options);
  const [store, bucket] = await Promise.all([storeCheck(options), blobs.checks()]);
  const kept = (checked: Check): Check[] => [checked, ...bucket];
  let address = '';
  try {
    ({ address } = target(options));
    return await withDirectSession(options, async (session) => {
      const reached = await serverCheck(session, address);
      const space = await namespaceCheck(session);
      if (space.status === 'fail') return [reached, space, ...kept(store.check)];
      const attributes = await searchAttributes(session);
      const whose = await store.ofNamespace(session.engine);
      const polled = await workers(session);
      const told = polled.status === 'ok' ? await toldBy(session, blobs, store.location) : [];
      return [reached, space, attributes, ...kept(whose), polled, ...told];
    });
  } catch (error) {
    const check = fail(
      'temporal',
      reasonOf(error).split(';')[0] ?? 'not reached',
      'start one with "tempograph dev", or set --address or TEMPORAL_ADDRESS',
    );
    return [check, ...kept(store.check)];
  }
}

/** What the workers tell, and what they measure. */
async function toldBy(
  { engine }: DirectSession,
  blobs: OwnBlobs,
  store: string | null,
): Promise<Check[]> {
  const from = Date.now();
  const detail = await engine.systemDetail();
  const to = Date.now();
  // Only now: a worker that is asked for the first time makes the id of its folder.
  const own: Own = { version: packageVersion(), blobs: await blobs.place(), store };
  const told = workerChecks(detail, own, { from, to });
  return [...told, ...(await containerChecks(engine, detail)), ...(await measured(engine))];
}

async function serverCheck({ client }: DirectSession, address: string): Promise<Check> {
  const { serverVersion } = await client.workflowService.getSystemInfo({});
  const version = serverVersion ? `, version ${serverVersion}` : '';
  return ok('temporal', `answers at ${address}${version}`);
}

async function namespaceCheck({ client, namespace }: DirectSession): Promise<Check> {
  try {
    await client.workflowService.describeNamespace({ namespace });
    return ok('namespace', namespace);
  } catch (error) {
    return fail(
      'namespace',
      `${namespace} cannot be used: ${reasonOf(error)}`,
      'create it, or choose another with --namespace or TEMPORAL_NAMESPACE',
    );
  }
}

async function searchAttributes({ client, namespace }: DirectSession): Promise<Check> {
  const { knownSearchAttributes } = await import('../client/connect.js');
  const known = await knownSearchAttributes(client);
  const missing = Object.values(SEARCH_ATTRIBUTE).filter((name) => !known.has(name));
  if (missing.length === 0) return ok('search attributes', 'all registered');
  const names = missing.map((name) => `--name ${name} --type Keyword`).join(' ');
  return warn(
    'search attributes',
    `not registered: ${missing.join(', ')}; filters by them do not work, all else does`,
    `temporal operator search-attribute create --namespace ${namespace} ${names}`,
  );
}

/** Above these a setting bounds the server, and not what it has to do; on a quiet machine they are 10 to 25 and 2 to 10 ms. */
const SLOW_STEP_MS = 60;
const SLOW_TIMER_MS = 200;

/** How quick the server is, and what its clock says, where a worker can tell. */
async function measured(engine: TaskEngine): Promise<Check[]> {
  const from = Date.now();
  const probe = await engine.probe().catch(() => undefined);
  if (!probe) return [];
  const skew = probe.now === undefined ? 0 : skewed(probe.now, { from, to: Date.now() });
  return [serverClock(skew), speedCheck(probe)];
}

function serverClock(skewMs: number): Check {
  const name = "Temporal's clock";
  if (Math.abs(skewMs) <= TOLERATED_MS) return ok(name, "agrees with this machine's");
  return warn(
    name,
    `is ${ahead(skewMs)}`,
    'let a time service set both; schedules and deadlines go by the one of Temporal',
  );
}

/** What a server's figures say, in milliseconds: well, or the settings that may hold it up. */
export function speedCheck({ stepMs, timerMs }: Pick<ProbeAnswer, 'stepMs' | 'timerMs'>): Check {
  const name = 'server speed';
  const message = `a step of a chain takes ${stepMs} ms, a timer of 1 ms takes ${timerMs} ms`;
  if (stepMs <= SLOW_STEP_MS && timerMs <= SLOW_TIMER_MS) return ok(name, message);
  // Both, whichever is slow: on a machine with much to do, a server of unchanged settings once showed quick steps.
  const settings = [
    'history.transferProcessorMaxPollRPS 1000 (chains of tasks up to 4 times as quick)',
    'history.timerProcessorMaxTimeShift "1ms" and history.timerProcessorMaxPollRPS 1000 (timers and retries on time)',
  ];
  const more =
    'system.enableActivityEagerExecution true (half the server\'s time for a node) and history.cacheNonUserContextLockTimeout "50ms" for graphs of many thousand nodes';
  return warn(
    name,
    `${message}: its settings hold it up, or it has much to do`,
    `set in its dynamic configuration: ${settings.join('; ')}; also ${more}. What else helps stands in docs/settings.md`,
  );
}

async function workers(session: DirectSession): Promise<Check> {
  const name = 'worker';
  const queue = `the task queue ${session.taskQueue}`;
  const { pollers: count } = await session.workers();
  if (count > 0)
    return ok(name, `${count === 1 ? '1 worker polls' : `${count} workers poll`} ${queue}`);
  const other = await busyQueue(session);
  if (other !== undefined)
    return warn(
      name,
      `no worker polls ${queue}, but one polls ${other}; executions wait`,
      `set --task-queue ${other} (TEMPOGRAPH_TASK_QUEUE) here, or start one with "tempograph worker" for ${session.taskQueue}`,
    );
  return warn(
    name,
    `no worker polls ${queue}; executions wait`,
    'start one with "tempograph worker", or choose another queue with --task-queue',
  );
}
