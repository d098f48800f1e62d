/** Many who watch one running graph over HTTP, half of whom are cut off and come back. */
import { startHarness, type Harness } from './engine.js';
import { Gates } from './gates.js';
import { startHttpProcess, type HttpProcess } from './http-process.js';
import type { Message } from './http.js';
import { until } from './until.js';
import { startSleeper, Watcher } from './watchers.js';

const NODES = Array.from({ length: 30 }, (_, nth) => `n${nth}`);
const FIRST = NODES.slice(0, 10);
const MISSED = NODES.slice(10, 20);
/** How often `watch` looks. */
const LOOK_MS = 300;

export function describeWatchers(many: number): void {
  describe(`${many} watchers of one running graph`, () => {
    const gates = new Gates();
    let harness: Harness;
    let server: HttpProcess;
    beforeAll(async () => {
      harness = await startHarness({ tasks: [gates.gated] });
      server = await startHttpProcess(harness);
    });
    afterAll(async () => {
      await server.stop();
      await harness.stop();
    });

    /** @param name the gates are its own */
    const start = async (name: string, nodes: readonly string[]): Promise<string> => {
      const tasks = nodes.map((id) => ({ id, task: 'gated', input: { gate: `${name}/${id}` } }));
      const spec = { name, tasks, concurrency: nodes.length };
      return (await harness.engine.scheduleTaskGraph(spec)).executionId;
    };
    const at = (id: string, rest: string): string =>
      `${server.url}/api/v1/executions/${encodeURIComponent(id)}/${rest}`;
    const crowd = (url: string): Watcher[] =>
      Array.from({ length: many }, () => new Watcher(url).start());
    const allSee = async (
      watchers: readonly Watcher[],
      what: string,
      sees: (messages: readonly Message[]) => boolean,
    ): Promise<void> =>
      until(() => watchers.every(({ messages }) => sees(messages)), what, 300_000);

    it('see every end exactly once, also those who come back, beside one who never reads', async () => {
      const id = await start('events', NODES);
      const open = (nodes: readonly string[]): void =>
        nodes.forEach((node) => gates.open(`events/${node}`));
      const sleeper = startSleeper(at(id, 'events'));
      const watchers = crowd(at(id, 'events'));
      open(FIRST);
      await allSee(watchers, 'the first ends', hasEnds(id, FIRST));
      const cut = watchers.filter((_, nth) => nth % 2 === 1);
      cut.forEach((one) => one.cut());
      await Promise.all(cut.map((one) => one.ended()));
      open(MISSED);
      const stayed = watchers.filter((_, nth) => nth % 2 === 0);
      await allSee(stayed, 'the ends that the others miss', hasEnds(id, MISSED));
      const back = cut.map((one) => one.resumed());
      open(NODES);
      const all = [...stayed, ...back];
      await Promise.all(all.map((one) => one.ended()));
      sleeper.destroy();
      const expected = [id, ...NODES.map((node) => `${id}/${node}`)].sort();
      expect(all).toHaveLength(many);
      for (const { messages } of all) {
        expect(endsIn(messages).sort()).toEqual(expected);
        const ids = messages.map((message) => message.id);
        expect(new Set(ids).size).toBe(ids.length);
      }
    });

    it('cost Temporal what one costs', async () => {
      const id = await start('looks', NODES);
      const before = await server.figures();
      const from = Date.now();
      const sleeper = startSleeper(at(id, 'watch'));
      const watchers = crowd(at(id, 'watch'));
      for (const node of NODES) {
        gates.open(`looks/${node}`);
        await allSee(watchers, `the end of ${node}`, (messages) => {
          return statesIn(messages).get(node) === 'COMPLETED';
        });
        if (node === NODES[0]) expect((await server.figures()).pollers).toBe(1);
      }
      await Promise.all(watchers.map((one) => one.ended()));
      sleeper.destroy();
      for (const { messages } of watchers) {
        expect(messages.at(-1)?.data).toMatchObject({ status: 'COMPLETED' });
        expect([...statesIn(messages).values()]).toEqual(NODES.map(() => 'COMPLETED'));
      }
      const after = await server.figures();
      const looks = (Date.now() - from) / LOOK_MS + 2;
      // A look asks for the status and for what has changed; who comes asks once whether there is such an execution.
      expect(grown(before, after, 'QueryWorkflow')).toBeLessThanOrEqual(2 * looks);
      expect(grown(before, after, 'DescribeWorkflowExecution')).toBeLessThanOrEqual(
        looks + 2 * many,
      );
      expect(after.pollers).toBe(0);
    });

    it('leave nothing behind in the memory of the server', async () => {
      const id = await start('memory', ['held']);
      const heaps: number[] = [];
      for (let round = 0; round < 8; round++) {
        const watchers = ['watch', 'events'].flatMap((what) => crowd(at(id, what)));
        await allSee(watchers, 'a message', ({ length }) => length > 0);
        watchers.forEach((one) => one.cut());
        await Promise.all(watchers.map((one) => one.ended()));
        await until(async () => (await server.figures()).pollers === 0, 'no poller', 300_000);
        heaps.push((await server.figures()).heap);
      }
      gates.open('memory/held');
      console.info(`heap in MB after each ${2 * many} watchers: ${heaps.map(megabytes).join(' ')}`);
      // The first rounds warm up what is compiled and cached.
      const [warm = 0] = heaps.slice(3);
      expect(heaps.at(-1)).toBeLessThanOrEqual(warm * 1.05);
    });
  });
}

const ENDS = new Set(['completed', 'failed', 'timedOut', 'cancelled', 'rejected', 'skipped']);
const endsIn = (messages: readonly Message[]): string[] =>
  messages.filter(({ event }) => ENDS.has(event)).map(({ data }) => String(data['executionId']));

const hasEnds =
  (id: string, nodes: readonly string[]) =>
  (messages: readonly Message[]): boolean => {
    const ended = new Set(endsIn(messages));
    return nodes.every((node) => ended.has(`${id}/${node}`));
  };

/** How each node stands after these updates. */
function statesIn(messages: readonly Message[]): Map<string, string> {
  const nodes = messages.flatMap(({ data }) => data['changed'] as { id: string; status: string }[]);
  return new Map(nodes.map(({ id, status }) => [id, status]));
}

const grown = (
  before: { calls: Record<string, number> },
  after: { calls: Record<string, number> },
  name: string,
): number => (after.calls[name] ?? 0) - (before.calls[name] ?? 0);

const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
