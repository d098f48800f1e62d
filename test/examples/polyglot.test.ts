import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { readPipelineFile, type GraphSpec } from '../../src/index.js';
import * as tasks from '../../examples/polyglot/tasks.js';
import { BUSYBOX, lacksDocker, startDocker, type PrivateDocker } from '../support/docker.js';
import { startHarness, type Harness } from '../support/engine.js';

const folder = join(__dirname, '..', '..', 'examples', 'polyglot');
const lack = lacksDocker();
if (lack !== undefined) process.stderr.write(`examples/polyglot is skipped: ${lack}\n`);
const present = lack === undefined ? describe : describe.skip;

present('examples/polyglot', () => {
  let docker: PrivateDocker;
  let target: ChildProcess;
  let url = '';
  let harness: Harness;

  beforeAll(async () => {
    process.env['TEMPOGRAPH_HTTP_ALLOW_PRIVATE'] = '1';
    docker = await startDocker();
    await docker.docker.getImage(BUSYBOX).tag({ repo: 'busybox', tag: '1.36' });
    target = spawn(process.execPath, [join(folder, 'function.mjs')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, PORT: '0' },
    });
    const [said] = (await once(target.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    url = /http:\S+/.exec(said.toString())?.[0] ?? '';
    harness = await startHarness({
      tasks: Object.values(tasks) as never,
      programs: ['process', 'container', 'faas'],
      containerEngine: `unix://${docker.socketPath}`,
    });
  });
  afterAll(async () => {
    await harness.stop();
    target.kill();
    await docker.stop();
    delete process.env['TEMPOGRAPH_HTTP_ALLOW_PRIVATE'];
  });

  it('passes data through programs in five ways to run one', async () => {
    const { spec, faults } = readPipelineFile(join(folder, 'pipeline.yaml'));
    expect(faults).toEqual([]);
    const graph = spec as unknown as GraphSpec;
    const mood = graph.tasks.find(({ id }) => id === 'mood');
    expect(mood?.faas).toEqual({ url: 'http://127.0.0.1:8095/' });
    Object.assign(mood ?? {}, { faas: { url } }); // the port of this test's own
    const handle = await harness.engine.scheduleTaskGraph(graph);
    const { output, nodes } = await handle.resultOrThrow();
    expect(output).toEqual({
      report:
        '18 words, 9 of them different; most often "it", "of", "the"; the longest is "wisdom"; hopeful',
    });
    const ran = Object.entries(nodes).map(([id, { environment }]) => [
      id,
      environment?.runner ?? 'worker',
    ]);
    expect(Object.fromEntries(ran)).toEqual({
      ...{ clean: 'worker', words: 'process', longest: 'process', frequent: 'container' },
      ...{ mood: 'faas', report: 'worker' },
    });
  });
});
