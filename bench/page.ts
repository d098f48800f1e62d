/**
 * The page with a large graph, in Chromium: `npm run bench:page -- [--nodes 2000] [--rate 100] [--rounds 5] [--seconds 10]`.
 *
 * How soon it can be used, and its frames while nodes change, by the browser's own tracing: folded, as it opens by itself,
 * and with every node drawn. Writes each round as a line of `page.jsonl`, and `page.md`. `--trace FOLDER` keeps the
 * traces, for Chromium's own tools.
 */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { ensureChromium } from '../scripts/chromium.mjs';
import { machine, median, table, writePart } from './graphs/report.js';
import { ID, startPlayed } from './page/played.js';
import { CATEGORIES, Trace, type Frames } from './page/trace.js';

const { values: options } = parseArgs({
  options: {
    nodes: { type: 'string', default: '2000' },
    rate: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '10' },
    trace: { type: 'string' },
  },
});
const [nodes, rate, rounds, seconds] = [
  options.nodes,
  options.rate,
  options.rounds,
  options.seconds,
].map(Number) as [number, number, number, number];
const LINES = fileURLToPath(new URL('page.jsonl', import.meta.url));
const TABLE = fileURLToPath(new URL('page.md', import.meta.url));
const VIEW = { width: 1_280, height: 800 };
/** So long without a long task, and a page has come to rest. */
const REST_MS = 1_000;

interface Opened {
  /** From the navigation, in milliseconds: the first node is in the document, and a click is answered at once. */
  drawnMs: number;
  interactiveMs: number;
}
/** Run in the page before its own scripts: marks the first drawn node, and the rest after it. */
const MARKS = `
  let last = performance.now();
  let drawn = false;
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) last = startTime + duration;
  }).observe({ entryTypes: ['longtask'] });
  const timer = setInterval(() => {
    if (!drawn && document.querySelector('[data-node]')) {
      drawn = true;
      last = Math.max(last, performance.now());
      performance.mark('bench-drawn');
    }
    if (drawn && performance.now() - last > ${REST_MS}) {
      performance.mark('bench-rest');
      clearInterval(timer);
      // A frame is asked for all the time from now on: one that comes late was held up.
      (function again() { requestAnimationFrame(again); })();
      benchRested();
    }
  }, 10);
`;
const SCENES = {
  opened: 'as it opens',
  near: 'zoomed in until words are read',
  whole: 'zoomed out until all nodes are seen',
  dragged: 'dragged to and fro',
} as const;
type Scene = keyof typeof SCENES;
const VIEWS = {
  folded: { query: '', title: 'folded' },
  unfolded: { query: '?fold=none', title: 'every node drawn' },
} as const;
type View = keyof typeof VIEWS;
const FRAMES_HEAD = [
  ...['the graph', 'frame ms, median', 'median by time', 'frames a second, drawn', 'p95', 'p99'],
  ...['longest', 'long tasks / ms of them', 'script ms a second', 'style', 'layout', 'paint'],
];
interface Results {
  opened: Opened[];
  frames: Record<Scene, Frames[]>;
}

const program = ensureChromium();
if (!program) process.exit(1);
const played = await startPlayed(nodes);
const browser = await chromium.launch({
  executablePath: program,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});
const names = Object.keys(VIEWS) as View[];
const results = Object.fromEntries(
  names.map((view) => [
    view,
    { opened: [], frames: { opened: [], near: [], whole: [], dragged: [] } },
  ]),
) as unknown as Record<View, Results>;
try {
  // The first round warms the server up. Views take turns: what else the machine does falls on both.
  for (let nth = 0; nth <= rounds; nth++) for (const view of names) await look(view, nth);
  writeResults();
} finally {
  await browser.close();
  await played.server.close();
}

async function look(view: View, nth: number): Promise<void> {
  const { opened, frames } = results[view];
  played.play(0);
  const { page, measured } = await open(view);
  if (nth > 0) opened.push(kept({ view, scene: 'opening', nth, ...measured }));
  played.play(rate);
  for (const scene of nth > 0 ? (Object.keys(SCENES) as Scene[]) : []) {
    const seen = await watched(page, scene, `${view}-${scene}-${nth}`);
    frames[scene].push(kept({ view, scene, nth, ...seen }));
  }
  await page.context().close();
}

/** A line of the results. */
function kept<T extends object>(measured: T): T {
  const facts = { nodes, rate, day: new Date().toISOString().slice(0, 10), load: loadavg()[0] };
  const line = JSON.stringify({ ...facts, ...measured }, (_key, value: unknown) =>
    typeof value === 'number' ? Math.round(value * 10) / 10 : value,
  );
  appendFileSync(LINES, `${line}\n`);
  console.log(line);
  return measured;
}

