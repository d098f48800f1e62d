/** Schedules of a test's own, deleted in the end. */
import type { ScheduleRecord } from '../../src/index.js';
import type { Harness } from './engine.js';

export class ScheduleKit {
  private readonly ids: string[] = [];

  constructor(private readonly harness: Harness) {}

  newId(): string {
    const id = `${this.harness.taskQueue}-${this.ids.length + 1}`;
    this.ids.push(id);
    return id;
  }

  /** A schedule of `echo` whose next time is far off; the options may be anything. */
  async create(options: object = {}): Promise<ScheduleRecord> {
    return await this.harness.engine.schedules.create({
      id: this.newId(),
      task: 'echo',
      input: 'tick',
      cron: '0 0 1 1 *',
      ...options,
    });
  }

  async get(id: string): Promise<ScheduleRecord> {
    return await this.harness.engine.schedules.get(id);
  }

  /** Triggers, and gives the id of what was started. */
  async triggered(id: string): Promise<string> {
    const { executionId } = await this.harness.engine.schedules.trigger(id);
    if (executionId === null) throw new Error(`${id} started nothing`);
    return executionId;
  }

  /** Deletes those that are there still. */
  async clear(): Promise<void> {
    for (const id of this.ids)
      await this.harness.engine.schedules.delete(id).catch(() => undefined);
  }
}
