/** Programs that undo what a graph's nodes did: in sandboxes, through Temporal, against things that a server keeps. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineGraph } from '../../src/builder.js';
import { defineTask } from '../../src/registry.js';
import { BUSYBOX, lacksDocker, startDocker, type PrivateDocker } from '../support/docker.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const here = existsSync('/usr/bin/bwrap') && process.getuid?.() === 0;
if (!here) process.stderr.write('programs that undo are skipped: they need bubblewrap and root\n');

/** Names of the things that there are, and what has been asked: `PUT /a`, with the token that it came with. */
const things = new Set<string>();
const asked: [what: string, token: string | undefined][] = [];
const server = createServer((request, response) => {
  const name = request.url?.slice(1) ?? '';
  asked.push([`${request.method} ${name}`, request.headers['authorization']]);
  if (request.method === 'PUT') things.add(name);
  else things.delete(name);
  response.writeHead(204).end();
});
let host = '';

/** Asks the server for each of the names that an expression gives, and gives the names. */
const asks = (method: string, names: string) => ({
  runtime: 'python' as const,
  code: `
import json, os, sys, urllib.request
names = json.loads(sys.argv[1]) if sys.argv[1].startswith('[') else [sys.argv[1]]
for name in names:
    url = 'http://${host}/' + name
    headers = {'Authorization': os.environ.get('TOKEN', 'none')}
    urllib.request.urlopen(urllib.request.Request(url, method='${method}', headers=headers))
print('${method}', names)
with open(os.environ['TEMPOGRAPH_OUTPUT'], 'w') as file: json.dump({'names': names}, file)
`,
  args: [names],
  network: [host],
});
const fails = { task: 'fail', input: { times: 9 }, retry: 'NONE' };
const defaults = { retry: 'NONE', resources: { cpu: 1 } };

/** Did its work, though its attempt is lost. */
const wasDone = defineTask({ name: 'was-done', run: () => ({ done: true, output: 'seen' }) });

let harness: Harness;
let other: Harness;
beforeAll(async () => {
  process.env['TEMPOGRAPH_HTTP_ALLOW_PRIVATE'] = '1';
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const options = {
    programs: here ? (['process', 'faas'] as const) : [],
    secrets: () => 'secret-4711',
  };
  harness = await startHarness({ ...options, programs: [...options.programs], tasks: [wasDone] });
  other = await startHarness({
    ...{ ...options, programs: [...options.programs], maxNodesPerRun: 2 },
  });
});
afterAll(async () => {
  delete process.env['TEMPOGRAPH_HTTP_ALLOW_PRIVATE'];
  await Promise.all([harness.stop(), other.stop()]);
  server.closeAllConnections();
  server.close();
});

const run = async (tasks: object[], rest: object = {}, by = harness) => {
  const handle = await by.engine.scheduleTaskGraph({
    name: 'g',
    defaults,
    tasks,
    ...rest,
  } as never);
  const result = await handle.result();
  return { ...result, id: handle.executionId };
};

