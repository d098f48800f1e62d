import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GraphForecast, WhatIf } from '../../src/index.js';
import { buildCli, documentOf, envOf, runCli, type CliResult } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';

const PIPELINE = `
name: nightly
concurrency: 2
params:
  full: { type: boolean, default: false }
tasks:
  - { id: load, task: noop }
  - { id: deep, task: noop, when: params.full, dependsOn: [load] }
  - { id: sum, task: noop, dependsOn: [load], priority: HIGH }
  - { id: send, task: noop, dependsOn: [sum, deep], trigger: none_failed }
`;
const folder = mkdtempSync(join(tmpdir(), 'tempograph-plan-'));
const file = join(folder, 'nightly.yaml');
/** Nothing listens there. */
const NOWHERE = { TEMPORAL_ADDRESS: '127.0.0.1:1' };
const offline = async (...args: string[]): Promise<CliResult> =>
  await runCli(['plan', ...args], { env: NOWHERE });

beforeAll(async () => {
  writeFileSync(file, PIPELINE);
  await buildCli();
});

describe('tempograph plan, without a server', () => {
  it('says in words how long it takes, and why', async () => {
    const { code, stdout, stderr } = await offline(file, '--duration', 'load=1m', '--options');
    expect(code).toBe(0);
    expect(stdout).toContain('nightly: 4 tasks, 1 min in a window of 2');
    expect(stdout).toContain('critical path  1 min: load → sum → send');
    expect(stdout).toMatch(
      /overhead +33 ms of it: 11 ms a step \(assumed\), at most 400 nodes a second \(assumed\)/,
    );
    expect(stdout).toMatch(/1 +\*sum 1 s · deep skipped/);
    expect(stdout).toMatch(/sum +priority +"HIGH" +node/);
    expect(stderr).toContain('task names not checked');
  });

  it('gives the whole plan as JSON, by parameters and durations of a file', async () => {
    const durations = join(folder, 'durations.yaml');
    writeFileSync(durations, 'deep: 1h\nnoop: 2s\n');
    const args = [file, '--param', 'full=true', '--durations', durations];
    const plan = documentOf<GraphForecast>(await offline(...args, '--json'));
    expect(plan).toMatchObject({
      order: ['load', 'deep', 'sum', 'send'],
      levels: [['load'], ['deep', 'sum'], ['send']],
      criticalPath: ['load', 'deep', 'send'],
      ...{ peakParallelism: 2, makespanMs: 3_604_036 },
    });
    const printed = await offline(...args, '--format', 'json');
    expect(documentOf<GraphForecast>(printed).criticalPath).toEqual(plan.criticalPath);
  });

  it('draws it for Mermaid and for Graphviz, the critical path marked', async () => {
    const mermaid = (await offline(file, '--format', 'mermaid')).stdout;
    expect(mermaid).toContain('flowchart LR\n  n0["load<br/>1 s"]');
    expect(mermaid).toContain('n0 --> n1\n  n0 ==> n2');
    const dot = (await offline(file, '--format', 'dot')).stdout;
    expect(dot).toContain('"load" -> "sum" [style=bold];');
    expect(dot).toContain('"load" -> "deep";');
  });

  it.each<[string[], number, string]>([
    [
      ['--duration', 'lod=1s'],
      2,
      '--duration lod: the graph has no such node (did you mean "load"?)',
    ],
    [['--duration', 'load=soon'], 2, '--duration: expected a duration'],
    [['--duration', 'load'], 2, '--duration: expected name=value, got "load"'],
    [['--items', 'load=3'], 2, '--items load: only a map has items'],
    [['--durations', 'none.yaml'], 2, 'there is no such file'],
    [['--concurrency', '0'], 2, '--concurrency: expected a whole number from 1 to 1000'],
    [['--param', 'ful=true'], 2, 'nightly.yaml refused'],
    [['--check'], 3, '--check: no Temporal server answers at 127.0.0.1:1'],
    [['--json', '--format', 'dot'], 2, '--json and --format dot: say one of the two'],
  ])('refuses %j with exit code %i', async (args, code, says) => {
    const result = await offline(file, ...args);
    expect(result.stderr).toContain(says);
    expect(result.code).toBe(code);
  });

  it('names the file where a fault of a duration comes from there', async () => {
    const durations = join(folder, 'wrong.yaml');
    writeFileSync(durations, 'lod: 1s\n');
    const { code, stderr } = await offline(file, '--durations', durations, '--duration', 'load=1s');
    expect(stderr).toContain('--durations lod: the graph has no such node');
    expect(code).toBe(2);
  });

  it('points at the line of a fault', async () => {
    const broken = join(folder, 'broken.yaml');
    writeFileSync(
      broken,
      PIPELINE.replace('dependsOn: [load], priority', 'dependsOn: [lod], priority'),
    );
    const { code, stderr } = await offline(broken);
    expect(code).toBe(2);
    expect(stderr).toMatch(/broken\.yaml:9:\d+ tasks\[2\]\.dependsOn\[0\]: unknown task "lod"/);
  });
});