async function open(view: View): Promise<{ page: Page; measured: Opened }> {
  const context = await browser.newContext({ viewport: VIEW, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const rested = new Promise<void>((resolve) => {
    void page.exposeFunction('benchRested', () => resolve());
  });
  await page.addInitScript(MARKS);
  await browser.startTracing(page, { categories: CATEGORIES });
  await page.goto(`${played.server.url}/#/executions/${ID}${VIEWS[view].query}`);
  await rested;
  const trace = new Trace((await browser.stopTracing()).toString('utf8'));
  const drawnMs = trace.markMs('bench-drawn');
  return { page, measured: { drawnMs, interactiveMs: trace.interactiveMs('bench-rest', drawnMs) } };
}

async function watched(page: Page, scene: Scene, name: string): Promise<Frames> {
  if (scene === 'near') for (let step = 0; step < 2; step++) await zoom(page, -200);
  if (scene === 'whole') for (let step = 0; step < 30; step++) await zoom(page, 200);
  await browser.startTracing(page, { categories: CATEGORIES });
  const until = Date.now() + seconds * 1_000;
  if (scene === 'dragged') await drag(page, until);
  else await page.waitForTimeout(until - Date.now());
  const text = (await browser.stopTracing()).toString('utf8');
  if (options.trace) {
    mkdirSync(options.trace, { recursive: true });
    writeFileSync(join(options.trace, `${name}.json`), text);
  }
  return new Trace(text).frames();
}

async function zoom(page: Page, by: number): Promise<void> {
  await page.mouse.move(VIEW.width / 2, VIEW.height / 2);
  await page.mouse.wheel(0, by);
}

async function drag(page: Page, until: number): Promise<void> {
  const [x, y] = [VIEW.width / 2, VIEW.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let step = 0; Date.now() < until; step++)
    await page.mouse.move(x + 200 * Math.sin(step / 10), y + 100 * Math.cos(step / 15));
  await page.mouse.up();
}

function writeResults(): void {
  const opening = names.map((view) => {
    const of = (what: keyof Opened): string => spread(results[view].opened.map((one) => one[what]));
    return [VIEWS[view].title, of('drawnMs'), of('interactiveMs')];
  });
  const running = names.flatMap((view) =>
    (Object.keys(SCENES) as Scene[]).map((scene) => [
      `${VIEWS[view].title}, ${SCENES[scene]}`,
      ...framesRow(results[view].frames[scene]),
    ]),
  );
  writePart(
    TABLE,
    '# The page with a large graph\n',
    `nodes-${nodes}`,
    `## ${nodes} nodes, ${rate} of them change in a second\n\n\`npm run bench:page\`. ${machine()}; Chromium ${browser.version()}, headless, without a graphics processor, ${VIEW.width} × ${VIEW.height}. Medians of ${rounds} rounds (least–most), each of ${seconds} s a row.\n\n` +
      `${table(['the graph', 'ms until the first node is drawn', 'until a click is answered'], opening)}\n\n` +
      'From the navigation; a click is answered at the end of the last task over 50 ms before a second of rest. The goal is 2,000 ms, and 50 ms for the median of frames.\n\n' +
      `${table(FRAMES_HEAD, running)}\n\n` +
      'By the tracing of Chromium: the page asks for a frame all the time, so that one begins as soon as the main thread is free, and the figure is the time from one beginning to the next; drawn are those that changed the picture (the server looks for changes three times a second). By time: half of the time was spent in frames that were no shorter. The HTTP server and its stream are the real ones; the engine behind it is played, so that the rate is exact: what Temporal and the store take is not in here, nor is a network. Left out: other browsers, screens of other sizes, graphics processors, phones, and what it takes to open a node.',
  );
}

function framesRow(all: readonly Frames[]): string[] {
  const mid = (pick: (one: Frames) => number): string => median(all.map(pick)).toFixed(0);
  return [
    spread(all.map((one) => one.median)),
    spread(all.map((one) => one.byTime)),
    `${mid((one) => one.count / seconds)}, ${mid((one) => one.drawn / seconds)}`,
    ...[mid((one) => one.p95), mid((one) => one.p99), mid((one) => one.longest)],
    `${mid((one) => one.longTasks)} / ${mid((one) => one.longTasksMs)}`,
    ...['script', 'style', 'layout', 'paint'].map((kind) => mid((one) => one.busy[kind] ?? 0)),
  ];
}

function spread(values: readonly number[]): string {
  const fixed = (value: number): string => value.toFixed(0);
  return `${fixed(median(values))} (${fixed(Math.min(...values))}–${fixed(Math.max(...values))})`;
}
