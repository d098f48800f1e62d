/** Programs looked up when a graph is planned, by workers that really would run them. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WORKFLOW } from '../../src/workflows/messages.js';
import { startFakeEngine, wholeLife, type FakeEngine } from '../engine/fake-engine.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const SESAME = 'open-sesame';
const secretsDir = mkdtempSync(join(tmpdir(), 'tempograph-secrets-'));
writeFileSync(join(secretsDir, 'TOKEN'), SESAME);
const CHECK = { askWorker: true };
const command = (name: string) => ({ process: { command: [name] } });

describe('a plan whose programs are looked up', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({
      ...{ programs: ['process', 'faas'], secretsDir, env: ['HOME'] },
      maxResources: { cpu: 2 },
    });
  });
  afterAll(() => harness.stop());
  const plan = async (tasks: object[], options: object = CHECK) =>
    await harness.engine.plan({ name: 'g', tasks } as never, options);

  it('says of each what is there, by the worker that would run it, and shows no value', async () => {
    const made = await plan([
      { id: 'a', process: { command: ['sh', '-c', 'exit 0'], secrets: ['TOKEN'] } },
      { id: 'b', ...command('${{ input.x }}'), input: { x: 'ls', home: '${{ env.HOME }}' } },
    ]);
    const { worker } = made.programs?.[0] ?? {};
    expect(made.programs).toEqual([
      {
        ...{ nodes: ['a'], runner: 'process', worker, unchecked: [] },
        found: ['secrets.TOKEN', 'level LOW in a sandbox', 'command "sh"'],
      },
      {
        ...{
          nodes: ['b'],
          runner: 'process',
          worker,
          found: ['env.HOME', 'level LOW in a sandbox'],
        },
        unchecked: ['the command is made of its input'],
      },
    ]);
    expect(worker).toMatch(/^\d+@/);
    expect(made.notes).toContain('b: not checked: the command is made of its input');
    expect(JSON.stringify(made)).not.toContain(SESAME);
  });

  it('throws every fault with its place, those of maps and sub-graphs too, as a run would be refused', async () => {
    const inner = { name: 'i', tasks: [{ id: 'x', ...command('frobnicate') }] };
    const refused = plan([
      { id: 'a', process: { command: ['ls'], secrets: ['NONE'] } },
      { id: 'm', map: { over: [1] }, ...command('ls'), resources: { cpu: 9 } },
      { id: 's', graph: inner },
      { id: 'i', ...command('ls'), input: '${{ env.PATH }}' },
      { id: 'f', faas: { url: 'http://127.0.0.1:9/f' } },
    ]);
    await expect(refused).rejects.toMatchObject({
      code: 'SPEC_INVALID',
      faults: [
        { path: 'tasks[0].process.secrets', code: 'PROGRAM' },
        { path: 'tasks[1].resources', code: 'PROGRAM' },
        { path: 'tasks[2].graph.tasks[0].process.command', code: 'PROGRAM' },
        { path: 'tasks[3].input', code: 'PROGRAM' },
        { path: 'tasks[4].faas.url', code: 'PROGRAM' },
      ],
    });
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'g',
      tasks: [{ id: 'a', process: { command: ['frobnicate'] } }],
    });
    const result = await handle.result();
    expect(result.nodes['a']).toMatchObject({ status: 'REJECTED' });
  });

  it('says why no worker runs a kind of programs, and which queue nobody polls', async () => {
    await expect(
      plan([
        { id: 'c', container: { image: 'alpine:3.20' } },
        { id: 'q', ...command('ls'), queue: 'nobody-polls-this' },
      ]),
    ).rejects.toMatchObject({
      faults: [
        {
          path: 'tasks[0].container',
          message: 'no worker runs programs in containers: the setting programs leaves it out',
        },
        { path: 'tasks[1].queue', message: 'no worker polls the queue "nobody-polls-this"' },
      ],
    });
  });

  it('is made without that where nobody asks for it', async () => {
    const tasks = [{ id: 'a', ...command('frobnicate') }];
    expect((await plan(tasks, {})).programs).toBeUndefined();
    expect((await plan(tasks, { askWorker: true, lookUp: false })).programs).toBeUndefined();
    expect((await plan([{ id: 'n', task: 'noop' }])).programs).toEqual([]);
    await expect(plan(tasks, { lookUp: true })).rejects.toMatchObject({ code: 'SPEC_INVALID' });
  });
});

describe('programs that another worker runs', () => {
  let harness: Harness;
  let engine: FakeEngine;
  beforeAll(async () => {
    engine = await startFakeEngine();
    engine.routes = {
      ...(await wholeLife(() => engine)),
      'GET /images/*/json': { status: 404, json: { message: 'no such image' } },
      'GET /distribution/*/json': { status: 404, json: { message: 'manifest unknown' } },
    };
    harness = await startHarness({ programs: [] });
    await harness.startWorker({
      programs: ['container'],
      ...{ containerEngine: `unix://${engine.socketPath}`, containerNetworks: ['db'] },
      secrets: () => {
        throw new Error('a check asks nobody for a secret');
      },
      temporal: { identity: 'the-one-with-an-engine' },
    });
  });
  afterAll(async () => {
    await harness.stop();
    await engine.stop();
  });

  it('are looked up there: a misspelt image is a fault before anything runs', async () => {
    const graph = { name: 'g', tasks: [{ id: 'a', container: { image: 'alpin:3.20' } }] };
    await expect(harness.engine.plan(graph, CHECK)).rejects.toMatchObject({
      faults: [
        {
          ...{ path: 'tasks[0].container.image', code: 'PROGRAM' },
          message: 'image alpin:3.20: manifest unknown',
          hint: expect.stringContaining('the-one-with-an-engine') as string,
        },
      ],
    });
    expect(engine.of('POST /images/create')).toEqual([]);
  });

  it('are not asked for secrets of a function of the settings', async () => {
    engine.routes['GET /images/*/json'] = { json: { Id: 'sha256:1' } };
    const container = { image: 'busy:1', secrets: ['TOKEN'] };
    const made = await harness.engine.plan({ name: 'g', tasks: [{ id: 'a', container }] }, CHECK);
    expect(made.programs?.[0]).toMatchObject({
      found: expect.arrayContaining(['image busy:1']) as string[],
      unchecked: [expect.stringContaining('when the task runs')],
    });
  });

  it('have a worker that tells of its settings too', async () => {
    engine.routes['GET /networks/*'] = { status: 404, json: { message: 'network db not found' } };
    const { worker, findings } = await harness.engine.containerSettings();
    expect(worker).toBe('the-one-with-an-engine');
    expect(findings).toMatchObject([
      { at: ['containerEngine'], state: 'found' },
      { at: ['containerNetworks'], state: 'refused' },
    ]);
  });

  it('are no question of a raw client that names no queue', async () => {
    const { client, taskQueue } = harness;
    const asked = client.workflow.execute(WORKFLOW.ask, {
      ...{ taskQueue, workflowId: `ask-${taskQueue}` },
      args: [{ kind: 'programs', queue: '', asks: [] }],
    });
    await expect(asked).rejects.toMatchObject({ cause: { type: 'CONFIGURATION' } });
  });
});

describe('programs whose worker has all of its places taken', () => {
  it('are not checked, and the plan says so', async () => {
    const harness = await startHarness({ programs: ['process'], maxPrograms: 1 });
    try {
      const long = { name: 'long', tasks: [{ id: 'a', process: { command: ['sleep', '600'] } }] };
      const handle = await harness.engine.scheduleTaskGraph(long);
      const node = `${handle.executionId}/a`;
      await until(async () => (await harness.engine.getExecution(node)).status === 'RUNNING');
      const graph = { name: 'g', tasks: [{ id: 'b', ...command('frobnicate') }] };
      const made = await harness.engine.plan(graph, CHECK);
      expect(made.programs).toMatchObject([{ nodes: ['b'], found: [] }]);
      expect(made.notes).toEqual([
        expect.stringMatching(/^b: not checked: no worker of the queue \S+-process answered/),
      ]);
      await handle.cancel();
      await handle.result();
    } finally {
      await harness.stop();
    }
  });
});
