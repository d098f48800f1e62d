import { jest } from '@jest/globals';
import { SpecInvalidError, TaskError, TaskStateError, type GraphSpec } from '../../src/index.js';
import { Recorder } from '../../src/activities/recorder.js';
import { defineTask } from '../../src/registry.js';
import { FileBlobStore } from '../../src/store/file-blobs.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const write = Reflect.get<Recorder, 'write'>(Recorder.prototype, 'write');

/** Every handler that was entered, as `<execution>/<node>`. */
const ran: string[] = [];
/** Inputs that fail now. */
const broken = new Set<unknown>();

const work = defineTask<unknown, unknown>({
  name: 'work',
  retry: 'NONE',
  run: (input, { executionId }) => {
    ran.push(executionId);
    if (broken.has(input)) throw new Error(`${JSON.stringify(input)} is broken`);
    return input;
  },
});
const big = defineTask<number, string>({
  name: 'big',
  run: (nth) => String(nth % 10).repeat(5_000_000),
});
const endless = defineTask({
  name: 'endless',
  run: async (_input, { signal, executionId }) => {
    ran.push(executionId);
    await new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  },
});

const ranIn = (id: string): string[] =>
  ran.flatMap((one) => (one.startsWith(`${id}/`) ? [one.slice(id.length + 1)] : [])).sort();

type Nodes = GraphSpec['tasks'];

