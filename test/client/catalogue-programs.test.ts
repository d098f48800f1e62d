/** Programs as tasks of the catalogue. Processes run for real; of a container the node that was scheduled is looked at. */
import { existsSync } from 'node:fs';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const here = existsSync('/usr/bin/bwrap') && process.getuid?.() === 0;
if (!here) process.stderr.write('programs that run are skipped: they need bubblewrap and root\n');

/** Adds one to the number that it is given. */
const adds = {
  command: ['sh', '-c', 'echo $(($(cat "$TEMPOGRAPH_INPUT") + 1)) > "$TEMPOGRAPH_OUTPUT"'],
};
const number = { type: 'number' };

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ programs: here ? ['process'] : [] });
  const { projects, tasks } = harness.engine.catalogue;
  const { id: projectId } = await projects.create({ name: 'programs', id: 'programs' });
  const defaults = { tags: ['of the catalogue'], resources: { memory: '64Mi' } };
  const run = { process: adds, input: 1, inputSchema: number, outputSchema: number };
  await tasks.create({ projectId, id: 'add', name: 'add', run, defaults });
  await tasks.create({ projectId, id: 'open', name: 'open', defaults });
});
afterAll(() => harness.stop());

describe('a program of the catalogue', () => {
  const create = async (name: string, run: unknown) =>
    await harness.engine.catalogue.tasks.create({
      ...{ projectId: 'programs', name, run: run as never },
    });

  it.each<[string, object]>([
    ['a container', { container: { image: 'alpine:3.20', command: ['date'] }, input: { n: 1 } }],
    ['a process', { process: { runtime: 'python', code: 'print(1)' }, outputSchema: number }],
    ['a function', { faas: { url: 'https://example.com/f', method: 'PUT' } }],
  ])('is kept and shown as it was said: %s', async (name, run) => {
    const { id } = await create(name, run);
    expect((await harness.engine.catalogue.tasks.get(id)).run).toEqual(run);
    const changed = await harness.engine.catalogue.tasks.update(id, {
      run: { process: { command: ['true'] } },
    });
    expect(changed).toMatchObject({ version: 2, run: { process: { command: ['true'] } } });
    expect((await harness.engine.catalogue.tasks.get(id, 1)).run).toEqual(run);
  });

  it.each<[unknown, string]>([
    [{}, 'run: expected { task: "<name>", input? }, { process | container | faas: {…}, input? }'],
    [{ task: 'echo', container: { image: 'x' } }, 'run: expected'],
    [{ container: { image: '--x' } }, 'run.container.image: must be the name of an image'],
    [{ container: { imag: 'x' } }, 'run.container.imag: unknown field "imag" (did you mean'],
    [{ process: { runtime: 'python' } }, 'run.process.code: must be the text of the program'],
    [{ process: { runtime: 'python', file: 'a.py' } }, 'run.process.file'],
    [
      { process: { command: ['${{ params.n }}'] } },
      'run.process.command[0]: expression "params.n": Unknown variable: params',
    ],
    [{ faas: { method: 'PUT' } }, 'run.faas.url: must be the address'],
    [{ process: adds, outputSchema: { type: 'nummer' } }, 'run.outputSchema'],
    [{ process: adds, timeout: '5m' }, 'run.timeout: unknown field "timeout" (options of its'],
  ])('is refused as a node would be: %j', async (run, says) => {
    await expect(create('refused', run)).rejects.toMatchObject({
      code: 'SPEC_INVALID',
      message: expect.stringContaining(says) as string,
    });
  });
});

