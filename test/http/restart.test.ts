/** `tempograph serve` is killed under load, again and again, and comes back on its port. */
import getPort from 'get-port';
import pMap from 'p-map';
import { setTimeout as wait } from 'node:timers/promises';
import { defineTask } from '../../src/registry.js';
import { buildCli, envOf, startCli, type CliProcess } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';
import { Gates } from '../support/gates.js';
import { messagesOf, type Message } from '../support/http.js';
import { until } from '../support/until.js';

const SUBMISSIONS = 100;
const CLIENTS = 10;
const WATCHERS = 10;
const KILLS = 4;
const PROJECT = 'restarts';

describe('serve, killed and started again on its port', () => {
  const runs = new Map<string, number>();
  const counted = defineTask<{ key: string }>({
    name: 'counted',
    run: ({ key }) => void runs.set(key, (runs.get(key) ?? 0) + 1),
  });
  const gates = new Gates();
  let harness: Harness;
  let port: number;
  let server: CliProcess;
  let kills = 0;
  const start = async (): Promise<CliProcess> => {
    const args = ['serve', '--no-auth', '--http-port', String(port), '--json'];
    const process = startCli(args, { env: envOf(harness) });
    await process.saw('stdout', /"event":"ready"/);
    return process;
  };
  const kill = async (): Promise<void> => {
    server.child.kill('SIGKILL');
    await server.ended;
    kills++;
  };
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness({ tasks: [counted, gates.gated] });
    port = await getPort({ host: '127.0.0.1' });
    server = await start();
  });
  afterAll(async () => {
    await kill();
    await harness.stop();
  });

  const api = (rest: string): string => `http://127.0.0.1:${port}/api/v1${rest}`;
  let failures = 0;
  /** As a client does that wants it done: again until there is an answer. */
  const persistent = async <T>(attempt: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        // As fetch has it where a connection is refused or lost; of another realm, so by its name.
        if ((error as Error).name !== 'TypeError') throw error;
        failures++;
        await wait(50);
      }
    }
  };
  const submit = async (key: string): Promise<string> =>
    await persistent(async () => {
      const body = { task: 'counted', input: { key }, project: PROJECT };
      const headers = { 'content-type': 'application/json', 'idempotency-key': key };
      const request = { method: 'POST', headers, body: JSON.stringify(body) };
      const response = await fetch(api('/executions'), request);
      const json = (await response.json()) as { executionId: string };
      if (response.status !== 201) throw new Error(JSON.stringify(json));
      return json.executionId;
    });
  /** Follows events to their end, over as many connections as it takes. */
  const follow = async (id: string, seen: Message[]): Promise<void> =>
    await persistent(async () => {
      const last = seen.at(-1)?.id;
      const headers = last === undefined ? {} : { 'last-event-id': last };
      const url = api(`/executions/${encodeURIComponent(id)}/events`);
      for await (const message of messagesOf(url, headers)) seen.push(message);
    });

  it('loses no submission, makes none twice, and watchers go on to the end', async () => {
    const nodes = Array.from({ length: KILLS + 1 }, (_, nth) => `n${nth}`);
    const tasks = nodes.map((id) => ({ id, task: 'gated', input: { gate: id } }));
    const { executionId } = await harness.engine.scheduleTaskGraph({ name: 'watched', tasks });
    const seen = Array.from({ length: WATCHERS }, (): Message[] => []);
    const watching = Promise.all(seen.map((messages) => follow(executionId, messages)));
    await until(() => seen.every(({ length }) => length > 0), 'every watcher is there');

    const ids = new Map<string, string>();
    const keys = Array.from({ length: SUBMISSIONS }, (_, nth) => `key-${nth}`);
    const submitting = pMap(keys, async (key) => ids.set(key, await submit(key)), {
      concurrency: CLIENTS,
    });
    for (let nth = 1; nth <= KILLS; nth++) {
      await until(
        () => ids.size >= (nth * SUBMISSIONS) / (KILLS + 1),
        `${nth} parts of the answers`,
      );
      await kill();
      gates.open(`n${nth - 1}`); // while nobody watches
      await harness.engine.handle(`${executionId}/n${nth - 1}`).result();
      server = await start();
    }
    await submitting;
    nodes.forEach((node) => gates.open(node));
    await watching;
    expect(kills).toBe(KILLS);
    expect(failures).toBeGreaterThan(KILLS);

    await Promise.all([...ids.values()].map((id) => harness.engine.handle(id).result()));
    expect(new Set(ids.values()).size).toBe(SUBMISSIONS);
    expect(Object.fromEntries(runs)).toEqual(Object.fromEntries(keys.map((key) => [key, 1])));
    const again = await pMap(keys, submit, { concurrency: CLIENTS });
    expect(again).toEqual(keys.map((key) => ids.get(key)));
    const { executions } = await harness.engine.listExecutions({
      ...{ project: PROJECT, kind: 'task', limit: 1_000 },
    });
    expect(executions.map((one) => one.executionId).sort()).toEqual([...ids.values()].sort());

    for (const messages of seen) {
      const ended = messages.filter(({ event }) => event === 'completed');
      expect(ended.map(({ data }) => data['executionId']).sort()).toEqual(
        [executionId, ...nodes.map((node) => `${executionId}/${node}`)].sort(),
      );
      expect(new Set(messages.map(({ id }) => id)).size).toBe(messages.length);
    }
  });
});