describe('a rerun', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness({ tasks: [work, big, endless] })));
  afterAll(() => harness.stop());
  beforeEach(() => broken.clear());

  const run = async (tasks: object[], more: object = {}): Promise<string> => {
    const spec = { name: 'again', tasks: tasks as Nodes, ...more };
    const handle = await harness.engine.scheduleTaskGraph(spec);
    await handle.result();
    return handle.executionId;
  };

  it('of 50 MB of results never reads them, and gives them', async () => {
    const bigs = Array.from({ length: 10 }, (_, nth) => ({
      id: `b${nth}`,
      task: 'big',
      input: nth,
    }));
    broken.add(1);
    const id = await run([
      ...bigs,
      { id: 'last', task: 'work', input: 1, dependsOn: bigs.map((node) => node.id) },
    ]);
    broken.clear();
    const read = jest.spyOn(FileBlobStore.prototype, 'get');
    const sliced = jest.spyOn(FileBlobStore.prototype, 'slice');
    const again = await harness.engine.rerun(id, { from: 'failed' });
    await until(async () => {
      const { status } = await harness.client.workflow.getHandle(again.executionId).describe();
      return status.name === 'COMPLETED';
    }, 'it has ended');
    const texts = await Promise.all(read.mock.results.map(({ value }) => value as Promise<string>));
    expect(texts.length).toBeGreaterThan(0);
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThan(50_000);
    expect(sliced).not.toHaveBeenCalled();
    read.mockRestore();
    sliced.mockRestore();
    const { nodes } = await again.resultOrThrow();
    expect(ranIn(again.executionId)).toEqual(['last']);
    expect(nodes['b7']).toMatchObject({
      output: '7'.repeat(5_000_000),
      reused: { executionId: id },
    });
  }, 60_000);

  it('of a map runs the items that failed, and no other', async () => {
    broken.add(3).add(150);
    const tasks = [
      { id: 'list', task: 'echo', input: Array.from({ length: 200 }, (_, nth) => nth) },
      {
        id: 'each',
        task: 'work',
        dependsOn: ['list'],
        map: 'tasks.list.output',
        input: '${{ item }}',
      },
      { id: 'sum', task: 'echo', dependsOn: ['each'], input: '${{ size(tasks.each.output) }}' },
    ];
    const id = await run(tasks);
    broken.clear();
    const plan = await harness.engine.rerun(id, { from: 'failed', dryRun: true });
    expect(plan.run.map(({ nodeId, text }) => `${nodeId}: ${text}`)).toEqual([
      'each: ended FAILED; 2 of its 200 items run',
      'sum: ended SKIPPED',
    ]);
    const again = await harness.engine.rerun(id, { from: 'failed' });
    expect((await again.resultOrThrow()).output).toEqual({ sum: 200 });
    expect(ranIn(again.executionId)).toEqual(['each/150', 'each/3']);
    const items = await again.below('each').result();
    expect(items.nodes['4']?.reused).toEqual({ executionId: `${id}/each` });
    const one = await again.rerun({ from: 'each[7]' });
    await one.resultOrThrow();
    expect(ranIn(one.executionId)).toEqual(['each/7']);
    // An item that is another one, and those of its page that are looked at.
    const list = Array.from({ length: 200 }, (_, nth) => (nth === 9 ? 'nine' : nth));
    const spec = {
      name: 'again',
      tasks: [{ ...tasks[0], input: list }, ...tasks.slice(1)] as Nodes,
    };
    const other = await again.rerun({ graph: spec });
    expect((await other.resultOrThrow()).nodes['each']?.output).toEqual(list);
    expect(ranIn(other.executionId)).toEqual(['each/9']);
    expect((await other.result()).nodes['sum']?.reused).not.toBeNull();
  });

  it('of an edited sub-graph runs what was edited in there and what follows it', async () => {
    const inner = (b: unknown) => ({
      name: 'inner',
      params: { n: { type: 'integer' } },
      tasks: [
        { id: 'a', task: 'work', input: '${{ params.n }}' },
        { id: 'b', task: 'work', input: b },
        { id: 'c', task: 'work', dependsOn: ['a', 'b'], input: '${{ tasks.b.output }}' },
      ],
    });
    const spec = (b: unknown) => ({
      name: 'again',
      tasks: [
        { id: 'n', task: 'work', input: 5 },
        { id: 'sub', dependsOn: ['n'], graph: inner(b), input: { n: '${{ tasks.n.output }}' } },
        { id: 'end', task: 'work', dependsOn: ['sub'], input: '${{ tasks.sub.output.c }}' },
      ] as Nodes,
    });
    const id = await run(spec('old').tasks);
    const again = await harness.engine.rerun(id, { graph: spec('new') });
    expect((await again.resultOrThrow()).output).toEqual({ end: 'new' });
    expect(ranIn(again.executionId)).toEqual(['end', 'sub/b', 'sub/c']);
    const from = await again.rerun({ from: 'sub/a' });
    const { nodes } = await from.resultOrThrow();
    expect(ranIn(from.executionId)).toEqual(['sub/a']);
    expect(nodes['end']?.reused).toEqual({ executionId: again.executionId });
    const whole = await again.rerun({ from: 'n' });
    expect((await whole.resultOrThrow()).nodes['sub']?.reused).toEqual({
      executionId: again.executionId,
    });
    expect(ranIn(whole.executionId)).toEqual(['n']);
  });

  it('asks an approval again where something before it runs, and else does not', async () => {
    const tasks = [
      { id: 'build', task: 'work', input: 1 },
      {
        id: 'ok',
        dependsOn: ['build'],
        approval: { message: 'Ship it?', timeout: '1ms', onTimeout: 'approve' },
      },
      { id: 'ship', task: 'work', dependsOn: ['ok'], input: 2 },
    ];
    broken.add(2);
    const id = await run(tasks);
    broken.clear();
    const kept = await (await harness.engine.rerun(id)).resultOrThrow();
    expect(kept.nodes['ok']?.reused).toEqual({ executionId: id });
    const again = await harness.engine.rerun(kept.executionId, { from: 'build' });
    expect((await again.resultOrThrow()).nodes['ok']).toMatchObject({
      status: 'COMPLETED',
      reused: null,
    });
    expect(ranIn(again.executionId)).toEqual(['build']);
  });

  it('keeps what its condition skipped, and decides anew what failed before it', async () => {
    broken.add('x');
    const tasks = [
      { id: 'no', task: 'work', when: '1 > 2' },
      { id: 'bad', task: 'work', input: 'x' },
      { id: 'clean', task: 'work', dependsOn: ['bad'], trigger: 'one_failed', input: 'cleaned' },
    ];
    const id = await run(tasks);
    broken.clear();
    const { nodes, counts } = await (await harness.engine.rerun(id)).resultOrThrow();
    expect(counts).toEqual({ COMPLETED: 1, SKIPPED: 2 });
    expect(nodes['no']).toMatchObject({ status: 'SKIPPED', reason: 'condition' });
    expect(nodes['clean']).toMatchObject({ status: 'SKIPPED', reason: 'rule', output: null });
  });

  it('runs what was undone, and undoes what it kept of an execution that came to nothing', async () => {
    const tasks = [
      { id: 'pay', task: 'work', input: 'paid', compensate: { task: 'work', input: 'refunded' } },
      { id: 'ship', task: 'work', input: 'x', dependsOn: ['pay'] },
    ];
    broken.add('x');
    const undone = await run(tasks);
    expect(ranIn(undone)).toEqual(['pay', 'pay~undo', 'ship']);
    const again = await harness.engine.rerun(undone, { from: 'failed' });
    await again.result();
    expect(ranIn(again.executionId)).toEqual(['pay', 'pay~undo', 'ship']);
    const open = await run(tasks, { compensation: 'none' });
    const graph = { name: 'again', tasks: tasks as Nodes };
    const late = await harness.engine.rerun(open, { graph });
    await late.result();
    expect(ranIn(late.executionId)).toEqual(['pay~undo', 'ship']);
    const loose = { ...graph, compensation: 'none' as const };
    const second = await harness.engine.rerun(open, { graph: loose });
    await second.result();
    expect(ranIn(second.executionId)).toEqual(['ship']);
    const third = await harness.engine.rerun(second.executionId, { graph });
    await third.result(); // what the first of them did is left to the last
    expect(ranIn(third.executionId)).toEqual(['pay~undo', 'ship']);
    broken.clear();
    const done = await run(tasks);
    broken.add('x');
    const after = await harness.engine.rerun(done, { from: 'ship' });
    expect((await after.result()).status).toBe('FAILED');
    expect(ranIn(after.executionId)).toEqual(['ship']);
  });

  it('shows what it keeps while it runs', async () => {
    const tasks = [
      { id: 'a', task: 'work', input: { much: 'x'.repeat(300) } },
      { id: 'b', task: 'endless', dependsOn: ['a'], input: '${{ tasks.a.output.much }}' },
    ];
    const first = await harness.engine.scheduleTaskGraph({ name: 'again', tasks: tasks as Nodes });
    await until(() => ran.includes(`${first.executionId}/b`), 'b runs');
    await first.cancel();
    await first.result();
    const again = await first.rerun();
    await until(() => ran.includes(`${again.executionId}/b`), 'b runs again');
    const { status, counts, changed } = await again.status();
    expect({ status, counts }).toEqual({ status: 'RUNNING', counts: { COMPLETED: 1, RUNNING: 1 } });
    expect(changed[0]).toMatchObject({ id: 'a', status: 'COMPLETED', reused: {} });
    const node = await harness.engine.open(again.executionId).then((handle) => handle.node('a'));
    expect(await node.status()).toMatchObject({ output: { json: { much: 'x'.repeat(300) } } });
    await again.cancel();
    expect((await again.result()).counts).toEqual({ COMPLETED: 1, CANCELLED: 1 });
  });

  it('of an execution that was edited while it ran goes on from the graph as it was at last', async () => {
    const tasks = [
      { id: 'a', task: 'endless' },
      { id: 'b', task: 'work', dependsOn: ['a'], input: 'old' },
    ];
    const first = await harness.engine.scheduleTaskGraph({ name: 'again', tasks: tasks as Nodes });
    await until(() => ran.includes(`${first.executionId}/a`), 'a runs');
    const answer = await first.edit({
      ...{ reason: 'more', add: [{ id: 'c', task: 'work', input: 'added' }] },
      replace: [{ id: 'b', task: 'work', dependsOn: ['a'], input: 'new' }],
    });
    expect(answer).toMatchObject({ success: true });
    const isDone = async (id: string): Promise<boolean> =>
      (await first.node(id).status()).status === 'COMPLETED';
    await until(() => isDone('c'), 'c is done');
    await first.cancel();
    await first.result();
    const again = await first.rerun({ from: 'failed' });
    await until(() => ran.includes(`${again.executionId}/a`), 'a runs again');
    await again.node('a').complete(1, { reason: 'enough' });
    const { output, nodes } = await again.resultOrThrow();
    expect(output).toEqual({ b: 'new', c: 'added' });
    expect(nodes['c']?.reused).toEqual({ executionId: first.executionId });
  });

  it('of an execution that was terminated keeps what its history holds', async () => {
    const tasks = [
      { id: 'a', task: 'work', input: 1 },
      { id: 'b', task: 'endless', dependsOn: ['a'] },
    ];
    const first = await harness.engine.scheduleTaskGraph({ name: 'again', tasks: tasks as Nodes });
    await until(() => ran.includes(`${first.executionId}/b`), 'b runs');
    await harness.client.workflow.getHandle(first.executionId).terminate('enough');
    const graph = { name: 'again', tasks: [tasks[0], { ...tasks[1], task: 'noop' }] as Nodes };
    const again = await harness.engine.rerun(first.executionId, { graph });
    const { nodes } = await again.resultOrThrow();
    expect(nodes['a']).toMatchObject({ output: 1, reused: { executionId: first.executionId } });
    expect(ranIn(again.executionId)).toEqual([]);
  });

  it('by a raw client keeps what an execution of the namespace gave, and is refused with a reason', async () => {
    const id = await run([{ id: 'a', task: 'work', input: 1 }]);
    const spec = { name: 'again', tasks: [{ id: 'a', task: 'work', input: 1 }] };
    const start = async (workflowId: string, rerun: object): Promise<unknown> =>
      await harness.client.workflow.execute('taskGraph', {
        args: [spec, { rerun }],
        ...{ taskQueue: harness.taskQueue, workflowId },
      });
    expect(await start(`${id}-raw`, { of: id })).toMatchObject({ status: 'COMPLETED' });
    expect(ranIn(`${id}-raw`)).toEqual([]);
    const cause = async (workflowId: string, rerun: object): Promise<string> =>
      await start(workflowId, rerun).then(
        () => '',
        (error: { cause?: Error }) => error.cause?.message ?? '',
      );
    expect(await cause(`${id}-none`, { of: 'nobody' })).toMatch(
      /submission.rerun.of: there is no execution "nobody"/,
    );
    expect(await cause(`${id}-self`, { of: `${id}-self` })).toMatch(/has not ended/);
    expect(await cause(`${id}-node`, { of: id, from: ['b'] })).toMatch(/unknown node "b"/);
    expect(await cause(`${id}-ref`, { of: id, manifest: 'sha256-0' })).toMatch(/manifest/);
  });

  it.each<[string, (id: string) => Promise<unknown>, RegExp, unknown]>([
    [
      'no execution',
      () => harness.engine.rerun('nobody'),
      /there is no execution "nobody"/,
      TaskError,
    ],
    [
      'no node',
      (id) => harness.engine.rerun(id, { from: 'first' }),
      /from\[0\]: unknown node "first" \(there (is|are) "/,
      SpecInvalidError,
    ],
    [
      'nothing below',
      (id) => harness.engine.rerun(id, { from: 'a/b', dryRun: true }),
      /"a" has nothing below it/,
      SpecInvalidError,
    ],
    [
      'a node',
      (id) => harness.engine.rerun(`${id}/a`),
      /is a node; run ".*" again from "a"/,
      TaskStateError,
    ],
    [
      'a number',
      (id) => harness.engine.rerun(id, { from: 5 as never }),
      /from: expected "failed"/,
      TaskError,
    ],
    [
      'another scope',
      (id) => harness.engine.rerun(id, { scope: 'all' as never }),
      /scope: expected one of/,
      TaskError,
    ],
    [
      'a parameter that is none',
      (id) => harness.engine.rerun(id, { params: { x: 1 } }),
      /unknown parameter|params.x/i,
      SpecInvalidError,
    ],
    [
      'a graph that is none',
      (id) => harness.engine.rerun(id, { graph: { name: 'x', tasks: [] } }),
      /tasks/,
      SpecInvalidError,
    ],
    [
      'its own id',
      (id) => harness.engine.rerun(id, { executionId: id }),
      /already exists/,
      TaskStateError,
    ],
  ])('of or from %s is refused', async (_what, rerun, words, kind) => {
    const id = await run([{ id: 'a', task: 'work', input: 1 }]);
    const error = await rerun(id).catch((thrown: unknown) => thrown as Error);
    expect(error).toBeInstanceOf(kind as typeof Error);
    expect((error as Error).message).toMatch(words);
  });

  it('of what is writing its end waits for it', async () => {
    let open: () => void = () => undefined;
    const door = new Promise<void>((resolve) => (open = resolve));
    const held = jest.spyOn(Recorder.prototype, 'write').mockImplementation(async function (
      this: Recorder,
      writes,
    ) {
      await door;
      return await write.call(this, writes);
    });
    try {
      const tasks = [
        { id: 'good', task: 'work', input: 1 },
        { id: 'bad', task: 'work', input: 2, dependsOn: ['good'] },
      ];
      broken.add(2);
      const first = await harness.engine.scheduleTaskGraph({ name: 'again', tasks });
      for await (const { status } of first.watch()) if (status === 'FAILED') break;
      await until(() => held.mock.calls.length > 0, 'its end is being written');
      const planned = harness.engine.rerun(first.executionId, { from: 'failed', dryRun: true });
      const asked = harness.engine.whatIf(first.executionId, {});
      // Both look before the end can have been written: that takes two more turns of the workflow.
      open();
      expect(await planned).toMatchObject({ run: [{ nodeId: 'bad' }], keep: [{ nodeId: 'good' }] });
      expect(await asked).toBeDefined();
    } finally {
      open();
      held.mockRestore();
    }
  });

  it('of what runs, was refused or is a batch is refused', async () => {
    const running = await harness.engine.scheduleTask({ task: 'endless' });
    await expect(harness.engine.rerun(running.executionId)).rejects.toThrow(/has not ended; wait/);
    await running.cancel();
    const refused = await harness.engine.scheduleTask({ task: 'nobody-knows' });
    await refused.result();
    await expect(refused.rerun()).rejects.toThrow(/was refused, so nothing of it ran/);
    const { successful } = await harness.engine.scheduleTaskBatch([
      { task: 'work' },
      { task: 'work' },
    ]);
    const [item] = successful;
    const batch = item?.executionId.split('/')[0] ?? '';
    await harness.client.workflow.getHandle(batch).result();
    await expect(harness.engine.rerun(batch)).rejects.toThrow(/is a batch/);
  });
});
