/** The checks of `doctor`: each says how it found things and, where that is not well, what to do. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveSettings } from '../config.js';
import { PROGRAM_KINDS } from '../domain/program.js';
import { cacheEntry, cacheRoot, readChecked } from '../servers/cache.js';
import type { Environment } from '../servers/environment.js';
import { findOnPath, temporalCliVersion } from '../servers/executable.js';
import { reasonOf } from '../servers/unavailable.js';
import { SEARCH_ATTRIBUTE } from '../workflows/messages.js';
import { settingsOf, type CommonOptions } from './command.js';
import { target, withDirectSession, type DirectSession } from './session.js';

export type CheckStatus = 'ok' | 'warn' | 'fail';

export interface Check {
  name: string;
  status: CheckStatus;
  message: string;
  /** What to do. */
  fix?: string;
}

export async function runChecks(
  options: CommonOptions,
  env: Environment = process.env,
): Promise<Check[]> {
  const checks = [nodeVersion(process.versions.node), await dataFolder(options)];
  const temporal = await temporalChecks(options);
  return [...checks, ...temporal, await devServer(env), ...(await tools(env))];
}

/** As package.json says. */
const LEAST_NODE = [20, 19] as const;

export function nodeVersion(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_NODE;
  const enough = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  if (enough) return { name: 'node', status: 'ok', message: version };
  return {
    name: 'node',
    status: 'fail',
    message: `${version}, needed is ${LEAST_NODE.join('.')} or later`,
    fix: 'install a current Node.js',
  };
}

async function dataFolder(options: CommonOptions): Promise<Check> {
  const { dataDir } = resolveSettings(settingsOf(options));
  const probe = join(dataDir, `.doctor-${process.pid}`);
  try {
    await mkdir(dataDir, { recursive: true });
    await writeFile(probe, '');
    await rm(probe);
    return { name: 'data folder', status: 'ok', message: `${dataDir} can be written` };
  } catch (error) {
    return {
      name: 'data folder',
      status: 'fail',
      message: `${dataDir} cannot be written: ${reasonOf(error)}`,
      fix: 'choose another with --data-dir or TEMPOGRAPH_DATA_DIR',
    };
  }
}

async function temporalChecks(options: CommonOptions): Promise<Check[]> {
  let address = '';
  try {
    ({ address } = target(options));
    return await withDirectSession(options, async (session) => {
      const reached = await serverCheck(session, address);
      const space = await namespaceCheck(session);
      if (space.status === 'fail') return [reached, space];
      const attributes = await searchAttributes(session);
      const polled = await workers(session);
      const quick = polled.status === 'ok' ? await speed(session) : [];
      const able = polled.status === 'ok' ? await programs(session) : [];
      return [reached, space, attributes, polled, ...able, ...quick];
    });
  } catch (error) {
    return [
      {
        name: 'temporal',
        status: 'fail',
        message: reasonOf(error).split(';')[0] ?? 'not reached',
        fix: 'start one with "tempograph dev", or set --address or TEMPORAL_ADDRESS',
      },
    ];
  }
}

async function serverCheck({ client }: DirectSession, address: string): Promise<Check> {
  const { serverVersion } = await client.workflowService.getSystemInfo({});
  const version = serverVersion ? `, version ${serverVersion}` : '';
  return { name: 'temporal', status: 'ok', message: `answers at ${address}${version}` };
}

/** Above these a setting bounds the server, and not what it has to do; on a quiet machine they are 10 to 25 and 2 to 10 ms. */
const SLOW_STEP_MS = 60;
const SLOW_TIMER_MS = 200;

/** How quick the server is, where a worker can tell. */
async function speed({ engine }: DirectSession): Promise<Check[]> {
  const probe = await engine.probe().catch(() => undefined);
  if (!probe) return [];
  const { stepMs, timerMs } = probe;
  const message = `a step of a chain takes ${stepMs} ms, a timer of 1 ms takes ${timerMs} ms`;
  const settings = [
    ...(stepMs > SLOW_STEP_MS
      ? ['history.transferProcessorMaxPollRPS 1000 (chains of tasks up to 4 times as quick)']
      : []),
    ...(timerMs > SLOW_TIMER_MS
      ? [
          'history.timerProcessorMaxTimeShift "1ms" and history.timerProcessorMaxPollRPS 1000 (timers and retries on time)',
        ]
      : []),
  ];
  if (settings.length === 0) return [{ name: 'server speed', status: 'ok', message }];
  const more = 'history.cacheNonUserContextLockTimeout "50ms" for graphs of many thousand nodes';
  return [
    {
      name: 'server speed',
      status: 'warn',
      message: `${message}: its settings hold it up, or it has much to do`,
      fix: `set in its dynamic configuration: ${settings.join('; ')}; also ${more}. What else helps stands in docs/settings.md`,
    },
  ];
}

async function namespaceCheck({ client, namespace }: DirectSession): Promise<Check> {
  try {
    await client.workflowService.describeNamespace({ namespace });
    return { name: 'namespace', status: 'ok', message: namespace };
  } catch (error) {
    return {
      name: 'namespace',
      status: 'fail',
      message: `${namespace} cannot be used: ${reasonOf(error)}`,
      fix: 'create it, or choose another with --namespace or TEMPORAL_NAMESPACE',
    };
  }
}

