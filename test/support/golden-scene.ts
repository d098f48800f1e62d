/** One scenario on a Temporal server of its own, and what the command line prints of it, the same on every run. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../../src/cli/program.js';
import { defineTask } from '../../src/registry.js';
import type { GraphSpec } from '../../src/index.js';
import { launchDevServer } from '../../src/servers/dev-server.js';
import { SEARCH_ATTRIBUTE } from '../../src/workflows/messages.js';
import { startHarness, type Harness } from './engine.js';
import { Gates } from './gates.js';
import { startReceiver } from './receiver.js';
import { shared } from './shared.js';
import { until } from './until.js';

/** How a command is looked at. */
export const VIEWS = [
  '80 columns, in colour',
  '120 columns, NO_COLOR',
  'a pipe',
  '--json',
] as const;
export type View = (typeof VIEWS)[number];

export const PIPELINE = `
name: nightly
onFailure: continue
params:
  rows: { type: integer, default: 3 }
tasks:
  - id: extract
    task: talks
    input: { rows: '\${{ params.rows }}' }
    expectedDuration: 20s
  - id: overview
    task: echo
    input: '\${{ tasks.extract.output }}'
    dependsOn: [extract]
    expectedDuration: 5m
  - id: load-into-warehouse
    task: fail
    input: { message: 'the disk of the warehouse is full: 0 bytes left on /data', times: 9 }
    retry: { strategy: FIXED_DELAY, maxRetries: 1, delay: 1ms }
    dependsOn: [extract]
  - id: mail
    task: echo
    dependsOn: [load-into-warehouse, overview]
    when: 'tasks.extract.output.rows > 2'
`;

/** Every branch of a wait: held by a gate, by a person, by a limit, by a circuit, by a time, by a pause. */
const RUNNING: GraphSpec = {
  name: 'release',
  concurrency: 4,
  tasks: [
    { id: 'build', task: 'gated', input: { gate: 'build' }, limit: { key: 'builders', max: 1 } },
    { id: 'build-docs', task: 'echo', limit: { key: 'builders', max: 1 } },
    { id: 'ask', approval: { message: 'Ship 2.0 to everybody?', by: ['ada', 'grace'] } },
    { id: 'charge', task: 'echo', circuit: 'bank' },
    { id: 'hold', task: 'echo', dependsOn: ['build'] },
    { id: 'ship', task: 'echo', dependsOn: ['build', 'ask', 'charge'] },
  ],
};

const talks = defineTask<{ rows: number }, { rows: number }>({
  name: 'talks',
  run: async ({ rows }, { log, artifact }) => {
    log.info('reads the orders', { rows, source: 'db://orders' });
    log.warn('three of them\nhave no address');
    await artifact('report.html', { text: '<h1>Orders</h1>' });
    await artifact(
      'bilanz-2027-überblick.csv',
      { text: 'a,b\n'.repeat(2_000) },
      { contentType: 'text/csv' },
    );
    return { rows };
  },
});

export interface GoldenScene {
  harness: Harness;
  /** What a command prints, both streams and the exit code, in words that are the same on every run. */
  shown(args: readonly string[], view: View): Promise<string>;
  stop(): Promise<void>;
}

export async function startGoldenScene(): Promise<GoldenScene> {
  const attributes = Object.fromEntries(
    Object.values(SEARCH_ATTRIBUTE).map((name) => [name, 'Keyword']),
  );
  // Lists of schedules, limits and keys are the namespace's: nobody else may have any.
  const server = await launchDevServer(shared().binary, { searchAttributes: attributes });
  const gates = new Gates();
  const receiver = await startReceiver();
  receiver.answer = () => 302;
  const harness = await startHarness({
    address: server.address,
    tasks: [gates.gated, talks],
    sinks: [
      ...[
        {
          name: 'ops',
          url: receiver.url,
          events: ['failures' as const],
          level: 'execution' as const,
        },
      ],
    ].map((sink) => ({ ...sink, maxTries: 1, allowPrivate: true })),
  });
  const folder = mkdtempSync(join(tmpdir(), 'tempograph-golden-'));
  writeFileSync(join(folder, 'nightly.yaml'), PIPELINE);
  const scene = sceneOf({ harness, folder });
  await fill(harness, scene.cli);
  return {
    harness,
    shown: scene.shown,
    stop: async () => {
      gates.open('build');
      await harness.stop();
      await receiver.close();
      await server.stop();
    },
  };
}

