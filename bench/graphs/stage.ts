/** What every bench stands on: a folder of its own, and an end to all that it started. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDevServer } from '../../src/servers/start-dev-server.js';

export interface Stage {
  folder: string;
  /** What ends what was started; called last first. */
  stops: (() => Promise<unknown>)[];
}

export async function onStage(run: (stage: Stage) => Promise<void>): Promise<void> {
  const stage: Stage = { folder: mkdtempSync(join(tmpdir(), 'tempograph-bench-')), stops: [] };
  try {
    await run(stage);
  } finally {
    for (const stop of stage.stops.reverse()) await stop();
    rmSync(stage.folder, { recursive: true, force: true });
  }
}

/** @param dbFile where it keeps its state; undefined for memory */
export async function startServer(
  { stops }: Stage,
  dbFile?: string,
): Promise<{ address: string; pid: number }> {
  const server = await startDevServer({ dbFile });
  stops.push(() => server.stop());
  return server;
}
