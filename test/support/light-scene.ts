/** Light tasks that write down what they did, on workers that run a graph whole or in segments. */
import type { GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from './engine.js';

type Input = { n?: number; by?: number; fails?: number } | null;

export class LightScene {
  /** Each attempt: `<node> <attempt>`. */
  readonly ran: string[] = [];
  /** Each end that a post hook heard of: `<node> <status>`. */
  readonly hooked: string[] = [];
  readonly running = { now: 0, most: 0 };
  harness!: Harness;
  /** Splits what has more than 40 nodes. */
  split!: Harness;

  /** Adds numbers, and fails as often as it is told to. */
  private readonly add = defineTask<Input, number>({
    name: 'add',
    light: true,
    retry: { strategy: 'FIXED_DELAY', delay: 1, maxRetries: 1 },
    hooks: {
      post: [
        {
          name: 'told',
          run: ({ executionId, status }) => {
            this.hooked.push(`${executionId.split('/').at(-1)} ${status}`);
          },
        },
      ],
    },
    run: async (input, { nodeId, attempt }) => {
      this.ran.push(`${nodeId} ${attempt}`);
      this.running.most = Math.max(this.running.most, ++this.running.now);
      await Promise.resolve();
      this.running.now--;
      if (attempt <= (input?.fails ?? 0)) throw new Error('asked to fail');
      return (input?.n ?? 0) + (input?.by ?? 1);
    },
  });

  /** Takes its time, and stops where it is asked to. */
  private readonly stay = defineTask({
    name: 'stay',
    light: true,
    run: (input: { until?: number } | null, { nodeId, attempt, signal }) => {
      this.ran.push(`${nodeId} ${attempt}`);
      return new Promise<string>((done, failed) => {
        const over = setTimeout(() => done('done'), input?.until ?? 600_000);
        signal.addEventListener('abort', () => {
          clearTimeout(over);
          failed(signal.reason as Error);
        });
      });
    },
  });

  async start(): Promise<void> {
    const tasks = [this.add, this.stay];
    this.harness = await startHarness({ tasks });
    this.split = await startHarness({ tasks, maxNodesPerRun: 40, coordinatorEvents: 50 });
  }

  async stop(): Promise<void> {
    await this.harness.stop();
    await this.split.stop();
  }

  reset(): void {
    this.ran.length = 0;
    this.hooked.length = 0;
    Object.assign(this.running, { now: 0, most: 0 });
  }

  async begun(spec: GraphSpec, where = 'in one run') {
    const { engine } = where === 'in segments' ? this.split : this.harness;
    const handle = await engine.scheduleTaskGraph(spec);
    return { handle, executionId: handle.executionId, result: handle.result() };
  }

  /** Types of the activities that a workflow has scheduled. */
  async activities(workflowId: string): Promise<string[]> {
    const { events } = await this.harness.client.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).flatMap(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? [],
    );
  }

  async bursts(workflowId: string): Promise<number> {
    const types = await this.activities(workflowId);
    return types.filter((name) => name === 'tempograph.burst').length;
  }
}

/** Nodes one after the other, each adding one to what the one before gave. */
export const chain = (length: number): GraphSpec => ({
  name: 'chain',
  tasks: Array.from({ length }, (_, nth) => ({
    ...{ id: `n${nth}`, task: 'add' },
    ...(nth === 0
      ? {}
      : { dependsOn: [`n${nth - 1}`], input: { n: `\${{ tasks.n${nth - 1}.output }}` } }),
  })),
});
