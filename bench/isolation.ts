/**
 * Programs by each runner, from nothing, beside what somebody would write without us and beside document 004's table:
 * `npm run bench:isolation -- [node java …] [--only process,container,faas] [--n 200]`.
 *
 * Sides take turns, and which is first changes with every repetition. Writes `isolation.md`, and of each subject the times
 * of its last run to `isolation.jsonl`. Needs Linux and root; containers also dockerd and busybox.
 */
import { loadavg } from 'node:os';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PROGRAM_KINDS, programOf } from '../src/domain/program.js';
import { machine, median, percentile, writePart } from './graphs/report.js';
import { startOurSide } from './graphs/sides.js';
import { onStage, startServer } from './graphs/stage.js';
import { byRunner, throughTemporal } from './isolation/ours.js';
import type { Side } from './isolation/programs.js';
import { besideGoals, besideRaw, keep, OURS, versions } from './isolation/results.js';
import type { Line, Times } from './isolation/results.js';
import { openScenes, type Subject } from './isolation/subjects.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Repetitions of each side; the first two of each, which warm it up, come on top. */
    n: { type: 'string', default: '200' },
    only: { type: 'string', default: PROGRAM_KINDS.join(',') },
  },
});
const n = Number(options.n);
const TABLE = fileURLToPath(new URL('isolation.md', import.meta.url));
const LINES = fileURLToPath(new URL('isolation.jsonl', import.meta.url));
/** Of a simple task, and of one whose result is to be processed. */
const [SIMPLE, LARGE] = [0, 1_000_000];
const ROWS = ['node', 'python', 'java', 'javascript', 'command', 'node-tenth', 'container', 'faas'];

interface Measured {
  side: string;
  bytes: number;
  run: Side;
  times: Times;
}

async function once({ now }: Subject, { run, bytes, times }: Measured): Promise<void> {
  const [called, start] = [now(), performance.now()];
  const { begun, ended, pad } = await run(bytes);
  times.wallMs.push(performance.now() - start);
  times.resultMs.push(now() - ended);
  times.prepareMs.push(begun - called);
  if (pad.length !== bytes) throw new Error(`expected ${bytes} characters, got ${pad.length}`);
}

/** @param settled resolves when nothing of the side before goes on in the background */
async function measure(
  subject: Subject,
  sides: Omit<Measured, 'times'>[],
  settled: () => Promise<void> = async () => {},
): Promise<Line[]> {
  const none = (): Times => ({ prepareMs: [], resultMs: [], wallMs: [] });
  const measured = sides.map((side): Measured => ({ ...side, times: none() }));
  for (const side of [...measured, ...measured]) {
    await settled();
    await once(subject, { ...side, times: none() });
  }
  for (let nth = 0; nth < n; nth++) {
    const first = nth % measured.length;
    for (const side of [...measured.slice(first), ...measured.slice(0, first)]) {
      await settled();
      await once(subject, side);
    }
  }
  const { key, name } = subject;
  const [day, load] = [new Date().toISOString().slice(0, 10), loadavg()[0] ?? 0];
  return measured.map(({ side, times }) => {
    const [p, r, w] = [times.prepareMs, times.resultMs, times.wallMs].map(
      (all) => `${median(all).toFixed(1)} / ${percentile(all, 0.99).toFixed(1)}`,
    );
    console.log(`${key}, ${side}: prepared ${p}, result ${r}, whole ${w} ms`);
    return { key, name, side, day, load, ...rounded(times) };
  });
}

const tenths = (all: readonly number[]): number[] => all.map((ms) => Math.round(ms * 10) / 10);
const rounded = ({ prepareMs, resultMs, wallMs }: Times): Times => ({
  ...{ prepareMs: tenths(prepareMs), resultMs: tenths(resultMs), wallMs: tenths(wallMs) },
});

function write(lines: readonly Line[]): void {
  writePart(
    TABLE,
    '# Programs by each runner\n',
    'isolation',
    `\`npm run bench:isolation\`. ${machine()}. ${versions()}.

The machine is shared and noisy: read the ratios before the times; what its neighbours did is in every p99. Below 100 repetitions p99 is the slowest one, of 200 the third. All times are milliseconds, medians / p99 of n runs.

## Beside document 004's table

${besideGoals(lines, ROWS)}

- Every environment is made for its run and removed after it, and nothing is kept warm, but in the columns “warm”: there a sandbox of the same kind waits (docs/isolation.md), and the runs begin when it does. The files of runtimes and images are in the host's page cache, and the first run, when a runner looks at the host, is not counted.
- Preparation: from the call of the runner until the program's first statement, the runtime's own start and Java's compiling included. By the clock of the program, which has whole milliseconds, that of the container hundredths of a second. (The \`prepareMs\` of a result ends earlier for commands and Deno: where a shell says that they begin.)
- Simple task: from the call of the runner to the output, preparation and removal included. The program reads its input and writes some bytes of JSON.
- Result processing: from the program's last statement, before it writes 1 MB of output (a shell: behind that), until the client has it from \`result()\`: writing, end, removal, reading, checks, blob, workflow and store included.
- End to end: from \`scheduleTaskGraph\` (one node) to its output at the client, through a server with its state in memory and one worker process. No queue: one execution at a time.
- Every program has one CPU, but for the row that has the default tenth.
- Left out: complex tasks (they take what they take), images that have to be pulled, functions on a network, AWS Lambda, many at once, Podman, sandboxes with a network, hosts without root or control groups.

## Beside what one would write without us

${besideRaw(lines, ROWS)}

- Ours — theirs, median / p99; ratio of ours by theirs within a repetition: median (5 %–95 %).
- Theirs write code and input to a folder, run, read the output and remove the folder. They have no limits, no user or disk of their own, no filter of system calls and no deadline: \`bwrap\` has namespaces and a read-only root, containers have no network. Java runs as \`java Main.java\`, containers have the folder mounted.`,
  );
}

await onStage(async (stage) => {
  const scenes = await openScenes(stage, options.only.split(','));
  const keys = scenes.flatMap(({ subjects }) => subjects.map(({ key }) => key));
  const unknown = positionals.find((key) => !keys.includes(key));
  if (unknown !== undefined) throw new Error(`${unknown}: expected some of ${keys.join(', ')}`);
  const server = await startServer(stage);
  const { engine } = await startOurSide(stage, server, 'bench-isolation');
  for (const { runner, warm, subjects } of scenes)
    for (const subject of subjects) {
      if (positionals.length > 0 && !positionals.includes(subject.key)) continue;
      const whole = throughTemporal(engine, subject);
      const said = programOf(subject.program);
      const waits = warm && said?.kind === 'process' && said.process.runtime !== undefined;
      const sides = [
        { side: OURS.runner, bytes: SIMPLE, run: byRunner(runner, subject) },
        ...(waits ? [{ side: OURS.warm, bytes: SIMPLE, run: byRunner(warm.runner, subject) }] : []),
        ...Object.entries(subject.raw).map(([side, run]) => ({ side, bytes: SIMPLE, run })),
        { side: OURS.simple, bytes: SIMPLE, run: whole },
        { side: OURS.large, bytes: LARGE, run: whole },
      ];
      const lines = await measure(subject, sides, warm?.filled);
      write(keep(LINES, lines));
    }
});
