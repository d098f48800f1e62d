/**
 * A rerun: which nodes of a new execution keep what an earlier one gave, which run again, and which may. Pure.
 *
 * D1. What keeps its result waits for nothing that runs: all that is above it keeps its result too.
 * D2. What ended otherwise than COMPLETED has nothing to keep and runs, except where it was skipped by its own condition
 *     or rule and nothing that these ask has changed.
 * D3. What completed and follows something that runs, or that may have another input, may run: it does where its input
 *     hash or its task's version is another one. With scope `descendants` what follows runs for certain.
 */
import { z } from 'zod';
import type { NodeKind } from './node-kind.js';
import type { Status, StatusReason } from './status.js';
import { sortGraph } from './topology.js';

export const RERUN_SCOPES = ['changed', 'descendants'] as const;
/** What of an execution runs again. */
export type RerunScope = (typeof RERUN_SCOPES)[number];

/** Ids, and `<node>/<inner node>` for what is below one. */
const NodePath = z.string().regex(/^[A-Za-z0-9_.-]{1,128}(\/[A-Za-z0-9_.-]{1,128}){0,5}$/, {
  error: 'must be the id of a task, or <task>/<task> for one below it',
});

/** What a submission says that is a rerun of an execution of the same namespace. */
export const RerunSchema = z.strictObject({
  /** The execution that it is a rerun of; it has ended. */
  of: z.string().regex(/^[^/]{1,255}$/, 'must be the id of an execution, not of a node'),
  /** The last run of its workflow. Default: the last under that id. */
  run: z.string().max(100).optional(),
  /** Nodes that run for certain, beside those that did not complete. */
  from: z.array(NodePath).max(10_000).default([]),
  scope: z.enum(RERUN_SCOPES).default('changed'),
  /** Nodes whose task has another version now run too. */
  versions: z.boolean().default(false),
  /** The time that the earlier execution was for, ISO: this one is for the same. */
  scheduledTime: z.iso.datetime().optional(),
  /** Who asked for it, and why. */
  by: z.string().max(1_000).optional(),
  reason: z.string().max(1_000).optional(),
});
export type RerunRequest = z.output<typeof RerunSchema>;

/** A node of the new execution, and what is known of it from the earlier one. */
export interface RerunNode {
  dependsOn: readonly number[];
  kind?: Exclude<NodeKind, 'task'>;
  /** How it ended; undefined for a node that is new. */
  before?: { status: Status; reason?: StatusReason | undefined } | undefined;
  /** It was asked for, or something below it was. */
  asked?: 'whole' | 'inside' | undefined;
  /** What is not as it was, so that it runs. */
  differs?: 'changed' | 'version' | 'undone' | 'undo_failed' | undefined;
  /** What it reads from elsewhere than the nodes above it may not be as it was. */
  loose?: boolean;
  /** It runs though the graph is cancelled: it cleans up what others did. */
  cleansUp?: boolean;
}

/** Why a node runs again, may run, or keeps its result. */
export type RerunReason =
  | 'asked'
  | 'new'
  | 'changed'
  | 'version'
  | 'undone'
  | 'undo_failed'
  | 'not_completed'
  | 'descendant'
  | 'approval'
  | 'follows'
  | 'parameters'
  | 'completed'
  | 'skipped';

/** Which nodes run again, and why. */
export interface RerunDecision {
  choice: 'run' | 'perhaps' | 'keep';
  reason: RerunReason;
  /** The node above that it follows, where that is the reason. */
  because?: number;
  /** What it gave before is looked at once its input is known; of what runs below it, node by node. */
  looks: boolean;
}

/** @param nodes without cycles, in any order */
export function decideRerun(nodes: readonly RerunNode[], scope: RerunScope): RerunDecision[] {
  const sorted = sortGraph(nodes.map(({ dependsOn }) => dependsOn));
  if ('cycles' in sorted) throw new RangeError('a graph with a cycle cannot be run again');
  const decisions: RerunDecision[] = [];
  for (const index of sorted.order) {
    const node = nodes[index] as RerunNode;
    const above = node.dependsOn.map((on): [number, RerunDecision | undefined] => [
      on,
      decisions[on],
    ]);
    const runs = above.find(([, decision]) => decision?.choice === 'run')?.[0];
    const active = runs ?? above.find(([, decision]) => decision?.choice === 'perhaps')?.[0];
    decisions[index] = withLooks(node, decide(node, scope, runs, active));
  }
  return decisions;
}

type Bare = Omit<RerunDecision, 'looks'>;

function decide(
  { before, asked, differs, loose, kind, cleansUp }: RerunNode,
  scope: RerunScope,
  runs: number | undefined,
  active: number | undefined,
): Bare {
  if (asked) return { choice: 'run', reason: 'asked' };
  if (!before) return { choice: 'run', reason: 'new' };
  if (differs) return { choice: 'run', reason: differs };
  const settled = active === undefined && !loose;
  if (before.status !== 'COMPLETED') {
    const own = before.reason === 'condition' || before.reason === 'rule';
    const keeps = settled && before.status === 'SKIPPED' && own;
    return keeps
      ? { choice: 'keep', reason: 'skipped' }
      : { choice: 'run', reason: 'not_completed' };
  }
  if (settled) return { choice: 'keep', reason: 'completed' };
  if (scope === 'descendants' && runs !== undefined)
    return { choice: 'run', reason: 'descendant', because: runs };
  // What is done anew leaves something behind anew, whatever the clean-up is given.
  if (cleansUp && active !== undefined)
    return { choice: 'run', reason: 'descendant', because: active };
  const because = active === undefined ? {} : { because: active };
  // A yes to what was before is none to what may be another thing now.
  if (kind === 'approval') return { choice: 'run', reason: 'approval', ...because };
  return { choice: 'perhaps', reason: active === undefined ? 'parameters' : 'follows', ...because };
}

/** These run from the beginning, whatever is below them. */
const AFRESH: readonly RerunReason[] = ['new', 'undone', 'undo_failed', 'descendant'];

function withLooks({ kind, before, asked }: RerunNode, decision: Bare): RerunDecision {
  const below = kind === 'graph' || kind === 'map';
  const looksInside =
    below && before !== undefined && asked !== 'whole' && !AFRESH.includes(decision.reason);
  const looks = decision.choice === 'perhaps' || (decision.choice === 'run' && looksInside);
  return { ...decision, looks };
}

/** The reason in words. @param because the id of the node that it follows */
export function rerunText(
  { choice, reason }: Pick<RerunDecision, 'choice' | 'reason'>,
  because: string | undefined,
  before: string | undefined,
): string {
  switch (reason) {
    case 'asked':
      return 'asked for';
    case 'new':
      return 'new';
    case 'changed':
      return 'what it does was changed';
    case 'version':
      return 'its task has another version now';
    case 'undone':
      return 'what it did was undone';
    case 'undo_failed':
      return 'its undo failed: look whether what it did still stands before it is done again';
    case 'not_completed':
      return before === undefined ? 'did not complete' : `ended ${before}`;
    case 'descendant':
      return `follows ${because ?? 'what runs'}`;
    case 'approval':
      return because === undefined
        ? 'its question may be another one'
        : `asked again, for it follows ${because}`;
    case 'follows':
      return `follows ${because ?? 'what runs'}; runs if its input is another one`;
    case 'parameters':
      return 'reads parameters that have changed; runs if its input is another one';
    case 'completed':
      return 'completed';
    case 'skipped':
      return choice === 'keep' ? 'was skipped, and would be again' : 'was skipped';
  }
}
