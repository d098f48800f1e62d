/** What one run of the kill test does, drawn from a seed: what is scheduled, who is killed, and when. */
import type { GraphSpec } from '../../src/index.js';
import { seeded } from './random.js';

export const VICTIMS = ['worker', 'store', 'server', 'workflow'] as const;
export type Victim = (typeof VICTIMS)[number];

export interface KillPlan {
  seed: number;
  victim: Victim;
  /** Notes of attempts after which it is killed; an execution that ends before gets it at its end. */
  afterNotes: number;
  work: { kind: 'graph'; spec: GraphSpec } | { kind: 'tasks' | 'batch'; items: StepItem[] };
}

export interface StepItem {
  task: 'step';
  input: { takes: number; fails: number };
  retry: GraphSpec['tasks'][number]['retry'];
  heartbeatTimeout: '1s';
}

const NEVER = 99;

export function killPlan(seed: number): KillPlan {
  const random = seeded(seed);
  const step = (): StepItem => {
    const fails = random.chance(0.1) ? NEVER : random.chance(0.3) ? 1 : 0;
    return {
      task: 'step',
      input: { takes: random.below(150), fails },
      retry: fails === NEVER ? 'NONE' : { strategy: 'FIXED_DELAY', delay: '50ms', maxRetries: 8 },
      heartbeatTimeout: '1s',
    };
  };
  const victim = random.pick(VICTIMS);
  const kind = random.pick(['graph', 'graph', 'graph', 'tasks', 'batch'] as const);
  const count = kind === 'graph' ? 3 + random.below(6) : 2 + random.below(4);
  const items = Array.from({ length: count }, step);
  const tasks = items.map((item, n) => ({
    ...item,
    id: `n${n}`,
    dependsOn: items.slice(0, n).flatMap((_, before) => (random.chance(0.3) ? `n${before}` : [])),
  }));
  return {
    seed,
    victim,
    afterNotes: random.below(2 * count + 1),
    work:
      kind === 'graph'
        ? { kind, spec: { name: 'kills', onFailure: 'continue', concurrency: 3, tasks } }
        : { kind, items },
  };
}
