/** The HTTP API under a fuzzer that others wrote, with a key of every right and with none. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { authenticator } from '../../src/http/authenticate.js';
import { schemathesis } from '../../scripts/schemathesis.mjs';
import type { DevServer } from '../../src/servers/dev-server.js';
import { startDevServer } from '../../src/servers/start-dev-server.js';
import { startHarness, type Harness } from './engine.js';
import { Gates } from './gates.js';
import { startHttp, type HttpScene } from './http.js';
import { fuzz, type Exchange, type Fuzzed } from './schemathesis.js';

export interface FuzzSize {
  seed: number;
  /** Least number of requests, with a key and without together. */
  requests: number;
  /** Of each operation, with a key and without. */
  examples: { withKey: number; without: number };
}

/** For a fuzzer that hangs, on a machine that is busy. */
const LONGEST_MS = 3_600_000;

const GRAPH = {
  name: 'fuzzed',
  tasks: [
    { id: 'a', task: 'echo', input: { n: 1 } },
    { id: 'ask', approval: { message: 'Go on?' }, dependsOn: ['a'] },
    { id: 'held', task: 'gated', input: { gate: 'never' } },
  ],
};

export function describeFuzz({ seed, requests, examples }: FuzzSize): void {
  describe(`the served OpenAPI document, fuzzed by Schemathesis with seed ${seed}`, () => {
    let server: DevServer;
    let harness: Harness;
    let http: HttpScene;
    let token: string;
    let known: Record<string, string[]>;
    const done: Fuzzed[] = [];
    beforeAll(async () => {
      await schemathesis({ log: (line) => console.error(`\n${line}`) });
      // Of its own: limits and schedules of other tests, whose workers have gone, are no faults of the API.
      server = await startDevServer({});
      const { address } = server;
      harness = await startHarness({ address, tasks: [new Gates().gated] });
      const { engine } = harness;
      const key = { name: 'fuzzer', scope: 'admin', by: 'test', reason: 'fuzzing' } as const;
      ({ token } = await engine.keys.create(key));
      http = await startHttp(harness, {
        authenticate: authenticator({ keys: engine.keys, open: false }),
        streamLimitMs: 300,
      });
      const ended = await engine.scheduleTask({ task: 'echo', input: 1 });
      const failed = await engine.scheduleTask({ task: 'fail', retry: { maxRetries: 0 } });
      await Promise.allSettled([ended.result(), failed.result()]);
      const running = await engine.scheduleTaskGraph(GRAPH);
      known = {
        executionId: [ended, failed, running].map(({ executionId }) => executionId),
        nodeId: ['a', 'ask', 'held'],
      };
    });
    afterAll(async () => {
      await http.stop();
      await harness.stop();
      await server.stop();
    });

    const run = async (key: string | undefined, most: number): Promise<Fuzzed> => {
      const fuzzed = await fuzz({
        ...{ url: http.url, known, seed, examples: most },
        ...(key === undefined ? {} : { token: key }),
      });
      done.push(fuzzed);
      return fuzzed;
    };

    it(
      'answers every request as the document says, and none with 5xx, with a key',
      async () => {
        const { findings, exchanges } = await run(token, examples.withKey);
        expect(findings).toBe('');
        expect(exchanges.filter(({ status }) => status >= 500)).toEqual([]);
        expect(errorsOf(harness)).toEqual([]);
      },
      LONGEST_MS,
    );

    it(
      'tells nothing and does nothing without a key',
      async () => {
        const { findings, exchanges } = await run(undefined, examples.without);
        expect(findings).toBe('');
        // Whoever asks wrongly is told so: an address that cannot be read, a method that there is not.
        const others = exchanges.filter(
          ({ status }) => ![401, 400, 404, 405, 431].includes(status),
        );
        expect(others).toEqual([]);
        expect(errorsOf(harness)).toEqual([]);
      },
      LONGEST_MS,
    );

    it('says nothing of the machine, and no secret', () => {
      // What workers are made of is what /system is for: nobody who is bound to a project gets it.
      const exchanges = done
        .flatMap((one) => one.exchanges)
        .filter(({ path }) => path !== '/api/v1/system');
      expect(exchanges.length).toBeGreaterThan(0);
      expect(exchanges.flatMap((one) => leaksOf(one, [token, harness.dataDir]))).toEqual([]);
    });

    it(`has made ${requests} requests`, () => {
      const made = done.reduce((sum, one) => sum + one.requests, 0);
      console.info(`Schemathesis made ${made} requests`);
      expect(made).toBeGreaterThanOrEqual(requests);
    });
  });
}

/** Of the server; what tasks threw is no fault of its own. */
const errorsOf = ({ lines }: Harness): unknown[] =>
  lines.filter(({ level, nodeId }) => level === 50 && nodeId === undefined);

/** Traces of our code, paths of this machine, statements of its database, and secrets. */
function leaksOf({ method, path, headers, text }: Exchange, secrets: readonly string[]): string[] {
  // What a task threw is told with its trace, to those who may read the execution.
  const told = `${headers}\n${text.replace(/"stack":\s*"(?:[^"\\]|\\.)*"/g, '')}`;
  const traces = [
    /(?:\n|\\n)\s+at \S+ ?\(/,
    /\bnode_modules\b/,
    /\bSQLITE_/,
    /\bselect \w+ from /i,
  ];
  const places = [join(__dirname, '..', '..'), homedir(), ...secrets];
  return [
    ...traces.filter((trace) => trace.test(told)).map(String),
    ...places.filter((place) => told.includes(place)),
  ].map((what) => `${method} ${path} tells ${what}: ${text.slice(0, 500)}`);
}
