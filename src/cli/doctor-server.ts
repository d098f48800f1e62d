/** What `doctor` finds through `--server`: whether it answers, whether it takes the key, and what the key may do. */
import { packageVersion } from '../config.js';
import { messageOf, TaskError } from '../domain/errors.js';
import { Api } from '../remote/api.js';
import { RemoteEngine } from '../remote/remote-engine.js';
import type { ServerAddress } from '../remote/server-address.js';
import { fail, ok, warn, type Check } from './doctor-check.js';
import { workerChecks } from './doctor-workers.js';

interface Meta {
  version: string;
  authentication: 'open' | 'required';
  caller: { name: string; scope: string; projects: string[] | null };
}

/** Never throws. */
export async function serverChecks(server: ServerAddress): Promise<Check[]> {
  let meta: Meta;
  try {
    meta = await new Api(server).get<Meta>('/meta');
  } catch (error) {
    return notLetIn(server, error);
  }
  return [
    versionCheck(server, meta),
    keyCheck(meta),
    ...(await workersThere(server, meta.caller.projects)),
  ];
}

function notLetIn({ url, key }: ServerAddress, error: unknown): Check[] {
  const code = error instanceof TaskError ? error.code : undefined;
  if (code !== 'UNAUTHENTICATED' && code !== 'FORBIDDEN')
    return [
      fail('server', messageOf(error), 'start it with "tempograph serve", or correct --server'),
    ];
  const none =
    'set TEMPOGRAPH_API_KEY or --api-key-file; where the server runs, "tempograph key create" makes one';
  return [
    ok('server', `answers at ${url}`),
    fail(
      'key',
      messageOf(error),
      key === undefined ? none : 'use another key; "tempograph key list" tells which are good',
    ),
  ];
}

function versionCheck({ url }: ServerAddress, { version }: Meta): Check {
  const own = packageVersion();
  if (version === own) return ok('server', `answers at ${url}, version ${version}`);
  return warn(
    'server',
    `answers at ${url} with version ${version}; this is ${own}`,
    'bring both to one version: what only one of them knows fails',
  );
}

function keyCheck({ authentication, caller }: Meta): Check {
  const name = 'key';
  if (authentication === 'open') return ok(name, 'none needed: the server is open to its machine');
  const { projects, scope } = caller;
  const where = projects === null ? 'all projects' : `the projects ${projects.join(', ')}`;
  const message = `taken, as ${caller.name}: scope ${scope}, ${where}`;
  if (scope !== 'read') return ok(name, message);
  return warn(
    name,
    `${message}; it may look and not start or change anything`,
    'to do more, use a key that "tempograph key create --scope run" made (or operate, admin)',
  );
}

async function workersThere(
  server: ServerAddress,
  projects: readonly string[] | null,
): Promise<Check[]> {
  if (projects !== null) return []; // how the system stands is for those who may see all of it
  const from = Date.now();
  try {
    const detail = await new RemoteEngine(server).systemDetail();
    const count = detail.workers.length;
    const polled =
      count > 0
        ? ok(
            'worker',
            `${count === 1 ? '1 worker polls' : `${count} workers poll`} the task queue ${detail.taskQueue}`,
          )
        : warn(
            'worker',
            `no worker polls the task queue ${detail.taskQueue}; executions wait`,
            'start one with "tempograph worker" beside the server',
          );
    const own = { version: packageVersion() };
    return [polled, ...workerChecks(detail, own, { from, to: Date.now() })];
  } catch (error) {
    return [fail('worker', messageOf(error), 'look into the log of the server')];
  }
}
