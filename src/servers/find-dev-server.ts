/** Finds a Temporal dev server with its Web UI, or gets one into the user's cache. */
import { resolve } from 'node:path';
import { cacheEntry, cacheRoot } from './cache.js';
import { launchDevServer } from './dev-server.js';
import type { Environment } from './environment.js';
import { findOnPath, temporalCliVersion } from './executable.js';
import { goInstall, goInstallCommand } from './go-install.js';
import { type Check, obtain, type Way } from './obtain.js';
import { type OnProgress, progressReporter } from './progress.js';
import { sdkDownload } from './sdk-download.js';
import { type FailedWay, reasonOf, ServerUnavailableError } from './unavailable.js';

/** The Temporal CLI that is got when there is none: server 1.29.1, Web UI 2.42.1. */
export const CLI_VERSION = '1.5.1';

export type DevServerSource = 'TEMPORAL_CLI_PATH' | 'PATH' | 'cache' | 'download' | 'build';

/** A Temporal CLI that runs. */
export interface DevServerBinary {
  path: string;
  /** What it says it is, such as `1.5.1 (Server 1.29.1, UI 2.42.1)`. */
  version: string;
  source: DevServerSource;
}

export interface FindServerOptions {
  onProgress?: OnProgress | undefined;
  /** Default: this process's. */
  env?: Environment | undefined;
  /** Default: `TEMPOGRAPH_CACHE_DIR`, else the user's cache folder. */
  cacheDir?: string | undefined;
}

/** What gets and checks a CLI, so that tests can put something quicker there. */
export interface DevServerParts {
  ways: readonly Way<'download' | 'build'>[];
  check: Check;
}

/**
 * The first that works of: `TEMPORAL_CLI_PATH`, `temporal` on PATH, our cache, the SDK's download (not with
 * `TEMPOGRAPH_NO_DOWNLOAD=1`), a build by Go (3 to 15 minutes). The last two go into the cache, checked once by
 * starting them; concurrent callers, in other processes too, wait for the first.
 *
 * @throws Error when `TEMPORAL_CLI_PATH` is set and cannot be used
 * @throws ServerUnavailableError with all ways tried, when none works
 */
export async function findDevServer(
  { onProgress, env = process.env, cacheDir }: FindServerOptions = {},
  parts: DevServerParts = partsFor(env),
): Promise<DevServerBinary> {
  const report = progressReporter(onProgress);
  report.say('search', 'looking for a Temporal dev server');
  const failed: FailedWay[] = [];

  const given = env['TEMPORAL_CLI_PATH'];
  if (given) {
    const path = resolve(given);
    return { path, version: await versionOfGiven(path, env), source: 'TEMPORAL_CLI_PATH' };
  }
  failed.push({ way: 'TEMPORAL_CLI_PATH', reason: 'not set' });

  const installed = await onPath(env, failed);
  if (installed) return installed;

  const entry = cacheEntry(cacheRoot(env, cacheDir), 'temporal-cli', CLI_VERSION, 'temporal');
  const obtained = await obtain({ entry, report, failed, ...parts });
  if (obtained) return obtained;
  throw new ServerUnavailableError('Temporal dev server', failed, REMEDIES);
}

const REMEDIES = [
  'Install the Temporal CLI (docs.temporal.io/cli), so that `temporal` is on PATH.',
  'Set TEMPORAL_CLI_PATH to the path of a Temporal CLI.',
  `Install Go 1.25 or later and let it reach a module proxy (GOPROXY): then \`${goInstallCommand(CLI_VERSION)}\` is run for you.`,
  'If the cache folder is the trouble, set TEMPOGRAPH_CACHE_DIR to a folder that you may write to.',
  'Or use a Temporal server that runs elsewhere: set TEMPORAL_ADDRESS.',
];

async function versionOfGiven(path: string, env: Environment): Promise<string> {
  try {
    return await temporalCliVersion(path, env);
  } catch (error) {
    throw new Error(
      `TEMPORAL_CLI_PATH cannot be used: ${reasonOf(error)}. Set it to a Temporal CLI, or unset it to have one found.`,
      { cause: error },
    );
  }
}

async function onPath(env: Environment, failed: FailedWay[]): Promise<DevServerBinary | undefined> {
  const way = '`temporal` on PATH';
  const path = await findOnPath('temporal', env);
  if (!path) {
    failed.push({ way, reason: 'not found' });
    return undefined;
  }
  try {
    return { path, version: await temporalCliVersion(path, env), source: 'PATH' };
  } catch (error) {
    failed.push({ way, reason: reasonOf(error) });
    return undefined;
  }
}

const SDK_SERVER = {
  method: 'createLocal',
  filePrefix: 'temporal-',
  version: `v${CLI_VERSION}`,
} as const;

function partsFor(env: Environment): DevServerParts {
  return {
    ways: [
      {
        source: 'download',
        name: "the Temporal SDK's download",
        make: (executable, report) => sdkDownload(SDK_SERVER, executable, env, report),
      },
      {
        source: 'build',
        name: goInstallCommand(CLI_VERSION),
        make: (executable, report) => goInstall(CLI_VERSION, executable, env, report),
      },
    ],
    check: (executable, report) =>
      report.during(
        'check',
        () => 'starting the new dev server once',
        async () => {
          const version = await temporalCliVersion(executable, env);
          await (await launchDevServer(executable, { env })).stop();
          return { version };
        },
      ),
  };
}
