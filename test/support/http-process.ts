/** The HTTP server in a process of its own: what many watchers take is then its alone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Harness } from './engine.js';

export interface ServerFigures {
  /** Bytes in use after a collection. */
  heap: number;
  pollers: number;
  /** Calls of Temporal so far, by name. */
  calls: Record<string, number>;
}

export interface HttpProcess {
  url: string;
  figures(): Promise<ServerFigures>;
  stop(): Promise<void>;
}

export async function startHttpProcess(harness: Harness): Promise<HttpProcess> {
  const program = join(__dirname, 'programs', 'http-server.ts');
  const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: {
      ...process.env,
      ADDRESS: harness.address,
      TASK_QUEUE: harness.taskQueue,
      DATA_DIR: harness.dataDir,
    },
  });
  const told = async (): Promise<unknown> => ((await once(child, 'message')) as unknown[])[0];
  const { url } = (await told()) as { url: string };
  return {
    url,
    figures: async () => {
      child.send('figures');
      return (await told()) as ServerFigures;
    },
    stop: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