describe('tempograph plan and what-if, with a worker', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.stop());
  const cli = async (...args: string[]): Promise<CliResult> =>
    await runCli(args, { env: envOf(harness) });

  it('checks names of tasks, and plans a task by itself', async () => {
    const plan = documentOf<GraphForecast>(await cli('plan', file, '--check', '--json'));
    expect(plan.tasksChecked).toBe(true);
    const unknown = await cli('plan', 'sleeep', '--check');
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('did you mean "sleep"?');
    const lone = await cli('plan', 'sleep', '--input', '{"ms": 5}');
    expect(lone.stdout).toContain('sleep: 1 task');
  });

  it('looks up what programs need, which ends with exit code 2 as every fault', async () => {
    const programs = join(folder, 'programs.yaml');
    const container = 'tasks:\n  - { id: a, task: noop }\n  - { id: b, container: { image: x } }\n';
    writeFileSync(programs, `name: programs\n${container}`);
    const { code, stderr } = await cli('plan', programs, '--check');
    expect(code).toBe(2);
    expect(stderr).toContain('programs.yaml refused, 1 fault');
    expect(stderr).toMatch(
      /programs\.yaml:4:\d+ tasks\[1\]\.container: no worker runs programs in containers: the setting programs leaves it out/,
    );
    expect(await cli('plan', programs)).toMatchObject({ code: 0 });
    const worker = await harness.startWorker({ programs: ['process'] });
    const process = 'name: p\ntasks:\n  - { id: a, process: { command: [sh] } }\n';
    writeFileSync(programs, `${process}  - { id: b, process: { command: [./mine] } }\n`);
    const found = await cli('plan', programs, '--check');
    expect(found.code).toBe(0);
    expect(found.stdout).toMatch(/PROGRAMS +RUNNER +LOOKED UP\n/);
    expect(found.stdout).toMatch(/a +process +level LOW in a sandbox, command "sh"\n/);
    expect(found.stdout).toMatch(/b +process +level LOW in a sandbox, 1 not checked\n/);
    expect(found.stderr).toContain('note: b: not checked: the command "./mine": only a run tells');
    await worker.shutdown();
  });

  it('says that nobody looked up programs where --tasks asks no worker', async () => {
    const programs = join(folder, 'local.yaml');
    writeFileSync(programs, 'name: p\ntasks:\n  - { id: a, container: { image: x } }\n');
    const tasks = join(__dirname, 'programs', 'tasks.ts');
    const { code, stderr } = await cli('plan', programs, '--check', '--tasks', tasks);
    const note = 'note: programs were not looked up: no worker was asked';
    expect(stderr).toContain(note);
    expect(code).toBe(0);
    writeFileSync(programs, 'name: p\ntasks:\n  - { id: a, task: noop, input: { process: 1 } }\n');
    const without = await cli('plan', programs, '--check', '--tasks', tasks);
    expect([without.code, without.stderr.includes(note)]).toEqual([0, false]);
  });

  it('says what another window would have done to an execution', async () => {
    const tasks = ['a', 'b', 'c'].map((id) => ({ id, task: 'sleep', input: { ms: 150 } }));
    const handle = await harness.engine.scheduleTaskGraph({ name: 'w', concurrency: 1, tasks });
    await handle.result();
    const args = ['what-if', handle.executionId, '--concurrency', '3', '--priority', 'c=high'];
    const found = documentOf<WhatIf>(await cli(...args, '--json'));
    expect(found.savedMs).toBeGreaterThanOrEqual(300);
    expect(found.peakParallelism).toEqual({ before: 1, after: 3 });
    const { stdout } = await cli(...args);
    expect(stdout).toMatch(/ less \(−\d+ %\)/);
    expect(stdout).toMatch(/as it was, simulated/);
    const wrong = await cli('what-if', handle.executionId, '--limit', 'api=3');
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.stderr).toContain('limits.api: the graph has no such limit');
    expect((await cli('what-if', 'never-was')).stderr).toContain('never-was');
  });
});
