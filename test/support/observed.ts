/** Runs `programs/observed.ts` with an environment. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { shared } from './shared.js';

const root = join(__dirname, '..', '..');

export interface Observed {
  statuses: string[];
  /** What Prometheus would get. */
  metrics: string;
  /** OpenTelemetry's packages that were loaded. */
  loaded: string[];
  /** What it logged. */
  stderr: string;
}

export async function runObserved(more: Record<string, string>): Promise<Observed> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', join(root, 'test', 'support', 'programs', 'observed.ts')],
    {
      cwd: root,
      env: {
        ...process.env,
        TEMPORAL_ADDRESS: shared().address,
        TEMPOGRAPH_TASK_QUEUE: `test-${randomUUID()}`,
        TEMPOGRAPH_DATA_DIR: mkdtempSync(join(tmpdir(), 'tempograph-test-')),
        ...more,
      },
    },
  );
  return { ...(JSON.parse(stdout) as Omit<Observed, 'stderr'>), stderr };
}