(here ? describe : describe.skip)('a program that undoes', () => {
  it.each<[string, () => Harness]>([
    ['in one piece', () => harness],
    ['split into segments', () => other],
  ])('takes back what nodes did once their graph has failed, %s', async (_how, of) => {
    asked.length = 0;
    const make = (id: string, more: object = {}) => ({
      id,
      process: asks('PUT', '${{ input }}'),
      input: id,
      compensate: { process: asks('DELETE', '${{ input.output.names }}') },
      ...more,
    });
    const { status, error, compensation } = await run(
      [make('a'), { ...make('b'), dependsOn: ['a'] }, { id: 'c', dependsOn: ['b'], ...fails }],
      {},
      of(),
    );
    expect({ status, nodeId: error?.nodeId }).toEqual({ status: 'FAILED', nodeId: 'c' });
    expect(compensation).toMatchObject([
      { nodeId: 'b', task: 'tempograph.process', status: 'COMPLETED', attempts: 1 },
      { nodeId: 'a', task: 'tempograph.process', status: 'COMPLETED', attempts: 1 },
    ]);
    expect(asked.map(([what]) => what)).toEqual(['PUT a', 'PUT b', 'DELETE b', 'DELETE a']);
    expect([...things]).toEqual([]);
  });

  it('may be said for all of a graph, and is left out where a node refuses it', async () => {
    asked.length = 0;
    const make = (id: string, more: object = {}) => ({
      ...{ id, process: asks('PUT', '${{ input }}'), input: id, ...more },
    });
    const compensate = { process: asks('DELETE', '${{ input.output.names }}') };
    const { compensation } = await run(
      [
        make('a'),
        make('b', { dependsOn: ['a'], compensate: false }),
        { id: 'c', dependsOn: ['b'], ...fails },
      ],
      { defaults: { ...defaults, compensate } },
    );
    expect(compensation).toMatchObject([{ nodeId: 'a', task: 'tempograph.process' }]);
    expect(asked.map(([what]) => what)).toEqual(['PUT a', 'PUT b', 'DELETE a']);
    things.delete('b');
  });

  it('that fails is told by its exit code, names the node, and the others are undone', async () => {
    asked.length = 0;
    const stuck = {
      command: ['sh', '-c', 'echo "$1 is locked" >&2; exit 3', 'sh', '${{ input }}'],
    };
    const { status, error, compensation, id } = await run([
      {
        ...{ id: 'a', process: asks('PUT', '${{ input }}'), input: 'kept' },
        compensate: { process: asks('DELETE', '${{ input.input }}') },
      },
      {
        ...{ id: 'b', task: 'echo', input: 'vm-7', dependsOn: ['a'] },
        compensate: { process: stuck, input: '${{ output }}', retry: { maxRetries: 1, delay: 1 } },
      },
      { id: 'c', dependsOn: ['b'], ...fails },
    ]);
    expect({ status, code: error?.code }).toEqual({
      ...{ status: 'FAILED', code: 'COMPENSATION_FAILED' },
    });
    expect(error?.message).toMatch(
      /^it ended FAILED, and what b did could not be undone: .*exit code 3.*vm-7 is locked/,
    );
    expect(compensation).toMatchObject([
      { nodeId: 'b', task: 'tempograph.process', status: 'FAILED', attempts: 2 },
      { nodeId: 'a', status: 'COMPLETED' },
    ]);
    expect((await harness.engine.explain(id)).sentence).toContain(
      `; what b did could not be undone by a process: PROGRAM_FAILED: the program ended with exit code 3: vm-7 is locked (tempograph logs ${id}/b~undo)`,
    );
    expect([...things]).toEqual([]);
  });

  it('is given the secrets and the network that it asks for, at the level of its node', async () => {
    asked.length = 0;
    const permissions = [`network:${host}`, 'secret:TOKEN'];
    const { compensation } = await run([
      {
        ...{ id: 'a', process: asks('PUT', '${{ input }}'), input: 'held' },
        security: { level: 'MEDIUM', permissions },
        compensate: {
          process: { ...asks('DELETE', '${{ input.output.names }}'), secrets: ['TOKEN'] },
        },
      },
      { id: 'c', dependsOn: ['a'], ...fails },
    ]);
    expect(compensation).toMatchObject([{ nodeId: 'a', status: 'COMPLETED' }]);
    expect(asked.at(-1)).toEqual(['DELETE held', 'secret-4711']);
  });

  it('need not be granted a secret of the node whose work it undoes, where its input has none', async () => {
    const { compensation } = await run([
      {
        ...{ id: 'a', task: 'echo', input: { name: 'x', token: '${{ secrets.TOKEN }}' } },
        compensate: {
          ...{
            process: { command: ['test', 'x', '=', '${{ input }}'] },
            input: '${{ input.name }}',
          },
          security: { level: 'MEDIUM' },
        },
      },
      { id: 'c', dependsOn: ['a'], ...fails },
    ]);
    expect(compensation).toMatchObject([{ nodeId: 'a', status: 'COMPLETED' }]);
  });

  it('undoes a map and a sub-graph as a whole, by one run each', async () => {
    asked.length = 0;
    const inner = {
      name: 'inner',
      tasks: [{ id: 'x', process: asks('PUT', '${{ input }}'), input: 'below' }],
    };
    const undo = (names: string) => ({ process: asks('DELETE', names) });
    const { compensation } = await run([
      {
        ...{ id: 'each', map: ['m0', 'm1'], process: asks('PUT', '${{ input }}') },
        input: '${{ item }}',
        compensate: {
          ...undo('${{ input }}'),
          input: '${{ output.map(one, one.names[0]) }}',
        },
      },
      {
        id: 'sub',
        graph: inner,
        dependsOn: ['each'],
        compensate: undo('${{ input.output.x.names }}'),
      },
      { id: 'c', dependsOn: ['sub'], ...fails },
    ]);
    expect(compensation.map(({ nodeId, status }) => [nodeId, status])).toEqual([
      ['sub', 'COMPLETED'],
      ['each', 'COMPLETED'],
    ]);
    expect([...things]).toEqual([]);
    expect(asked.map(([what]) => what).slice(-3)).toEqual([
      'DELETE below',
      'DELETE m0',
      'DELETE m1',
    ]);
  });

  it('is not entered with an input that its inputSchema refuses', async () => {
    const { compensation } = await run([
      {
        ...{ id: 'a', task: 'echo', input: 7 },
        compensate: {
          ...{ process: { command: ['true'] }, input: '${{ output }}' },
          inputSchema: { type: 'string' },
        },
      },
      { id: 'c', dependsOn: ['a'], ...fails },
    ]);
    expect(compensation).toMatchObject([
      { nodeId: 'a', status: 'REJECTED', error: { code: 'INPUT_INVALID' } },
    ]);
  });

  it('is the one that the graph was run again with, where what was kept is owed', async () => {
    asked.length = 0;
    const graph = (undo: string) => ({
      name: 'g',
      ...{ defaults, compensation: undo === '' ? 'none' : 'onFailure' },
      tasks: [
        {
          ...{ id: 'a', process: asks('PUT', '${{ input }}'), input: 'owed' },
          compensate: { process: asks(undo || 'DELETE', '${{ input.output.names }}') },
        },
        { id: 'c', dependsOn: ['a'], ...fails },
      ],
    });
    const { id } = await run([], graph(''));
    expect([...things]).toEqual(['owed']);
    const again = await harness.engine.rerun(id, { graph: graph('POST') as never });
    const { nodes, compensation } = await again.result();
    expect(nodes['a']?.reused).toMatchObject({ executionId: id, owed: true });
    expect(compensation).toMatchObject([{ nodeId: 'a', status: 'COMPLETED' }]);
    expect(asked.map(([what]) => what)).toEqual(['PUT owed', 'POST owed']);
    expect([...things]).toEqual([]);
  });

  it('may be a function, and what it undoes a question that was answered', async () => {
    asked.length = 0;
    const { engine } = harness;
    const handle = await engine.scheduleTaskGraph({
      name: 'g',
      tasks: [
        {
          ...{ id: 'ask', approval: { message: 'go?' } },
          compensate: { faas: { url: `http://${host}/taken-back` }, input: '${{ output.by }}' },
        },
        { id: 'c', dependsOn: ['ask'], ...fails },
      ],
    } as never);
    const asking = async () => (await handle.node('ask').status()).status === 'RUNNING';
    await until(async () => await asking().catch(() => false), 'the question');
    await handle.node('ask').approve({ by: 'ada' });
    const { compensation } = await handle.result();
    expect(compensation).toMatchObject([
      { nodeId: 'ask', task: 'tempograph.faas', status: 'COMPLETED' },
    ]);
    expect(asked.map(([what]) => what)).toEqual(['POST taken-back']);
  });

  it('comes from the catalogue by its id', async () => {
    asked.length = 0;
    const { projects, tasks } = harness.engine.catalogue;
    const { id: projectId } = await projects.create({ name: 'undo', id: 'undo' });
    await tasks.create({
      ...{ projectId, id: 'remove', name: 'remove', defaults: { timeout: '20s' } },
      run: { process: asks('DELETE', '${{ input }}'), input: '${{ output.names }}' },
    });
    const { compensation } = await run([
      {
        ...{ id: 'a', process: asks('PUT', '${{ input }}'), input: 'listed' },
        compensate: { taskId: 'remove' },
      },
      { id: 'c', dependsOn: ['a'], ...fails },
    ]);
    expect(compensation).toMatchObject([{ task: 'tempograph.process', status: 'COMPLETED' }]);
    expect(asked.map(([what]) => what)).toEqual(['PUT listed', 'DELETE listed']);
  });

  it('says in its log which artifacts of it are in no result', async () => {
    const script = 'echo x > "$TEMPOGRAPH_ARTIFACTS/left"';
    const { artifacts, compensation, id } = await run([
      {
        ...{ id: 'a', task: 'noop' },
        compensate: { process: { command: ['sh', '-c', script] } },
      },
      { id: 'c', dependsOn: ['a'], ...fails },
    ]);
    expect(compensation).toMatchObject([{ nodeId: 'a', status: 'COMPLETED' }]);
    expect(artifacts).toEqual([]);
    const told = harness.lines.filter((one) => one['executionId'] === id && one['level'] === 40);
    expect(told.map((one) => [one['nodeId'], one['msg']])).toContainEqual([
      'a~undo',
      'artifacts of what undoes a node are in no result: "left"',
    ]);
  });

  it('that no worker can run is waited for, and explain names it and its queue', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'g',
      tasks: [
        { id: 'a', task: 'noop', compensate: { container: { image: 'busybox' } } },
        { id: 'c', dependsOn: ['a'], ...fails },
      ],
    } as never);
    const sentence = async () => (await harness.engine.explain(handle.executionId)).sentence;
    await until(async () => /nobody polls/.test(await sentence()), 'it waits');
    expect(await sentence()).toBe(
      `all nodes have ended, and what they did is being undone: 0 of 1 so far, now a by a container; nobody polls the queue ${harness.taskQueue}-container: no worker runs programs of the kind container; "tempograph doctor" says what each of them lacks`,
    );
    await harness.client.workflow.getHandle(handle.executionId).terminate();
  });

  it('is built in code, of references to what its node was given and gave', async () => {
    asked.length = 0;
    const graph = defineGraph('built', { defaults: { ...defaults, retry: 'NONE' } });
    const made = graph.program<{ names: string }>(
      ...(['made', { process: asks('PUT', '${{ input }}') }] as const),
      {
        input: 'built',
        compensate: {
          process: asks('DELETE', '${{ input.name }}'),
          inputOf: (input, output) => ({ name: String(input), both: output }),
          retry: 'NONE',
        },
      },
    );
    graph.add('c', 'fail', { dependsOn: [made], input: { times: 9 } });
    const { compensation } = await (await harness.engine.scheduleTaskGraph(graph)).result();
    expect(compensation).toMatchObject([{ nodeId: 'made', status: 'COMPLETED' }]);
    expect(asked.map(([what]) => what)).toEqual(['PUT built', 'DELETE built']);
  });
});

