/** The HTTP server in a process of its own, which tells its memory, its pollers and what it asked of Temporal. */
import {
  Client,
  Connection,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';
import { TaskEngine } from '../../../src/client.js';
import { startHttpServer } from '../../../src/http/server.js';
import { createLogger } from '../../../src/telemetry.js';
import type { ServerFigures } from '../http-process.js';

const { ADDRESS = '', TASK_QUEUE = '', DATA_DIR = '' } = process.env;

const calls: Record<string, number> = {};
const retry = makeGrpcRetryInterceptor(defaultGrpcRetryOptions());
const connection = await Connection.connect({
  address: ADDRESS,
  interceptors: [
    (options, next) => {
      const { path } = options.method_definition;
      const name = path.slice(path.lastIndexOf('/') + 1);
      calls[name] = (calls[name] ?? 0) + 1;
      return retry(options, next);
    },
  ],
});
const engine = await TaskEngine.connect({
  client: new Client({ connection }),
  ...{ address: ADDRESS, taskQueue: TASK_QUEUE, dataDir: DATA_DIR },
});
const server = await startHttpServer({
  ...{ engine, port: 0, facts: { webUi: null, namespace: 'default' } },
  ...{ logger: createLogger('error'), ratePerMinute: 1_000_000 },
});

process.on('message', () => {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
  const figures: ServerFigures = {
    heap: process.memoryUsage().heapUsed,
    pollers: server.pollers,
    calls,
  };
  process.send?.(figures);
});
process.send?.({ url: server.url });
