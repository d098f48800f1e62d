/** The limits of a plan: keys resolved, lanes numbered, contradictions found. */
import { TaskError } from './errors.js';
import { fault, type Fault } from './fault.js';
import type { JsonObject } from './json.js';
import { preview } from './json.js';
import type { GateLane } from './limit-gate.js';
import { resolveLimit, tooHeavy, type LimitOption } from './limit.js';
import type { PlanLimit } from './plan.js';

export class PlanLimits {
  private readonly limits: PlanLimit[] = [];
  private readonly lanes: GateLane[] = [];
  /** Lanes by how their limit is written; undefined for one that is at fault. */
  private readonly known = new Map<string, number | undefined>();

  constructor(
    private readonly params: JsonObject,
    private readonly faults: Fault[],
  ) {}

  /** The lane of a node, or undefined: it has no limit, or the limit is at fault. */
  lane(option: LimitOption | undefined, node: number): number | undefined {
    if (option === undefined) return undefined;
    const written = JSON.stringify(option);
    if (!this.known.has(written)) this.known.set(written, this.add(option, node));
    return this.known.get(written);
  }

  /** What the plan says of limits: nothing, where it has none. */
  planned(): { limits?: PlanLimit[]; lanes?: GateLane[] } {
    return this.limits.length === 0 ? {} : { limits: this.limits, lanes: this.lanes };
  }

  private add(option: LimitOption, node: number): number | undefined {
    try {
      const { key, max, weight } = resolveLimit(option, this.params);
      const limit = this.limitOf(key, max, node);
      const already = this.lanes.findIndex(
        (lane) => lane.limit === limit && lane.weight === weight,
      );
      const lane = already >= 0 ? already : this.lanes.push({ limit, weight }) - 1;
      this.checkWeights(limit);
      return lane;
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      const code = error.code === 'EXPRESSION' ? 'EXPRESSION' : 'LIMIT';
      this.faults.push(fault(['tasks', node, 'limit'], code, error.message));
      return undefined;
    }
  }

  private limitOf(key: string, max: number | undefined, node: number): number {
    const index = this.limits.findIndex((limit) => limit.key === key);
    const known = this.limits[index];
    if (!known) return this.limits.push({ key, node, ...(max === undefined ? {} : { max }) }) - 1;
    if (known.max !== undefined && max !== undefined && known.max !== max)
      throw new TaskError(
        'CONFIGURATION',
        `the limit ${preview(key)} has max ${max} here and ${known.max} at tasks[${known.node}]`,
      );
    if (max !== undefined) known.max = max;
    return index;
  }

  /** A weight and its max may stand at different nodes. */
  private checkWeights(index: number): void {
    const limit = this.limits[index];
    const heaviest = Math.max(
      ...this.lanes.filter((lane) => lane.limit === index).map(({ weight }) => weight),
    );
    if (limit?.max !== undefined && heaviest > limit.max)
      throw tooHeavy(limit.key, heaviest, limit.max);
  }
}
