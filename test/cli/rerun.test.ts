import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipelineToYaml, type ExecutionResult, type GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { buildCli, documentOf, envOf, runCli } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';

/** Whether `load` fails now. */
let broken = false;
const load = defineTask<number, number>({
  name: 'load',
  retry: 'NONE',
  run: (input) => {
    if (broken) throw new Error('no disk');
    return input;
  },
});

const spec: GraphSpec = {
  name: 'nightly',
  params: { day: { type: 'integer', default: 1 } },
  tasks: [
    { id: 'fetch', task: 'echo', input: '${{ params.day }}' },
    { id: 'load', task: 'load', dependsOn: ['fetch'], input: '${{ tasks.fetch.output }}' },
    { id: 'tell', task: 'echo', dependsOn: ['load'], input: 'loaded' },
    { id: 'other', task: 'noop' },
  ],
};

describe('tempograph rerun', () => {
  let harness: Harness;
  let failed: string;
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness({ tasks: [load] });
    broken = true;
    const handle = await harness.engine.scheduleTaskGraph(spec);
    await handle.result();
    broken = false;
    failed = handle.executionId;
  }, 120_000);
  afterAll(() => harness.stop());

  const cli = async (...args: string[]) => await runCli(args, { env: envOf(harness) });

  it('shows what would run, what may and what is kept, and starts nothing', async () => {
    const { code, stdout } = await cli('rerun', failed, '--from', 'fetch', '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        '  runs   fetch  asked for',
        '  runs   load   ended FAILED',
        '  runs   tell   ended SKIPPED',
        '  keeps  other  completed',
        '3 run for certain, 3 at most, 1 kept',
        '',
      ].join('\n'),
    );
    const json = await cli('rerun', failed, '--from', 'failed', '--dry-run', '--json');
    expect(documentOf(json)).toMatchObject({
      rerunOf: failed,
      run: [
        { nodeId: 'load', choice: 'run', reason: 'not_completed', before: 'FAILED' },
        { nodeId: 'tell', reason: 'not_completed', before: 'SKIPPED' },
      ],
      mayRun: [],
      keep: [{ nodeId: 'fetch', reason: 'completed', text: 'completed' }, { nodeId: 'other' }],
      removed: [],
    });
    expect((await harness.engine.listExecutions({ rerunOf: failed })).executions).toEqual([]);
  });

  it('runs it, watches it to its end, and both say whose the other is', async () => {
    const ran = await cli(
      ...['rerun', failed, '--from', 'failed', '--by', 'anna', '--reason', 'a new disk'],
      ...['--id', `${failed}-again`],
    );
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' });
    expect(ran.stdout).toMatch(new RegExp(`${failed}-again submitted, a rerun of ${failed}`));
    expect(ran.stdout).toMatch(/fetch +COMPLETED +kept from nightly-/);
    expect(ran.stdout).toMatch(/✔ completed/);
    const status = await cli('status', `${failed}-again`);
    expect(status.stdout).toMatch(new RegExp(`rerun of +${failed}, by anna, a new disk`));
    expect(status.stdout).toMatch(new RegExp(`fetch +COMPLETED +kept from ${failed}`));
    expect((await cli('status', failed)).stdout).toMatch(new RegExp(`rerun as +${failed}-again`));
    const document = documentOf(await cli('status', failed, '--json'));
    expect(document['reruns']).toEqual([`${failed}-again`]);
    const node = await cli('status', `${failed}-again/fetch`);
    expect(node.stdout).toMatch(new RegExp(`kept from +${failed}`));
  });

  it('takes an edited file, parameters and one document for scripts', async () => {
    const tasks = spec.tasks.map((node) => (node.id === 'tell' ? { ...node, input: 'now' } : node));
    const file = join(mkdtempSync(join(tmpdir(), 'tempograph-rerun-')), 'nightly.yaml');
    writeFileSync(file, pipelineToYaml({ ...spec, tasks }));
    const { code, stdout } = await cli('rerun', failed, '--graph', file, '-p', 'day=2', '--json');
    const { executionId, nodes, rerunOf } = JSON.parse(stdout) as ExecutionResult;
    expect({ code, rerunOf }).toEqual({ code: 0, rerunOf: failed });
    expect(nodes).toMatchObject({
      fetch: { output: 2, reused: null },
      load: { output: 2 },
      tell: { output: 'now' },
      other: { reused: { executionId: failed } },
    });
    const detached = await cli('rerun', executionId, '--from', 'load,tell', '-d', '--json');
    const { executionId: last } = documentOf<{ executionId: string }>(detached);
    const result = await (await harness.engine.open(last)).resultOrThrow();
    expect(result.nodes['load']).toMatchObject({ attempts: 1, reused: null });
  });

  it.each([
    [['nobody'], 2, /there is no execution "nobody"/],
    [['FAILED', '--from', 'lod'], 2, /--from: unknown node "lod" \(did you mean "load"\?\)/],
    [
      ['FAILED', '--from', 'elsewhere', '--dry-run'],
      2,
      /--from: unknown node "elsewhere" \(there are "fetch", "load", /,
    ],
    [['FAILED', '--id', 'a/b'], 2, /--id: expected 1 to 255 characters/],
    [['FAILED', '--from', 'load,'], 2, /--from: expected "failed" or ids of nodes, got "load,"/],
    [['FAILED', '--scope', 'all'], 2, /--scope: expected one of changed, descendants/],
    [['FAILED/load'], 2, /is a node; run "nightly-.*" again from "load"/],
    [['FAILED', '--graph', '/nowhere.yaml'], 2, /there is no such file/],
    [['FAILED', '-p', 'night=2'], 2, /night/],
    [['FAILED', '--dry-run', '--detach'], 2, /use one of the two/],
    [[], 2, /missing required argument/],
  ])('refuses %j with %d', async (args, code, words) => {
    const result = await cli('rerun', ...args.map((arg) => arg.replace('FAILED', failed)));
    expect(result.stderr).toMatch(words);
    expect(result.code).toBe(code);
  });
});
