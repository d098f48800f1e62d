/** What a running graph is made of. */
import type { HeldPlan } from '../domain/plan.js';
import type { GraphSpec, Submission } from '../domain/spec.js';
import type { Asked } from './approvals.js';
import type { Awaiting } from './awaiting.js';
import type { Carry } from './between.js';
import type { KindsExecutor } from './kinds-executor.js';
import type { Deliver } from './node-executor.js';
import type { Prepared } from './requests.js';
import type { Seed } from './seed.js';
import type { Subscribers } from './subscribers.js';

export interface GraphRunParts {
  prepared: Prepared;
  plan: HeldPlan;
  /** What a node of the plan waits for: asked once, for the scheduler. */
  dependsOn: (index: number) => readonly number[];
  /** The spec for a graph that runs in one piece; its nodes' bodies are there. */
  spec: GraphSpec | null;
  submission: Submission | null;
  carry: Carry | undefined;
  /** Of a rerun: what it begins with. */
  seed: Seed | undefined;
  /** Executions that wait for this one. */
  subscribers: Subscribers;
  /** It does not start before, in epoch milliseconds. */
  startsAt: number | undefined;
  /** Executions that this one waits for before it starts. */
  awaiting: Awaiting | undefined;
  /** @param keep segments keep so many places of the window more, or fewer */
  makeExecutor(deliver: Deliver, asked: Asked, keep: (places: number) => void): KindsExecutor;
}
