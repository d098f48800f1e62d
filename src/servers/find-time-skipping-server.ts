/** Finds Temporal's time-skipping test server, or gets one into the user's cache. */
import { resolve } from 'node:path';
import { cacheEntry, cacheRoot } from './cache.js';
import type { Environment } from './environment.js';
import { assertExecutable } from './executable.js';
import type { FindServerOptions } from './find-dev-server.js';
import { archiveClasses, mavenArtifact, mavenInstall } from './maven-install.js';
import { type Check, obtain, type Way } from './obtain.js';
import { freePort } from './ports.js';
import { type ProgressReporter, progressReporter } from './progress.js';
import { untilAnswers } from './readiness.js';
import { sdkDownload } from './sdk-download.js';
import { spawnOwned } from './owned-process.js';
import { type FailedWay, reasonOf, ServerUnavailableError } from './unavailable.js';

/** The test server that is got when there is none. */
export const TEST_SERVER_VERSION = '1.38.0';

export type TimeSkippingServerSource = 'TEMPORAL_TEST_SERVER_PATH' | 'cache' | 'download' | 'maven';

/** An executable that takes a port and serves there. */
export interface TimeSkippingServerBinary {
  path: string;
  source: TimeSkippingServerSource;
}

/** What gets and checks a test server, so that tests can put something quicker there. */
export interface TimeSkippingServerParts {
  ways: readonly Way<'download' | 'maven'>[];
  check: Check;
}

/**
 * The first that works of: `TEMPORAL_TEST_SERVER_PATH`, our cache, the SDK's download (not with
 * `TEMPOGRAPH_NO_DOWNLOAD=1`), Maven with Java. The last two go into the cache as `findDevServer`'s do.
 *
 * @throws Error when `TEMPORAL_TEST_SERVER_PATH` is set and is no executable
 * @throws ServerUnavailableError with all ways tried, when none works
 */
export async function findTimeSkippingServer(
  { onProgress, env = process.env, cacheDir }: FindServerOptions = {},
  parts: TimeSkippingServerParts = partsFor(env),
): Promise<TimeSkippingServerBinary> {
  const report = progressReporter(onProgress);
  report.say('search', 'looking for the time-skipping test server');

  const given = env['TEMPORAL_TEST_SERVER_PATH'];
  if (given) {
    const path = resolve(given);
    await assertGiven(path);
    return { path, source: 'TEMPORAL_TEST_SERVER_PATH' };
  }
  const failed: FailedWay[] = [{ way: 'TEMPORAL_TEST_SERVER_PATH', reason: 'not set' }];
  const root = cacheRoot(env, cacheDir);
  const entry = cacheEntry(
    root,
    'temporal-test-server',
    TEST_SERVER_VERSION,
    'temporal-test-server',
  );
  const obtained = await obtain({ entry, report, failed, ...parts });
  if (obtained) return { path: obtained.path, source: obtained.source };
  throw new ServerUnavailableError('time-skipping test server', failed, REMEDIES);
}

const REMEDIES = [
  'Set TEMPORAL_TEST_SERVER_PATH to the path of a Temporal test server (its releases are with the Temporal Java SDK).',
  `Install Java (17 was tried) and Apache Maven, and let Maven reach a repository: then ${mavenArtifact(TEST_SERVER_VERSION)} is fetched for you.`,
  'If the cache folder is the trouble, set TEMPOGRAPH_CACHE_DIR to a folder that you may write to.',
];

async function assertGiven(path: string): Promise<void> {
  try {
    await assertExecutable(path);
  } catch (error) {
    throw new Error(
      `TEMPORAL_TEST_SERVER_PATH cannot be used: ${reasonOf(error)}. Set it to a Temporal test server, or unset it to have one found.`,
      { cause: error },
    );
  }
}

const SDK_SERVER = {
  method: 'createTimeSkipping',
  filePrefix: 'temporal-test-server-',
  version: `v${TEST_SERVER_VERSION}`,
} as const;

function partsFor(env: Environment): TimeSkippingServerParts {
  return {
    ways: [
      {
        source: 'download',
        name: "the Temporal SDK's download",
        make: (executable, report) => sdkDownload(SDK_SERVER, executable, env, report),
      },
      {
        source: 'maven',
        name: `Maven, ${mavenArtifact(TEST_SERVER_VERSION)}`,
        make: (executable, report) => mavenInstall(TEST_SERVER_VERSION, executable, env, report),
      },
    ],
    check: (executable, report) => checkServer(executable, env, report),
  };
}

/** A cold Java on a loaded machine took 6 s; what it says it is, we know. */
const CHECK_TIMEOUT_MS = 60_000;

async function checkServer(
  executable: string,
  env: Environment,
  report: ProgressReporter,
): Promise<{ version: string }> {
  try {
    await archiveClasses(executable, env, report);
  } catch (error) {
    report.say('check', `no class archive, it will start more slowly: ${reasonOf(error)}`);
  }
  await report.during(
    'check',
    () => 'starting the new test server once',
    async () => {
      const port = await freePort('127.0.0.1');
      const server = await spawnOwned(executable, [String(port)], { env });
      try {
        const signal = AbortSignal.any([server.gone, AbortSignal.timeout(CHECK_TIMEOUT_MS)]);
        await (await untilAnswers('127.0.0.1', port, signal)).close();
      } catch (error) {
        throw new Error(`it does not answer: ${reasonOf(error)}\n${server.tail()}`, {
          cause: error,
        });
      } finally {
        await server.stop(0);
      }
    },
  );
  return { version: TEST_SERVER_VERSION };
}