async function searchAttributes({ client, namespace }: DirectSession): Promise<Check> {
  const { knownSearchAttributes } = await import('../client/connect.js');
  const known = await knownSearchAttributes(client);
  const missing = Object.values(SEARCH_ATTRIBUTE).filter((name) => !known.has(name));
  if (missing.length === 0)
    return { name: 'search attributes', status: 'ok', message: 'all registered' };
  const names = missing.map((name) => `--name ${name} --type Keyword`).join(' ');
  return {
    name: 'search attributes',
    status: 'warn',
    message: `not registered: ${missing.join(', ')}; filters by them do not work, all else does`,
    fix: `temporal operator search-attribute create --namespace ${namespace} ${names}`,
  };
}

async function workers(session: DirectSession): Promise<Check> {
  const name = 'worker';
  const queue = `the task queue ${session.taskQueue}`;
  const { pollers: count } = await session.workers();
  if (count > 0)
    return {
      name,
      status: 'ok',
      message: `${count === 1 ? '1 worker polls' : `${count} workers poll`} ${queue}`,
    };
  return {
    name,
    status: 'warn',
    message: `no worker polls ${queue}; executions wait`,
    fix: 'start one with "tempograph worker", or choose another queue with --task-queue',
  };
}

/** Which kinds of programs the workers run, what holds them there, and what the others lack. */
async function programs({ engine }: DirectSession): Promise<Check[]> {
  const detail = await engine.systemDetail().catch(() => undefined);
  const answers = detail?.workers.flatMap((worker) => worker.detail ?? []) ?? [];
  if (answers.length === 0) return [];
  return PROGRAM_KINDS.map((kind): Check => {
    const name = `programs: ${kind}`;
    const able = answers.flatMap((one) => one.programs.filter(({ mode }) => mode === kind));
    const [first] = able;
    if (first) {
      const by = Object.entries(first.enforces ?? {}).map(([aspect, how]) => `${aspect} ${how}`);
      const held = by.length === 0 ? '' : `; held by ${by.join(', ')}`;
      return { name, status: 'ok', message: `${able.length} of ${answers.length} workers${held}` };
    }
    const lacks = [...new Set(answers.flatMap(({ lacks: of }) => of[kind] ?? []))];
    return {
      ...{ name, status: 'warn', message: `no worker runs them: ${lacks.join('; ')}` },
      fix: 'mend that where such programs are to run; the setting programs leaves a kind out',
    };
  });
}

/** Which way `dev` would get its server; nothing is got here. The order is `findDevServer`'s. */
async function devServer(env: Environment): Promise<Check> {
  const name = 'dev server';
  const given = env['TEMPORAL_CLI_PATH'];
  if (given) {
    try {
      const version = await temporalCliVersion(given, env);
      return { name, status: 'ok', message: `TEMPORAL_CLI_PATH: ${version}` };
    } catch (error) {
      const message = `TEMPORAL_CLI_PATH cannot be used: ${reasonOf(error)}`;
      return { name, status: 'fail', message, fix: 'set it to a Temporal CLI, or unset it' };
    }
  }
  const installed = await findOnPath('temporal', env);
  if (installed) {
    try {
      const version = await temporalCliVersion(installed, env);
      return { name, status: 'ok', message: `temporal on PATH: ${version}` };
    } catch {
      // as if it were not there
    }
  }
  const { CLI_VERSION } = await import('../servers/find-dev-server.js');
  const cached = await readChecked(
    cacheEntry(cacheRoot(env), 'temporal-cli', CLI_VERSION, 'temporal'),
  );
  if (cached) return { name, status: 'ok', message: `in the cache: ${cached.version}` };
  return await obtainable(name, env);
}

async function obtainable(name: string, env: Environment): Promise<Check> {
  const go = await findOnPath('go', env);
  const build = 'a build by Go, which takes 3 to 15 minutes';
  if (!env['TEMPOGRAPH_NO_DOWNLOAD'])
    return {
      name,
      status: 'ok',
      message: `the first "tempograph dev" gets it: by a download${go ? `, else by ${build}` : ''}`,
    };
  if (go) return { name, status: 'ok', message: `the first "tempograph dev" gets it: by ${build}` };
  return {
    name,
    status: 'warn',
    message: 'none found, downloads are off and there is no Go to build one',
    fix: 'install the Temporal CLI, or set TEMPORAL_CLI_PATH; a server elsewhere needs none of it',
  };
}

/** For information: none of them is needed where a server was found. */
async function tools(env: Environment): Promise<Check[]> {
  const uses: [name: string, use: string][] = [
    ['java', 'for the time-skipping test server, where it cannot be downloaded'],
    ['mvn', 'to get that server'],
    ['go', 'to build a dev server, where it cannot be downloaded'],
  ];
  return await Promise.all(
    uses.map(async ([name, use]): Promise<Check> => {
      const path = await findOnPath(name, env);
      return { name, status: 'ok', message: path ?? `not found; only needed ${use}` };
    }),
  );
}
