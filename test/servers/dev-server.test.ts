import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { assertUnowned } from '../../src/servers/database-owner.js';
import type { DevServer } from '../../src/servers/dev-server.js';
import { DEV_SERVER_SETTINGS } from '../../src/servers/dev-server-settings.js';
import { progressReporter } from '../../src/servers/progress.js';
import { startDevServer, type StartDevServerOptions } from '../../src/servers/start-dev-server.js';
import { script, tempFolder } from './fakes.js';

const running: DevServer[] = [];

/** Starts a real server, and stops it after the test at the latest. */
async function start(options: StartDevServerOptions = {}): Promise<DevServer> {
  const server = await startDevServer(options);
  running.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

async function withClient<T>(
  { address }: DevServer,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

const COUNT = defineSearchAttributeKey('TestCount', SearchAttributeType.INT);

describe('startDevServer', () => {
  it('still knows an execution after a restart on the same file', async () => {
    const dbFile = join(tempFolder(), 'data', 'temporal.db');
    const first = await start({ dbFile });
    await withClient(first, (client) =>
      client.workflow.start('anything', { workflowId: 'kept', taskQueue: 'none' }),
    );
    await first.stop();

    const second = await start({ dbFile });

    const { type } = await withClient(second, (client) =>
      client.workflow.getHandle('kept').describe(),
    );
    expect(type).toBe('anything');
    expect(second.dbFile).toBe(dbFile);
  });

  it('adds a search attribute to a file that was made without it', async () => {
    const dbFile = join(tempFolder(), 'temporal.db');
    await (await start({ dbFile, searchAttributes: { TestStatus: 'Keyword' } })).stop();

    const server = await start({
      dbFile,
      searchAttributes: { TestStatus: 'Keyword', TestCount: 'Int' },
    });

    await withClient(server, (client) =>
      client.workflow.start('anything', {
        workflowId: 'counted',
        taskQueue: 'none',
        typedSearchAttributes: [{ key: COUNT, value: 3 }],
      }),
    );
  });

  it('refuses a search attribute that the file has with another type', async () => {
    const dbFile = join(tempFolder(), 'temporal.db');
    await (await start({ dbFile, searchAttributes: { TestCount: 'Int' } })).stop();

    await expect(start({ dbFile, searchAttributes: { TestCount: 'Keyword' } })).rejects.toThrow(
      'search attribute TestCount has type Int in namespace default, wanted Keyword',
    );
  });

  it('takes what a worker decides while a crowd of events arrives', async () => {
    const server = await start();

    await withClient(server, async (client) => {
      const handle = await client.workflow.start('anything', {
        ...{ workflowId: 'crowded', taskQueue: 'crowd' },
      });
      const { workflowService } = client;
      const task = await client.connection.withDeadline(Date.now() + 30_000, () =>
        workflowService.pollWorkflowTaskQueue({
          ...{ namespace: 'default', taskQueue: { name: 'crowd' }, identity: 'slow' },
        }),
      );
      for (let nth = 0; nth < 300; nth++) await handle.signal('one of many');
      await workflowService.respondWorkflowTaskCompleted({
        ...{ namespace: 'default', taskToken: task.taskToken, identity: 'slow' },
      });

      const { events } = await handle.fetchHistory();
      expect(events?.filter((event) => event.workflowTaskFailedEventAttributes)).toEqual([]);
      expect(
        events?.filter((event) => event.workflowExecutionSignaledEventAttributes),
      ).toHaveLength(300);
    });
  });

  it('serves the Web UI and the namespace asked for', async () => {
    const server = await start({ namespace: 'team' });

    expect((await fetch(server.uiUrl)).status).toBe(200);
    await withClient(server, (client) =>
      client.workflowService.describeNamespace({ namespace: 'team' }),
    );
  });

  it('settles `exited` when the server is killed', async () => {
    const server = await start();

    process.kill(server.pid, 'SIGKILL');

    expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it.each(['port', 'uiPort'] as const)('names a taken %s and what to do', async (option) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;

    const started = start({ binary: '/bin/false', [option]: port });

    await expect(started).rejects.toThrow(
      new RegExp(
        `port ${port} on 127\\.0\\.0\\.1, .*is taken.*Stop that program.*or choose another`,
      ),
    );
    other.close();
  });

  it('carries the end of the output of a server that ends early', async () => {
    const binary = script(
      join(tempFolder(), 'temporal'),
      'echo "cannot open the file" >&2; exit 7',
    );

    await expect(start({ binary })).rejects.toThrow(
      /ended while starting \(code 7\)\.\nThe end of its output:\ncannot open the file/,
    );
  });

  it('tries another port when the one it chose was taken meanwhile', async () => {
    const folder = tempFolder();
    const binary = script(
      join(folder, 'temporal'),
      `cd ${folder}; echo "$*" >> calls; echo "can't set frontend port 1: address already in use" >&2; exit 1`,
    );

    await expect(start({ binary })).rejects.toThrow('address already in use');
    expect(readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')).toHaveLength(3);
  });

  it('refuses an unknown type of search attribute', async () => {
    await expect(
      start({ binary: '/bin/false', searchAttributes: { Size: 'Number' } }),
    ).rejects.toThrow(
      'search attribute Size: unknown type "Number", expected Text, Keyword, Int, Double, Bool, Datetime, KeywordList',
    );
  });

  it.each([
    ['with a file', true],
    ['in memory', false],
  ])('passes every setting of the table to a server %s', async (_, withFile) => {
    const folder = tempFolder();
    const binary = script(
      join(folder, 'temporal'),
      'for arg in "$@"; do echo "$arg"; done; env; exit 1',
    );
    const env = { TEMPORAL_NAMESPACE: 'elsewhere' };

    const failed: unknown = await start({
      binary,
      env,
      ...(withFile ? { dbFile: join(folder, 'db') } : {}),
    }).catch((error: unknown) => error);

    const lines = new Set((failed as Error).message.split('\n'));
    for (const { kind, key, value } of DEV_SERVER_SETTINGS) {
      expect([key, lines.has(`${key}=${value}`)]).toEqual([
        key,
        withFile || kind !== 'sqlite-pragma',
      ]);
    }
    expect(lines).not.toContain('TEMPORAL_NAMESPACE=elsewhere');
  });
});

describe('assertUnowned', () => {
  it('refuses a file that a running server has', async () => {
    const dbFile = join(tempFolder(), 'temporal.db');
    const server = await start({ dbFile });
    const said: string[] = [];
    const report = progressReporter(({ message }) => void said.push(message));

    await expect(assertUnowned(dbFile, report, 0)).rejects.toThrow(
      `${dbFile} is in use by a Temporal dev server, process ${server.pid}.`,
    );
    // It runs, and nobody knows whether it is about to end.
    expect(said).toEqual([
      `process ${server.pid} has ${dbFile}; waiting a moment, should it be ending`,
    ]);
    await server.stop();
    await assertUnowned(dbFile, progressReporter(), 0);
  });

  it('accepts a file whose server was killed', async () => {
    const dbFile = join(tempFolder(), 'temporal.db');
    const server = await start({ dbFile });
    process.kill(server.pid, 'SIGKILL');
    await server.exited;

    await assertUnowned(dbFile, progressReporter(), 0);
  });

  it('accepts a file whose old process id is another program now', async () => {
    const dbFile = join(tempFolder(), 'temporal.db');
    writeFileSync(`${dbFile}.pid`, `${process.pid}\n`);

    await assertUnowned(dbFile, progressReporter(), 0);
  });
});