const lack = lacksDocker();
if (lack !== undefined) process.stderr.write(`containers that undo are skipped: ${lack}\n`);

(lack === undefined ? describe : describe.skip)('a container that undoes', () => {
  let docker: PrivateDocker;
  let contained: Harness;
  beforeAll(async () => {
    docker = await startDocker();
    contained = await startHarness({
      programs: ['container'],
      containerEngine: `unix://${docker.socketPath}`,
    });
  });
  afterAll(async () => {
    await contained.stop();
    await docker.stop();
  });

  it('is started with what its node gave', async () => {
    const { compensation, id } = await run(
      [
        {
          ...{ id: 'a', task: 'echo', input: { name: 'vm-7' } },
          compensate: {
            container: { image: BUSYBOX, command: ['echo', 'remove', '${{ input.output.name }}'] },
          },
        },
        { id: 'c', dependsOn: ['a'], ...fails },
      ],
      {},
      contained,
    );
    expect(compensation).toMatchObject([
      { nodeId: 'a', task: 'tempograph.container', status: 'COMPLETED', attempts: 1 },
    ]);
    const said = contained.lines.filter((one) => one['stream'] === 'stdout');
    expect(said.map((one) => [one['executionId'], one['nodeId'], one['msg']])).toEqual([
      [id, 'a~undo', 'remove vm-7'],
    ]);
  });
});

(here ? describe : describe.skip)('a task that verifies a program', () => {
  it('is run as itself, and not as the program that was lost', async () => {
    const { status, nodes } = await run([
      {
        ...{ id: 'slow', process: { command: ['sleep', '60'] }, timeout: 1_500 },
        onUnknown: { verify: 'was-done' },
      },
    ]);
    expect({ status, output: nodes['slow']?.output }).toEqual({
      ...{ status: 'COMPLETED', output: 'seen' },
    });
  });
});
