/** Programs of examples and documents, run as a user's are: against the built package and its workflow bundle. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { shared } from './shared.js';

const root = join(__dirname, '..', '..');

/** Without the paths that lead `tempograph` to the sources, where each worker would bundle its workflows anew. */
export const USER_TSCONFIG = join(__dirname, 'tsconfig.user.json');

/** What a TypeScript program prints; rejects when it fails. `lib/` must be there ({@link buildCli}). */
export async function runUserProgram(
  file: string,
  env: NodeJS.ProcessEnv,
  cwd = root,
): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file], {
    cwd,
    env: { ...env, TSX_TSCONFIG_PATH: USER_TSCONFIG },
  });
  return stdout;
}

/** What an example prints that has the tests' server and a data folder of its own. */
export async function runExample(file: string, logLevel = 'error'): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tempograph-example-'));
  try {
    return await runUserProgram(join(root, 'examples', file), {
      ...process.env,
      TEMPORAL_ADDRESS: shared().address,
      TEMPOGRAPH_DATA_DIR: dataDir,
      TEMPOGRAPH_LOG_LEVEL: logLevel,
    });
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}
