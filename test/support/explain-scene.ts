/** Brings reasons of `explain` about, and reads them back by engine and command line. */
import { randomUUID } from 'node:crypto';
import { NativeConnection, Worker } from '@temporalio/worker';
import { runCli } from '../../src/cli/program.js';
import type { ExecutionHandle } from '../../src/client.js';
import type { Reason } from '../../src/domain/explain.js';
import {
  TaskEngine,
  type Explanation,
  type GraphSpec,
  type NodeExplanation,
} from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import type { HookExecution } from '../../src/task-hooks.js';
import { startHarness, type Harness } from './engine.js';
import { shared } from './shared.js';
import { until } from './until.js';

/** What brings a reason about, and the numbers that it then has. */
export interface Case {
  /** @returns the id to ask for: an execution's, or a node's */
  begin: () => Promise<string>;
  reason: object;
  sentence: RegExp;
  bound: object | null;
}

/** A node that runs for an hour. */
export const long = { task: 'sleep', input: { ms: 3_600_000 } };
export const DEADLINE = { by: 'deadline', then: 'TIMEOUT' };

const gates = new Map<string, () => void>();
export const hasGate = (gate: string): boolean => gates.has(gate);
export const openGate = (gate: string): void => gates.get(gate)?.();

/** Ends when its gate is opened, whoever asks it to stop. */
const deaf = defineTask<string>({
  name: 'deaf',
  run: (gate) => new Promise<void>((done) => void gates.set(gate, done)),
});
/** Its work is done at once, and its result made when its gate is opened. */
const made = defineTask<string>({
  name: 'made',
  run: (gate) => gate,
  processResult: (gate) => new Promise<void>((done) => void gates.set(gate as string, done)),
});
const broken = defineTask({
  name: 'broken',
  retry: 'NONE',
  run: () => {
    throw new Error('the service is down');
  },
});
/** Hooks that wait for the gate `<hook> <node>`. */
const hold =
  (hook: string) =>
  ({ nodeId }: HookExecution): Promise<void> =>
    new Promise((done) => void gates.set(`${hook} ${nodeId}`, done));

export class ExplainScene {
  readonly key = `key-${randomUUID()}`;
  private readonly begun: string[] = [];

  private constructor(
    readonly harness: Harness,
    /** Queues that nobody polls, that one slot polls, that a worker without our tasks polls, and that nobody plans for. */
    readonly queues: Record<'nobody' | 'busy' | 'stranger' | 'planless', string>,
    private readonly stopPlanless: () => Promise<void>,
  ) {}

  static async start(): Promise<ExplainScene> {
    const harness = await startHarness({
      tasks: [deaf, made, broken],
      namedHooks: {
        pre: [{ name: 'slow', timeoutMs: 600_000, run: hold('pre') }],
        post: [{ name: 'slow', timeoutMs: 600_000, onSkipped: true, run: hold('post') }],
      },
    });
    const queue = (name: string): string => `${harness.taskQueue}-${name}`;
    const queues = {
      ...{ nobody: queue('nobody'), busy: queue('busy') },
      ...{ stranger: queue('stranger'), planless: queue('planless') },
    };
    await harness.startWorker({ taskQueue: queues.busy, maxConcurrentActivities: 1 });
    await harness.startWorker({ taskQueue: queues.stranger, tasks: [] });
    const connection = await NativeConnection.connect({ address: harness.address });
    const worker = await Worker.create({
      ...{ connection, taskQueue: queues.planless },
      workflowBundle: { codePath: shared().bundle },
    });
    const running = worker.run();
    return new ExplainScene(harness, queues, async () => {
      worker.shutdown();
      await running;
      await connection.close();
    });
  }

  async stop(): Promise<void> {
    for (const gate of gates.keys()) openGate(gate);
    for (const id of this.begun)
      await this.harness.client.workflow
        .getHandle(id)
        .terminate()
        .catch(() => undefined); // it has ended
    await this.stopPlanless();
    await this.harness.stop();
  }

