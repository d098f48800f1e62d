import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { buildCli, documentOf, envOf, runCli, startCli, until } from '../support/cli.js';
import { TaskEngine } from '../../src/client.js';
import { startHarness, type Harness } from '../support/engine.js';
import { startHttp, type HttpScene } from '../support/http.js';

describe('commands about an execution', () => {
  let harness: Harness;
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
  });
  afterAll(() => harness.stop());

  const cli = async (...args: string[]) => await runCli(args, { env: envOf(harness) });

  const start = async (options: { project?: string; sessionId?: string } = {}) =>
    await harness.engine.scheduleTaskGraph(
      {
        name: 'flow',
        tasks: [
          { id: 'quick', task: 'echo', input: 'done' },
          { id: 'long', task: 'sleep', dependsOn: ['quick'], input: { ms: 3_600_000 } },
        ],
      },
      options,
    );
  const untilRunning = async (id: string) =>
    await until(`${id}/long runs`, async () => {
      const view = await harness.engine
        .handle(id)
        .node('long')
        .status()
        .catch(() => undefined);
      return view?.status === 'RUNNING';
    });

  describe('tempograph watch', () => {
    it('gives a JSON line for each transition, then the result', async () => {
      const { executionId } = await start();
      const watching = startCli(['watch', executionId, '--json'], { env: envOf(harness) });
      await watching.saw('stdout', /"nodeId":"long","status":"RUNNING"/);
      await cli('cancel', executionId);
      const { code, stdout } = await watching.ended;
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(code).toBe(1);
      expect(lines[0]).toMatchObject({
        event: 'node',
        executionId,
        nodeId: 'quick',
        status: 'COMPLETED',
        attempts: 1,
      });
      expect(lines.filter(({ event }) => event === 'result')).toHaveLength(1);
      expect(lines.at(-1)).toMatchObject({
        event: 'result',
        executionId,
        status: 'CANCELLED',
        nodes: { quick: { status: 'COMPLETED' }, long: { status: 'CANCELLED' } },
      });
    });

    it('tells the result of an execution that has ended, and ends as it did', async () => {
      const { executionId } = await harness.engine.scheduleTask({ task: 'echo', input: 'x' });
      await harness.engine.handle(executionId).result();
      const { code, stdout } = await cli('watch', executionId);
      expect(code).toBe(0);
      expect(stdout).toContain(`✔ completed  ${executionId}`);
    });

    it('offers a new batch of the items that failed, and no rerun, of a batch', async () => {
      const item = { task: 'fail', input: { message: 'no disk' }, retry: { maxRetries: 0 } };
      const { successful } = await harness.engine.scheduleTaskBatch([item, item]);
      const [batchId = ''] = (successful[0]?.executionId ?? '').split('/');
      const { code, stdout } = await cli('watch', batchId);
      expect(code).toBe(1);
      expect(stdout).toContain(
        'once its cause is mended, with the items that failed: tempograph batch FILE',
      );
      expect(stdout).not.toContain('rerun');
    });

    it('offers a rerun of the whole, of what is below a node', async () => {
      const graph = {
        name: 'inner',
        tasks: [
          { id: 'bad', task: 'fail', retry: { maxRetries: 0 } },
          { id: 'after', task: 'echo', dependsOn: ['bad'] },
        ],
      };
      const tasks = [{ id: 'below', graph }];
      const handle = await harness.engine.scheduleTaskGraph({ name: 'outer', tasks });
      await handle.result();
      const { stdout } = await cli('watch', `${handle.executionId}/below`);
      expect(stdout).toContain(
        `once its cause is mended: tempograph rerun ${handle.executionId} --from failed`,
      );
    });

    it('stops at Ctrl-C with 130, and the execution goes on', async () => {
      const { executionId } = await start();
      const watching = startCli(['watch', executionId], { env: envOf(harness) });
      await watching.saw('stdout', /long {3}RUNNING/);
      watching.child.kill('SIGINT');
      const { code, stderr } = await watching.ended;
      expect(code).toBe(130);
      expect(stderr).toContain(`tempograph status ${executionId}`);
      expect((await harness.engine.getExecution(executionId)).status).toBe('RUNNING');
      await harness.engine.cancelExecution(executionId);
    });
  });

  describe('tempograph status', () => {
    it('shows the execution and its nodes', async () => {
      const { executionId } = await start();
      await untilRunning(executionId);
      const { code, stdout } = await cli('status', executionId);
      expect(code).toBe(0);
      expect(stdout).toContain(`● RUNNING  ${executionId}`);
      expect(stdout).toMatch(/└─ ✔ quick {4}COMPLETED/);
      expect(stdout).toMatch(/ {3}└─ ● long {2}RUNNING/);
      await harness.engine.cancelExecution(executionId);
    });

    it('gives record and nodes as JSON, also of one that has ended', async () => {
      const { executionId } = await start();
      await untilRunning(executionId);
      const live = documentOf(await cli('status', executionId, '--json'));
      expect(live).toMatchObject({
        executionId,
        kind: 'graph',
        status: 'RUNNING',
        nodes: { quick: { status: 'COMPLETED', output: 'done' }, long: { status: 'RUNNING' } },
      });
      await harness.engine.cancelExecution(executionId);
      await harness.engine.handle(executionId).result();
      expect(documentOf(await cli('status', executionId, '--json'))).toMatchObject({
        status: 'CANCELLED',
        nodes: { long: { status: 'CANCELLED', attempts: 1 } },
      });
    });

    it('says no attempts of a graph, which only its nodes have', async () => {
      const { executionId } = await start();
      await harness.engine.cancelExecution(executionId);
      await harness.engine.handle(executionId).result();
      await until(
        'its row',
        async () => (await harness.engine.getExecution(executionId)).attempts === 1,
      );
      expect((await cli('status', executionId)).stdout).not.toContain('  attempts  ');
    });

    it('shows one node', async () => {
      const { executionId } = await start();
      await untilRunning(executionId);
      const result = await cli('status', `${executionId}/long`, '--json');
      expect(documentOf(result)).toMatchObject({ kind: 'node', taskId: 'sleep', attempts: 1 });
      await harness.engine.cancelExecution(executionId);
    });

    it('shows how the items of a map and the nodes of a sub-graph stand', async () => {
      const inside = { id: 'inside', task: 'echo' };
      const { executionId } = await harness.engine.scheduleTaskGraph({
        name: 'nested',
        tasks: [
          { id: 'each', task: 'echo', map: '[1, 2, 3]', input: '${{ item }}' },
          { id: 'sub', graph: { name: 'inner', tasks: [inside] } },
        ],
      });
      await harness.engine.handle(executionId).result();
      const { stdout: map } = await cli('status', `${executionId}/each`);
      expect(map).toMatch(/items {4}3 completed\n/);
      expect(map).toMatch(/└─ ✔ 2 {2}COMPLETED/);
      expect(map).not.toContain('attempts');
      const { stdout: sub } = await cli('status', `${executionId}/sub`);
      expect(sub).toMatch(/nodes {4}1 completed\n/);
      expect(sub).toMatch(/└─ ✔ inside {2}COMPLETED/);
    });

    it('says who cancelled an execution or a node, and why', async () => {
      const { executionId } = await start();
      await untilRunning(executionId);
      await cli('cancel', `${executionId}/long`, '--by', 'ada', '--reason', 'wrong month');
      await harness.engine.handle(executionId).result();
      const node = await cli('status', `${executionId}/long`);
      expect(node.stdout).toMatch(/cancelled {2}by ada, wrong month\n/);
      const other = await start();
      await untilRunning(other.executionId);
      await cli('cancel', other.executionId, '--reason', 'not today');
      await harness.engine.handle(other.executionId).result();
      const whole = await cli('status', other.executionId);
      expect(whole.stdout).toMatch(/cancelled {2}by \S+, not today\n/);
    });

    it.each([['status'], ['explain']])('%s says which nodes there are', async (command) => {
      const { executionId } = await start();
      await untilRunning(executionId);
      const near = await cli(command, `${executionId}/logn`);
      expect(near.code).toBe(2);
      expect(near.stderr).toBe(
        `error: there is no node "logn" in ${executionId} (did you mean "long"?)\n`,
      );
      await harness.engine.cancelExecution(executionId);
      await harness.engine.handle(executionId).result();
      const far = await cli(command, `${executionId}/elsewhere`);
      expect(far.stderr).toContain('no node "elsewhere"');
      expect(far.stderr).toContain('(there are "quick", "long")');
    });

    it('gives what the server knows when no worker answers', async () => {
      const env = { ...envOf(harness), TEMPOGRAPH_TASK_QUEUE: `${harness.taskQueue}-nobody` };
      const { stdout: id } = await runCli(['run', 'noop', '--detach'], { env });
      const result = await runCli(['status', id.trim(), '--json'], { env });
      expect(result.code).toBe(0);
      expect(documentOf(result)).toMatchObject({ status: 'PENDING', taskId: 'noop' });
      expect(result.stderr).toContain('no worker');
    });

    it('ends with 2 for an execution that is not there', async () => {
      const result = await cli('status', 'nowhere', '--json');
      expect(result.code).toBe(2);
      expect(documentOf(result)).toMatchObject({ error: { code: 'NOT_FOUND' } });
    });
  });

  describe("on a task queue that nobody polls, which is not the command line's own", () => {
    let elsewhere: TaskEngine;
    let taskQueue: string;
    let http: HttpScene;
    let ways: Record<'Temporal' | 'a server', Record<string, string>>;
    beforeAll(async () => {
      const { address, dataDir } = harness;
      taskQueue = `${harness.taskQueue}-elsewhere`;
      elsewhere = await TaskEngine.connect({ address, dataDir, taskQueue });
      http = await startHttp(harness);
      ways = {
        Temporal: envOf(harness),
        'a server': { TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPOGRAPH_SERVER: http.url },
      };
    });
    afterAll(async () => {
      await http.stop();
      await elsewhere.shutdown();
    });

    it.each(['Temporal', 'a server'] as const)(
      'status of an item names it, from %s',
      async (way) => {
        const { successful } = await elsewhere.scheduleTaskBatch([
          { task: 'noop' },
          { task: 'noop' },
        ]);
        const [{ executionId } = { executionId: '' }] = successful;
        const { code, stderr } = await runCli(['status', executionId], { env: ways[way] });
        expect(stderr).toContain(`no worker on task queue "${taskQueue}" answered`);
        expect(stderr).toContain(`"tempograph worker --task-queue ${taskQueue}"`);
        expect(code).toBe(3);
      },
    );

    it.each(['Temporal', 'a server'] as const)('watch names it, from %s', async (way) => {
      const { executionId } = await elsewhere.scheduleTask({ task: 'noop' });
      const watching = startCli(['watch', executionId], { env: ways[way] });
      await watching.saw('stderr', new RegExp(`no worker polls the task queue "${taskQueue}"`));
      watching.child.kill('SIGINT');
      expect((await watching.ended).code).toBe(130);
    });
  });

  it.each([['status'], ['watch']])(
    '%s prints the beginning of a long output, and --json all of it',
    async (command) => {
      const { executionId } = await harness.engine.scheduleTask({
        ...{ task: 'echo', input: { text: 'x'.repeat(30_000) } },
      });
      await harness.engine.handle(executionId).result();
      const { stdout } = await cli(command, executionId);
      expect(stdout).toMatch(/x{900,1000}… \(30,0\d\d characters; --json gives all of it\)/);
      expect(stdout.length).toBeLessThan(2_000);
      expect((await cli(command, executionId, '--json')).stdout).toContain('x'.repeat(30_000));
    },
  );

  it.each([['status'], ['events'], ['watch'], ['explain']])(
    '%s keeps the text of others on one line, without what acts on a terminal',
    async (command) => {
      const { executionId } = await harness.engine.scheduleTask({
        ...{ task: 'fail', retry: 'NONE' },
        input: { message: 'bad \u001b[31mred\nline2', type: 'Boom' },
      });
      await harness.engine.handle(executionId).result();
      const found = async () => (await cli(command, executionId)).stdout;
      await until('the store has it', async () => (await found()).includes('Boom'));
      const text = await found();
      expect(text).toContain('bad red line2');
      expect(text).not.toContain('\u001b');
    },
  );

  describe('tempograph cancel', () => {
    it('stops an execution and says so, once', async () => {
      const { executionId } = await start();
      const first = await cli('cancel', executionId, '--json');
      expect(first.code).toBe(0);
      expect(documentOf(first)).toMatchObject({ success: true });
      expect((await harness.engine.handle(executionId).result()).status).toBe('CANCELLED');
      const second = await cli('cancel', executionId, '--json');
      expect(second.code).toBe(1);
      expect(documentOf(second)).toMatchObject({ success: false });
    });

    it('stops one node', async () => {
      const { executionId } = await start();
      await untilRunning(executionId);
      expect((await cli('cancel', `${executionId}/long`)).code).toBe(0);
      const { nodes } = await harness.engine.handle(executionId).result();
      expect(nodes['long']?.status).toBe('CANCELLED');
    });

    it('ends with 2 and the message for an execution that is not there', async () => {
      const { code, stderr } = await cli('cancel', 'nowhere');
      expect(code).toBe(2);
      expect(stderr).toContain('there is no execution "nowhere"');
    });
  });

  describe('tempograph list', () => {
    interface Listed {
      executions: { executionId: string; project: string; status: string }[];
    }

    it('lists by project, session and status', async () => {
      const project = `${harness.taskQueue}-${randomUUID()}`; // a second try finds nothing of the first
      const { executionId } = await start({ project, sessionId: 'monday' });
      const other = await harness.engine.scheduleTask({ task: 'noop', project });
      await other.result();
      const list = async (...args: string[]) =>
        documentOf<Listed>(await cli('list', '--project', project, '--json', ...args)).executions;
      const statuses = async () => (await list()).map(({ status }) => status).sort();
      await until('both are listed as they are', async () =>
        isDeepStrictEqual(await statuses(), ['COMPLETED', 'RUNNING']),
      );
      expect((await list('--session', 'monday')).map((one) => one.executionId)).toEqual([
        executionId,
      ]);
      expect((await list('--status', 'completed')).map((one) => one.executionId)).toEqual([
        other.executionId,
      ]);
      expect(await list('--limit', '1')).toHaveLength(1);
      await harness.engine.cancelExecution(executionId);
    });

    it('prints aligned columns without colour', async () => {
      const project = `${harness.taskQueue}-columns`;
      const { executionId } = await harness.engine.scheduleTask({ task: 'noop', project });
      await harness.engine.handle(executionId).result();
      const args = ['list', '--project', project];
      await until('it is listed', async () => (await cli(...args)).stdout.includes('COMPLETED'));
      const { code, stdout } = await cli(...args);
      const [head = '', line = ''] = stdout.split('\n');
      expect(code).toBe(0);
      expect(head.indexOf('STATUS')).toBe(line.indexOf('✔ COMPLETED'));
      expect(head.indexOf('NAME')).toBe(line.indexOf('noop', line.indexOf('COMPLETED')));
      expect(stdout).not.toContain('\u001b');
    });
  });
});
