/**
 * The Temporal SDK's own download of its servers, in a process of its own.
 *
 * The SDK downloads only as part of starting a server, cannot be cancelled, and installs its one runtime per process,
 * which the application may want to install differently. All three are harmless in a child that can be ended.
 */
import { readdir, rename, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Environment } from './environment.js';
import type { ProgressReporter } from './progress.js';
import { type OwnedProcess, spawnOwned } from './owned-process.js';

/** Which of the SDK's servers, by the name of the method that starts it and of the file that it makes. */
export interface SdkServer {
  method: 'createLocal' | 'createTimeSkipping';
  filePrefix: string;
  /** A release, such as `v1.5.1`. */
  version: string;
}

/** Without new data for this long the download counts as blocked, in milliseconds. */
const STALL_MS = 30_000;
const LIMIT_MS = 15 * 60_000;
const POLL_MS = 200;
/** The SDK's suffix while it writes. It renames when it is done. */
const UNFINISHED = '.downloading';

const SCRIPT = `
const [testing, method, downloadDir, version] = process.argv.slice(1);
require(testing).TestWorkflowEnvironment[method]({
  server: { executable: { type: 'cached-download', downloadDir, version } },
}).then((env) => env.teardown()).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});`;

/**
 * Downloads a server to the file `executable`, whose folder must be empty.
 *
 * @param testing the module that does it; tests put another
 * @throws Error when switched off by `TEMPOGRAPH_NO_DOWNLOAD`, when it fails, when nothing arrives for 30 s, or after
 *   15 minutes
 */
export async function sdkDownload(
  server: SdkServer,
  executable: string,
  env: Environment,
  report: ProgressReporter,
  testing = createRequire(import.meta.url).resolve('@temporalio/testing'),
): Promise<void> {
  if (env['TEMPOGRAPH_NO_DOWNLOAD']) throw new Error('switched off by TEMPOGRAPH_NO_DOWNLOAD');
  const folder = join(executable, '..');
  const args = ['-e', SCRIPT, testing, server.method, folder, server.version];
  const child = await spawnOwned(process.execPath, args, { env });
  let bytes = 0;
  try {
    const message = () =>
      `${server.filePrefix}${server.version}: ${(bytes / 1e6).toFixed(0)} MB downloaded`;
    const path = await report.during('download', message, () =>
      untilDownloaded(child, folder, server.filePrefix, (now) => (bytes = now)),
    );
    await rename(path, executable);
  } finally {
    // The SDK starts what it has downloaded, and that goes with the group.
    await child.stop(0);
  }
}

async function untilDownloaded(
  child: OwnedProcess,
  folder: string,
  filePrefix: string,
  onBytes: (bytes: number) => void,
): Promise<string> {
  const startedAt = Date.now();
  let last = { bytes: 0, at: startedAt };
  for (;;) {
    const ended = child.gone.aborted; // before looking, so that a file made at the end is seen
    const { done, bytes } = await look(folder, filePrefix);
    if (done) return done;
    if (ended) throw new Error(child.tail() || 'it ended without a file');
    if (bytes > last.bytes) last = { bytes, at: Date.now() };
    onBytes(bytes);
    if (Date.now() - last.at > STALL_MS)
      throw new Error(`nothing arrived for ${STALL_MS / 1000} s`);
    if (Date.now() - startedAt > LIMIT_MS)
      throw new Error(`took longer than ${LIMIT_MS / 60_000} minutes`);
    await delay(POLL_MS);
  }
}

async function look(folder: string, filePrefix: string): Promise<{ done?: string; bytes: number }> {
  let bytes = 0;
  for (const name of await readdir(folder)) {
    const path = join(folder, basename(name));
    if (name.endsWith(UNFINISHED))
      bytes = await stat(path).then(
        ({ size }) => size,
        () => 0,
      );
    else if (name.startsWith(filePrefix)) return { done: path, bytes };
  }
  return { bytes };
}
