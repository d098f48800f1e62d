import { SpecInvalidError, type GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import type { NodeView } from '../../src/workflows/messages.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

type Circuit = NonNullable<GraphSpec['tasks'][number]['circuit']>;

/** A service that many tasks call: it fails while it is down, and a call may be kept waiting. */
class Service {
  down = false;
  calls = 0;
  running = 0;
  /** Calls made while it was known to be open. */
  private gate: Promise<void> | undefined;
  private release = (): void => {};

  async call(): Promise<string> {
    this.calls++;
    this.running++;
    try {
      await this.gate;
      if (this.down) throw new Error('the service is down');
      return 'served';
    } finally {
      this.running--;
    }
  }

  holdCalls(): void {
    this.gate = new Promise((resolve) => (this.release = resolve));
  }

  readonly letGo = (): void => {
    this.release();
    this.gate = undefined;
  };
}

const services = new Map<string, Service>();
const service = (name: string): Service => {
  const known = services.get(name) ?? new Service();
  services.set(name, known);
  return known;
};
const call = defineTask<{ of: string }>({
  name: 'call',
  retry: { strategy: 'IMMEDIATE', maxRetries: 1 },
  run: ({ of }) => service(of).call(),
});
const picky = defineTask<{ of: string; code?: string }>({
  name: 'picky',
  retry: 'NONE',
  run: ({ of, code }, { signal }) =>
    code === undefined
      ? new Promise((_, failed) => {
          service(of).running++;
          signal.addEventListener('abort', () => failed(signal.reason as Error));
        })
      : Promise.reject(Object.assign(new Error('no'), { code })),
});

describe('circuits', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ tasks: [call, picky] });
  });
  afterAll(async () => {
    for (const { letGo } of services.values()) letGo();
    await harness.stop();
  });

  const one = (name: string, circuit: Circuit, task = 'call', input: object = {}) =>
    harness.engine.scheduleTask({ task, input: { of: name, ...input }, circuit });
  const nodeOf = async (id: string) => await harness.engine.getExecution(`${id}/task`);
  const open = async (name: string, circuit: Circuit): Promise<void> => {
    service(name).down = true;
    await (await one(name, circuit)).result();
    service(name).down = false;
  };

  it('opens at the threshold; 20 graphs hold, one probe goes, it closes, and all complete with no attempt spent while open, over a restart of every worker', async () => {
    const crm = service('crm');
    const circuit = { name: 'crm', failures: 2, minCalls: 2, openFor: '20s' };
    await open('crm', circuit);
    expect(crm.calls).toBe(2);
    expect(await harness.engine.circuits.get('crm')).toMatchObject({ mode: 'open', failures: 0 });

    crm.holdCalls();
    const graphs = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        harness.engine.scheduleTaskGraph({
          name: `holding-${index}`,
          tasks: [
            { id: 'a', task: 'call', input: { of: 'crm' }, circuit },
            { id: 'b', task: 'call', input: { of: 'crm' }, circuit, dependsOn: ['a'] },
          ],
        }),
      ),
    );
    const views = async () =>
      (
        await Promise.all(
          graphs.map((graph) =>
            graph
              .node('a')
              .status()
              .catch(() => undefined),
          ),
        )
      ).flatMap((view) => view ?? []);
    const isHeld = ({ status, reason, circuit: name }: NodeView): boolean =>
      status === 'PENDING' && reason === 'circuit' && name === 'crm';
    await until(async () => (await views()).filter(isHeld).length === 20, 'all 20 held');
    const held = await views();
    expect(held.map(({ attempts }) => attempts)).toEqual(held.map(() => 0));
    expect(held.every(({ nextRetryAt }) => nextRetryAt !== undefined)).toBe(true);
    expect(crm.calls).toBe(2);

    await harness.worker.shutdown();
    const [first, second] = [await harness.startWorker(), await harness.startWorker()];
    expect(first && second).toBeTruthy();

    await until(() => crm.running === 1, 'the probe');
    const { mode, probes } = await harness.engine.circuits.get('crm');
    expect([mode, probes.length, crm.calls]).toEqual(['half_open', 1, 3]);
    crm.letGo();
    const results = await Promise.all(graphs.map((graph) => graph.result()));
    expect(results.map(({ status }) => status)).toEqual(graphs.map(() => 'COMPLETED'));
    const nodes = results.flatMap((result) => Object.values(result.nodes));
    expect(nodes.map(({ attempts }) => attempts)).toEqual(nodes.map(() => 1));
    expect(crm.calls).toBe(2 + 40);
    expect((await harness.engine.circuits.get('crm')).mode).toBe('closed');
  });

  it('opens again when the probe fails', async () => {
    const circuit = { name: 'again', failures: 1, minCalls: 1, openFor: '300ms' };
    await open('again', circuit);
    const opened = async () => (await harness.engine.circuits.get('again')).openedAt;
    const before = await opened();
    service('again').down = true;
    const { status, nodes } = await (await one('again', circuit)).result();
    expect([status, nodes['task']?.attempts]).toEqual(['FAILED', 2]);
    expect(await opened()).not.toBe(before);
  });

  it('counts time-outs, and not input errors, vetoes or cancels', async () => {
    const circuit = { name: 'counting', failures: 1, minCalls: 1, openFor: '1h' };
    const mode = async () => (await harness.engine.circuits.get('counting')).mode;
    for (const code of ['INPUT_INVALID', 'VETOED']) {
      const { status } = await (await one('counting', circuit, 'picky', { code })).result();
      expect(status).toBe('REJECTED');
    }
    expect(await mode()).toBe('closed');
    const cancelled = await one('counting', circuit, 'picky');
    await until(() => service('counting').running === 1);
    await cancelled.cancel();
    expect((await cancelled.result()).status).toBe('CANCELLED');
    expect(await mode()).toBe('closed');
    const late = await harness.engine.scheduleTask({
      task: picky,
      input: { of: 'counting' },
      circuit,
      timeout: '1s',
    });
    expect((await late.result()).status).toBe('TIMEOUT');
    expect(await mode()).toBe('open');
  });

  it('is opened and closed by hand', async () => {
    const circuit = { name: 'manual', openFor: '200ms' };
    const opened = await harness.engine.circuits.open('manual');
    expect(opened).toMatchObject({ mode: 'open', forced: true, openUntil: null, project: null });
    const held = await one('manual', circuit);
    await until(async () => (await nodeOf(held.executionId)).reason === 'circuit');
    expect(service('manual').calls).toBe(0);
    await harness.engine.circuits.close('manual');
    expect((await held.result()).status).toBe('COMPLETED');
    expect(await harness.engine.circuits.list({ mode: 'open' })).not.toContainEqual(
      expect.objectContaining({ name: 'manual' }),
    );
  });

  it('holds the other nodes of a graph without handing them to a worker', async () => {
    const circuit = { name: 'wide', failures: 1, minCalls: 1, openFor: '2s' };
    await open('wide', circuit);
    const ids = Array.from({ length: 200 }, (_, index) => `n${index}`);
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'wide',
      concurrency: 5,
      defaults: { circuit },
      tasks: ids.map((id) => ({ id, task: 'call', input: { of: 'wide' } })),
    });
    const result = await handle.result();
    expect(result.counts).toEqual({ COMPLETED: 200 });
    const { events } = await harness.client.workflow.getHandle(handle.executionId).fetchHistory();
    const handed = (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes);
    expect(handed.length).toBeLessThan(200 + 20);
  });

  it('can be cancelled while it holds', async () => {
    const circuit = { name: 'stopped', openFor: '1h' };
    await harness.engine.circuits.open('stopped');
    const held = await one('stopped', circuit);
    await until(async () => (await nodeOf(held.executionId)).reason === 'circuit');
    expect((await held.status()).counts).toEqual({ PENDING: 1 });
    await held.cancel();
    const { status, nodes } = await held.result();
    expect([status, nodes['task']?.attempts]).toEqual(['CANCELLED', 0]);
  });

  it('is refused when it is defined twice and differently', async () => {
    const spec: GraphSpec = {
      name: 'two-minds',
      tasks: [
        { id: 'a', task: 'call', circuit: { name: 'x', failures: 3 } },
        { id: 'b', task: 'call', circuit: { name: 'x', failures: 4 } },
        { id: 'c', task: 'call', circuit: 'x' },
      ],
    };
    const refused = harness.engine.scheduleTaskGraph(spec);
    await expect(refused).rejects.toThrow(SpecInvalidError);
    await expect(refused).rejects.toThrow(
      'tasks[1].circuit: the circuit "x" has failures 4 here and 3 in tasks[0]',
    );
    const worker = await harness.startWorker({
      taskQueue: `${harness.taskQueue}-set`,
      circuits: { y: { failures: 7 } },
    });
    const { defaults } = { defaults: { circuit: { name: 'y', failures: 3 } } };
    const started = await harness.client.workflow.start('taskGraph', {
      taskQueue: worker.taskQueue,
      workflowId: `${harness.taskQueue}-set`,
      args: [{ name: 'set', defaults, tasks: [{ id: 'a', task: 'call' }] }],
    });
    await expect(started.result()).rejects.toMatchObject({
      cause: {
        message: expect.stringContaining(
          'the circuit "y" has failures 3 here and 7 in the worker\'s settings',
        ) as string,
      },
    });
  });

  it('is a worker’s own without a store, which is said once', async () => {
    const alone = await startHarness({ tasks: [call], storeUrl: 'none' });
    try {
      const circuit = { name: 'alone', failures: 2, minCalls: 2, openFor: '1h' };
      service('alone').down = true;
      const start = () =>
        alone.engine.scheduleTask({ task: call, input: { of: 'alone' }, circuit });
      await (await start()).result();
      const held = await start();
      await until(async () => {
        const { reason } = await alone.engine.getExecution(`${held.executionId}/task`);
        return reason === 'circuit';
      });
      expect(service('alone').calls).toBe(2);
      const said = alone.lines.filter(({ msg }) => String(msg).startsWith('circuits are'));
      expect(said).toHaveLength(1);
      await held.cancel();
      await held.result();
    } finally {
      await alone.stop();
    }
  });
});