  async graph(
    tasks: GraphSpec['tasks'],
    more: Partial<GraphSpec> = {},
    options: object = {},
  ): Promise<ExecutionHandle> {
    const spec = { name: 'waits', tasks, ...more };
    const handle = await this.harness.engine.scheduleTaskGraph(spec, options);
    this.begun.push(handle.executionId);
    return handle;
  }

  /** Starts a graph on another task queue. @returns its id */
  async elsewhere(taskQueue: string, spec: GraphSpec): Promise<string> {
    const { address, dataDir } = this.harness;
    const engine = await TaskEngine.connect({ address, dataDir, taskQueue });
    const { executionId } = await engine.scheduleTaskGraph(spec);
    this.begun.push(executionId);
    await engine.shutdown();
    return executionId;
  }

  /** The command line, in this process: its standard output, where it ends with 0. */
  async cli(...args: string[]): Promise<string> {
    const { address, taskQueue, dataDir } = this.harness;
    const [stdout, stderr] = [new Written(), new Written()];
    const target = ['--address', address, '--task-queue', taskQueue, '--data-dir', dataDir];
    const exit = await runCli([...args, ...target], { stdout, stderr, env: {} });
    expect({ exit, stderr: stderr.text }).toEqual({ exit: 0, stderr: '' });
    return stdout.text;
  }

  /** Begins a case, and waits until its reason is told by the engine; then the command line has to tell the same. */
  async prove({ begin, reason, sentence, bound }: Case): Promise<void> {
    const id = await begin();
    let told: Told | undefined;
    const seen = async (): Promise<boolean> => {
      // An item or a node of a sub-graph is there once its map or sub-graph has begun.
      const found = await this.harness.engine.explain(id).catch(() => undefined);
      told = found ? reasonIn(found, id) : told;
      return matches(told?.reason, reason);
    };
    await until(seen).catch(() => expect(told?.reason).toMatchObject(reason));
    expect(told?.sentence).toMatch(sentence);
    if (bound === null) expect(told?.bound).toBeNull();
    else expect(told?.bound).toMatchObject(bound);

    // What is looked at again every moment stands otherwise for a moment, and the two look one after the other.
    let [json, text] = ['', ''];
    const both = async (): Promise<boolean> => {
      json = await this.cli('explain', id, '--json');
      text = await this.cli('explain', id);
      const { reason: found } = reasonIn(JSON.parse(json) as Explanation, id);
      return matches(found, reason) && sentence.test(sentenceOf(text));
    };
    await until(both).catch((error: unknown) => {
      if (json === '' || text === '') throw error; // it did not tell at all
    });
    expect(reasonIn(JSON.parse(json) as Explanation, id).reason).toMatchObject(reason);
    expect(sentenceOf(text)).toMatch(sentence);
    const [, , most] = text.split('\n');
    if (told?.reason.kind !== 'ended')
      expect(most).toContain(bound === null ? unbound(reason) : 'at most');
  }
}

/** Of a wait that nothing ends; a worker that does not answer cannot say whether anything does. */
const unbound = ({ kind }: { kind?: string }): string =>
  kind === 'no_worker'
    ? 'only a worker knows; "tempograph worker --task-queue '
    : 'no bound is set';

/** The second line is the sentence. */
const sentenceOf = (text: string): string => (text.split('\n')[1] ?? '').trim();

class Written {
  text = '';
  write(text: string | Uint8Array, done?: () => void): boolean {
    this.text += String(text);
    done?.();
    return true;
  }
}

function matches(found: Reason | undefined, expected: object): boolean {
  try {
    expect(found).toMatchObject(expected);
    return true;
  } catch {
    return false;
  }
}

type Told = Pick<NodeExplanation, 'sentence' | 'bound'> & { reason: Reason };

function reasonIn({ executionId, reasons, sentence, bound, nodes }: Explanation, id: string): Told {
  const [only] = nodes;
  if (id !== executionId && only) return only;
  const [reason] = reasons;
  if (!reason) throw new Error(`nothing is said of ${id}`);
  return { reason, sentence, bound };
}