(here ? describe : describe.skip)('a process of the catalogue', () => {
  const recorded = async (executionId: string) =>
    await until(
      async () => (await harness.engine.getExecution(executionId)).catalogueTaskId === 'add',
      `the task of ${executionId}`,
    );

  it('runs by its id alone, with its own input or the one that is said', async () => {
    const { engine } = harness;
    const usual = await engine.scheduleTask({ taskId: 'add' });
    expect(await usual.result()).toMatchObject({ status: 'COMPLETED', output: 2 });
    const said = await engine.scheduleTask({ taskId: 'add', input: 41 });
    expect(await said.result()).toMatchObject({ status: 'COMPLETED', output: 42 });
    expect(await engine.getExecution(said.executionId)).toMatchObject({
      ...{ taskId: 'tempograph.process', catalogueTaskId: 'add', project: 'programs' },
      tags: ['of the catalogue'],
    });
    const wrong = await engine.scheduleTask({ taskId: 'add', input: 'x' });
    expect(await wrong.result()).toMatchObject({ status: 'REJECTED' });
  });

  it('runs as a node of a graph, by taskId and in the adjacency form', async () => {
    const { engine } = harness;
    const graph = await engine.scheduleTaskGraph({
      name: 'g',
      tasks: [
        { id: 'a', taskId: 'add' },
        { id: 'b', taskId: 'add', input: '${{ tasks.a.output }}', dependsOn: ['a'] },
      ],
    });
    expect((await graph.result()).output).toEqual({ b: 3 });
    await recorded(`${graph.executionId}/b`);
    const adjacency = await engine.scheduleTaskGraph({ add: [], noop: ['add'] });
    expect((await adjacency.result()).nodes).toMatchObject({
      add: { output: 2, task: 'tempograph.process' },
      noop: { status: 'COMPLETED', task: 'noop' },
    });
  });

  it('runs as an item of a batch, in a run that items share and in one of its own', async () => {
    const { engine } = harness;
    const executionId = `own-${harness.taskQueue}`;
    const { successful, failed } = await engine.scheduleTaskBatch([
      { taskId: 'add', input: 10 },
      { taskId: 'add', input: 20, executionId },
      { taskId: 'open', process: adds, input: 30 },
      { process: adds, input: 40 },
    ]);
    expect(failed).toEqual([]);
    expect(successful[1]?.executionId).toBe(executionId);
    const outputs = successful.map(async (one) => {
      await engine.handle(one.executionId).result();
      const { taskId, output } = await engine.getExecution(one.executionId);
      return [taskId, output];
    });
    expect(await Promise.all(outputs)).toEqual([11, 21, 31, 41].map((n) => [TASK, n]));
    await recorded(successful[0]?.executionId ?? '');
  });
  const TASK = 'tempograph.process';

  it('runs where the submission brings it, for a task that says nothing itself', async () => {
    const { engine } = harness;
    const handle = await engine.scheduleTask({ taskId: 'open', process: adds, input: 1 });
    expect((await handle.result()).output).toBe(2);
    expect(await engine.getExecution(handle.executionId)).toMatchObject({
      ...{ catalogueTaskId: 'open', tags: ['of the catalogue'] },
    });
    const tasks = [{ id: 'a', taskId: 'open', process: adds, input: 2 }];
    const graph = await engine.scheduleTaskGraph({ name: 'g', tasks });
    expect((await graph.result()).output).toEqual({ a: 3 });
  });
});

describe('a task of the catalogue that does not say what it runs', () => {
  const SAYS =
    'catalogue task "open" does not say what it runs, and nor does the submission (say workflowType: "container" and input: { container_image, command }, or process, container or faas; or update the task with run: { task: "<name>" })';

  it('is refused where the submission does not say it either, with what to write', async () => {
    const { engine } = harness;
    await expect(engine.scheduleTask({ taskId: 'open', input: 1 })).rejects.toThrow(
      `(root): ${SAYS}`,
    );
    const tasks = [{ id: 'a', taskId: 'open' }];
    await expect(engine.scheduleTaskGraph({ name: 'g', tasks })).rejects.toThrow(
      `tasks[0]: ${SAYS}`,
    );
  });

  it('is the task of its id in the adjacency form', async () => {
    const { engine } = harness;
    await engine.catalogue.tasks.create({ id: 'echo', projectId: 'programs', name: 'echo' });
    const handle = await engine.scheduleTaskGraph({ echo: [] }, { inputs: { echo: 'said' } });
    expect((await handle.result()).output).toEqual({ echo: 'said' });
  });

  it('is refused a program where it says what it runs', async () => {
    const submission = { taskId: 'add', container: { image: 'x' } };
    await expect(harness.engine.scheduleTask(submission)).rejects.toThrow(
      'container: catalogue task "add" runs a program (process) (leave this out)',
    );
  });
});
