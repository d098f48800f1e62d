import { setTimeout as wait } from 'node:timers/promises';
import { defineTask } from '../../src/registry.js';
import type { HookExecution } from '../../src/task-hooks.js';
import { startHarness, type Harness } from '../support/engine.js';

const deaf = defineTask({
  name: 'deaf',
  run: () => new Promise((done) => setTimeout(done, 3_000)),
});
/** Stops when it is asked to. */
const heeding = defineTask({
  name: 'heeding',
  run: async (_input, { signal }) => await wait(60_000, undefined, { signal }),
});
const seen: string[] = [];
const note = (hook: string) => (execution: HookExecution) =>
  void seen.push(`${hook} ${execution.nodeId} ${execution.status} ${execution.attempt}`);
const hooked = defineTask({
  name: 'hooked',
  hooks: {
    pre: [{ name: 'task-pre', run: note('task-pre') }],
    post: [{ name: 'task-post', run: note('task-post') }],
  },
  run: (input) => input,
});

describe('hooks', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({
      tasks: [deaf, heeding, hooked],
      hooks: {
        pre: [{ name: 'global-pre', run: note('global-pre') }],
        post: [
          { name: 'global-post', run: note('global-post') },
          { name: 'also-skipped', onSkipped: true, run: note('also-skipped') },
        ],
      },
      namedHooks: {
        pre: [
          { name: 'graph-pre', run: note('graph-pre') },
          { name: 'double', run: ({ input }) => ({ input: Number(input) * 2 }) },
          {
            name: 'veto',
            run: ({ nodeId }) => {
              if (nodeId === 'forbidden') throw new Error('not on a Sunday');
            },
          },
        ],
        post: [
          {
            name: 'slow',
            run: async (execution) => {
              note('slow')(execution);
              await wait(700);
            },
          },
          { name: 'graph-post', run: note('graph-post') },
          {
            name: 'broken',
            run: () => {
              throw new Error('the notifier is down');
            },
          },
        ],
      },
    });
  });
  beforeEach(() => void seen.splice(0));
  afterAll(() => harness.stop());

  it('run in the order global, graph, task, before each attempt and after the end', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'order',
      hooks: { pre: ['graph-pre'], post: ['graph-post'] },
      tasks: [{ id: 'a', task: 'hooked', input: 1 }],
    });
    expect((await handle.result()).status).toBe('COMPLETED');
    expect(seen).toEqual([
      'global-pre a PREPARING 1',
      'graph-pre a PREPARING 1',
      'task-pre a PREPARING 1',
      'global-post a COMPLETED 1',
      'also-skipped a COMPLETED 1',
      'graph-post a COMPLETED 1',
      'task-post a COMPLETED 1',
    ]);
  });

  it('may change the input, and may refuse: the node ends REJECTED', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'veto',
      hooks: { pre: ['double', 'veto'] },
      tasks: [
        { id: 'fine', task: 'echo', input: 21 },
        { id: 'forbidden', task: 'echo', input: 1 },
      ],
    });
    const { nodes } = await handle.result();
    expect(nodes['fine']?.output).toBe(42);
    expect(nodes['forbidden']).toMatchObject({ status: 'REJECTED', error: { code: 'VETOED' } });
    expect(nodes['forbidden']?.error?.message).toContain('not on a Sunday');
  });

  it('run after a failure with every attempt spent, once', async () => {
    const handle = await harness.engine.scheduleTask({
      task: 'fail',
      retry: { strategy: 'IMMEDIATE', maxRetries: 1 },
    });
    await handle.result();
    expect(seen.filter((line) => line.startsWith('global-pre'))).toHaveLength(2);
    expect(seen.filter((line) => line.startsWith('global-post'))).toEqual([
      'global-post task FAILED 2',
    ]);
  });

  it('run after a time-out that only the server saw', async () => {
    const handle = await harness.engine.scheduleTask({
      task: 'deaf',
      timeout: '300ms',
      retry: 'NONE',
    });
    expect((await handle.result()).status).toBe('TIMEOUT');
    expect(seen).toContain('global-post task TIMEOUT 1');
  });

  it.each([300, 6_000])(
    'run once after a time-out of %d ms that the handler heeds',
    async (timeout) => {
      const { engine } = harness;
      const tasks = [1, 2, 3, 4, 5].map((n) => ({ id: `t${n}`, task: 'heeding' }));
      const handle = await engine.scheduleTaskGraph({
        ...{ name: 'heeding', hooks: { pre: [], post: ['slow'] } },
        ...{ defaults: { timeout, retry: 'NONE' }, tasks },
      });
      expect((await handle.result()).counts).toEqual({ TIMEOUT: 5 });
      const once = tasks.map(({ id }) => `slow ${id} TIMEOUT 1`);
      expect(seen.filter((line) => line.startsWith('slow')).sort()).toEqual(once);
    },
  );

  it('run for a node that never started only where they ask for it', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'skipped',
      tasks: [
        { id: 'bad', task: 'fail', retry: 'NONE' },
        { id: 'child', task: 'noop', dependsOn: ['bad'] },
      ],
    });
    await handle.result();
    expect(seen.filter((line) => line.includes(' child '))).toEqual([
      'also-skipped child SKIPPED 0',
    ]);
  });

  it('change nothing when a post hook fails: a warning is recorded', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'broken',
      hooks: { post: ['broken'] },
      tasks: [{ id: 'a', task: 'noop' }],
    });
    const { status, ok, warnings } = await handle.result();
    expect({ status, ok }).toEqual({ status: 'COMPLETED', ok: true });
    expect(warnings).toEqual(['a: post hook "broken" failed: the notifier is down']);
  });
});