type Cli = (args: readonly string[], view?: View) => Promise<{ text: string; exit: number }>;

function sceneOf({ harness, folder }: { harness: Harness; folder: string }) {
  const { address, taskQueue, dataDir } = harness;
  const target = ['--address', address, '--task-queue', taskQueue, '--data-dir', dataDir];
  const cli: Cli = async (args, view = 'a pipe') => {
    const terminal = !['a pipe', '--json'].includes(view);
    const columns = view.startsWith('80') ? 80 : 120;
    const text: string[] = [];
    const stream = (sign: string) => ({
      write: (written: string | Uint8Array, done?: () => void) => {
        if (written.length > 0) text.push(sign, String(written));
        done?.();
        return true;
      },
      ...(terminal ? { isTTY: true, columns } : {}),
    });
    const settles = args.includes('--help') || LOCAL.has(args[0] ?? '');
    const words = args.map((arg) => arg.replace(/^FOLDER/, folder));
    const exit = await runCli(
      [...words, ...(settles ? [] : target), ...(view === '--json' ? ['--json'] : [])],
      {
        ...{ stdout: stream(''), stderr: stream(NOTE) },
        env: view.endsWith('NO_COLOR') ? { NO_COLOR: '1' } : {},
      },
    );
    return { text: text.join(''), exit };
  };
  const same = sameOnEveryRun({ ...harness, folder });
  return {
    cli,
    shown: async (args: readonly string[], view: View): Promise<string> => {
      const { text, exit } = await cli(args, view);
      return `${same(text)}${exit === 0 ? '' : `[exit ${exit}]\n`}`;
    },
  };
}

/** Commands that know no connection. */
const LOCAL = new Set(['retry-preview', 'convert', 'templates']);
/** Stands before what went to standard error. */
const NOTE = '[stderr] ';

async function fill({ engine }: Harness, cli: Cli): Promise<void> {
  const ok = async (...args: string[]): Promise<void> => {
    const { text, exit } = await cli(args);
    if (exit !== 0) throw new Error(`${args.join(' ')}: ${text}`);
  };
  const who = ['--by', 'ada', '--reason', 'for the shop'];
  await ok('key', 'create', 'deploy', '--scope', 'run', '--project', 'shop', ...who);
  await ok('key', 'create', 'laptop-of-grace', '--scope', 'admin', '--expires', '90d', ...who);
  await ok('project', 'create', 'The shop', '--id', 'shop', '--description', 'orders & bills');
  await ok('project', 'create', '日本語のプロジェクト', '--id', 'wide');
  await ok(
    'task',
    'create',
    'nightly',
    '--id',
    'nightly',
    '--project',
    'shop',
    '--graph',
    'FOLDER/nightly.yaml',
  );
  await ok(
    'task',
    'create',
    'hello',
    '--id',
    'hello',
    '--project',
    'shop',
    '--runs',
    'echo',
    '-i',
    '"hi"',
  );
  await ok('circuit', 'open', 'bank');
  const cron = ['--cron', '0 2 * * MON-FRI', '--timezone', 'Europe/Zurich'];
  await ok(
    'schedule',
    'create',
    'nightly',
    'FOLDER/nightly.yaml',
    ...cron,
    '--paused',
    '--note',
    'until the move',
  );
  await ok('schedule', 'create', 'beat', 'echo', '--every', '6h/15m', '--input', '1', '--paused');

  const hello = { task: 'echo', input: 'hello', executionId: 'hello-1', project: 'shop' };
  await (await engine.scheduleTask(hello)).result();
  await ok('submit', 'FOLDER/nightly.yaml', '--id', 'nightly-1', '--project', 'shop');
  await engine.handle('nightly-1').result();
  const release = await engine.scheduleTaskGraph(RUNNING, { executionId: 'release-1' });
  const stands = async (): Promise<boolean> => {
    const nodes = await release.nodes().catch(() => []);
    return WAITS.every(([id, why]) =>
      nodes.some((node) => node.id === id && [node.status, node.reason].includes(why)),
    );
  };
  await until(stands, 'every wait of the running graph');
  await ok('pause', 'release-1/hold', '--by', 'grace', '--reason', 'the docs first');
  for await (const _ of engine.events({ executionId: 'nightly-1' })) continue;
  await until(async () => (await engine.deadLetters.list()).length === 1, 'a dead letter');
}

const WAITS = [
  ['build', 'RUNNING'],
  ['build-docs', 'limit'],
  ['ask', 'RUNNING'],
  ['charge', 'circuit'],
] as const;

/**
 * The normaliser. What it puts in has the width of what it takes out, so that columns stay where they are:
 * times are 2027-01-31T08:00:00.000Z and 2027-01-31 08:00:00, ids and tokens made by chance are x's, ports 7777.
 * Events that a sink did not take are evt_x's. What depends on which part of a short run was the longest (shares, the
 * critical path, a percentage) is left out. Paths of this machine are words, traces their first line. Measured durations
 * are one word each before they are laid out (the test replaces `formatDuration`); in JSON they are 0. Places in the
 * store, which executions that run at once share, are their ranks. Escape sequences are <names>.
 */
function sameOnEveryRun({ address, taskQueue, dataDir, folder }: Harness & { folder: string }) {
  return (text: string): string =>
    ranked(text)
      .replaceAll(taskQueue, 'test-queue'.padEnd(taskQueue.length, 'x'))
      .replaceAll(address, '127.0.0.1:7777')
      .replaceAll(dataDir, 'DATA')
      .replaceAll(folder, 'FOLDER')
      .replaceAll(ROOT, 'PACKAGE')
      .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:7777')
      .replace(/\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d/g, '2027-01-31$108:00:00')
      .replace(/(2027-01-31[T ]08:00:00)\.\d{3}/g, '$1.000')
      .replace(/\bevt_[\w-]{26}/g, `evt_${'x'.repeat(26)}`)
      .replace(
        /\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g,
        (id) => id.replace(/[0-9a-f]/g, 'x'),
      )
      .replace(
        /("\w*Ms": ?)(-?[\d.]+)/g,
        (_all, name: string, ms: string) => `${name}${isSaid(Number(ms)) ? ms : '0'}`,
      )
      .replace(/\(\+?-?[\d,]+ %\)/g, '(+12 %)')
      .replace(/^( *\S*)(?:Most of it|The largest part)[^]*?\n\n/gm, '$1Most of it …\n\n')
      .replace(/("at": )\d+/g, '$10')
      .replace(MEASURED, '$1"$2": {}')
      .replace(STACK, '$1 …"')
      // eslint-disable-next-line no-control-regex -- the escape sequences are what is looked for
      .replace(/\x1b\[(\d+)m/g, (_all, code: string) => `<${LOOKS[code] ?? code}>`)
      .replace(/^\S* {2}PATH\b[^]*/m, '  PATH …\n');
}

/** Each place in the store as its rank among those of the text: what is out of order, or there twice, still shows. */
function ranked(text: string): string {
  const places = [...text.matchAll(PLACE)].map(([, , place]) => Number(place));
  const ranks = [...new Set(places)].sort((a, b) => a - b);
  return text.replace(
    PLACE,
    (_all, name: string, place: string) => `${name}${ranks.indexOf(Number(place)) + 1}`,
  );
}

const PLACE = /("position": ?)(\d+)/g;

/** Objects of measured times in JSON. */
const MEASURED = /^( *)"(wallTime|waits|times|waitMs|runMs|makespanPath)": \{[^]*?\n\1\}/gm;

const ROOT = join(__dirname, '..', '..');

/** A trace in JSON, behind its first line: where the code lies is this machine's. */
const STACK = /("stack": ?"(?:[^"\\]|\\(?!n).)*)\\n(?:[^"\\]|\\.)*"/g;

/** Whether a duration is one that the scenario states: those are whole multiples of 5 s, and no measured one is. */
export const isSaid = (ms: number): boolean => ms > 0 && ms % 5_000 === 0;

const LOOKS: Record<string, string> = {
  ...{ 1: 'bold', 2: 'dim', 22: '/', 39: '/' },
  ...{ 31: 'red', 32: 'green', 33: 'yellow', 36: 'cyan' },
};
