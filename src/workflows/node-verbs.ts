/**
 * What people may ask of the nodes of a running graph, and of its window: retry now, skip, complete, fail, priority,
 * concurrency.
 *
 * V1. A node that runs is ended by stopping its attempt first; from the answer on its end is what the person said,
 *     whatever the attempt still does.
 * V2. What takes a look at the world first finds another state afterwards: it is checked again, and nothing is half done.
 */
import type { Effects } from '../domain/effects.js';
import {
  isHeld,
  type ActivityOutcome,
  type HeldOutcome,
  type NodeOutcome,
  type Spent,
} from '../domain/outcome.js';
import type { NodeClass } from '../domain/plan.js';
import { PRIORITY_KEY } from '../domain/priority.js';
import type { Scheduler } from '../domain/scheduler.js';
import {
  isTerminal,
  type OperatorVerb,
  type Status,
  type StatusChange,
  type StatusReason,
} from '../domain/status.js';
import type { GraphState } from './graph-state.js';
import { ACTIVITY, type Answer } from './messages.js';
import type { NodeExecutor } from './node-executor.js';
import type { OrderBook } from './orders.js';
import type {
  Asked,
  AskedEnd,
  AttemptLook,
  CheckedValue,
  CheckValueRequest,
  CompleteRequest,
  ConcurrencyRequest,
  FailRequest,
  LookAtAttempts,
  NodeVerbRequest,
  OperatorCarry,
  PriorityRequest,
} from './operator-messages.js';
import { findOpen, no, nothingStarts, yes, type AboutToEnd } from './verbs.js';
import { LOOK, work } from './work.js';

/** How the tasks of nodes begin that are no tasks of workers, such as programs. */
const OWN_TASKS = 'tempograph.';
/** A retry that is due so soon comes before it could be hurried. */
const SOON_MS = 1_000;

export interface NodeVerbParts {
  scheduler: Scheduler;
  state: GraphState;
  executor: Pick<NodeExecutor, 'stop' | 'runOf'>;
  status(): Status;
  /** Why nothing starts any more, while the graph is being stopped. */
  stopping(): StatusReason | undefined;
  /** Every node has ended, and what follows is under way. */
  isClosing: () => boolean;
  /** How a running node is about to end, as somebody asked. */
  aboutToEnd: (index: number) => AboutToEnd | undefined;
  orders: Pick<OrderBook, 'body' | 'inlineLimit'>;
  /** Notes what was asked of the whole graph. */
  markGraph(mark: StatusChange): void;
  /** Tells the worker what was asked of a node. `goesOn`: its status stays as it is. */
  told(mark: StatusChange, node: { index: number; goesOn: boolean }): void;
  /** Keeps the graph from ending meanwhile. */
  meanwhile<T>(work: () => Promise<T>): Promise<T>;
  /** Sends a node although its circuit is known to be open. */
  letThrough(index: number): void;
  /** Ends a node that does not run, or whose attempt is over. */
  end(index: number, outcome: NodeOutcome): void;
  apply(effects: Effects): void;
}

export class NodeVerbs {
  private readonly ends: Map<number, AskedEnd>;
  private readonly hurried: Map<number, Spent>;

  constructor(
    private readonly parts: NodeVerbParts,
    carried: OperatorCarry | undefined,
  ) {
    this.ends = new Map(carried?.ends);
    this.hurried = new Map(carried?.hurried);
  }

  /** Undefined where nothing is under way. */
  carry(): OperatorCarry | undefined {
    if (this.ends.size + this.hurried.size === 0) return undefined;
    return { ends: [...this.ends], hurried: [...this.hurried] };
  }

  async retryNow({ nodeId, ...asked }: NodeVerbRequest): Promise<Answer> {
    const index = this.find(nodeId);
    if (typeof index !== 'number') return index;
    const { scheduler, state } = this.parts;
    if (scheduler.isPaused(index)) return no(this.pausedSays(nodeId, index));
    switch (scheduler.state(index)) {
      case 'held': {
        const { reason } = state.view(index);
        this.parts.letThrough(index);
        scheduler.hurry(index);
        this.mark(index, 'PENDING', 'retryNow', asked);
        return yes(`${nodeId} is tried now${reason === 'circuit' ? ASKS_CIRCUIT : ''}`);
      }
      case 'ready':
        return no(
          `${nodeId} is ready: it waits for a place in ${
            scheduler.waitsForLimit(index) ? 'its limit' : 'the window'
          }, not for a time; raise that, or its priority`,
        );
      case 'running':
        return await this.retryRunning(nodeId, index, asked);
      case 'waiting':
      case 'settled':
        return no(
          `${nodeId} waits for its dependencies, not for a time; end those, or skip or complete it`,
        );
    }
  }

  skip({ nodeId, ...asked }: NodeVerbRequest): Answer {
    const index = this.find(nodeId);
    if (typeof index !== 'number') return index;
    if (this.parts.scheduler.state(index) === 'running')
      return no(
        `${nodeId} has begun; cancel it, or complete or fail it, which stops what runs of it first`,
      );
    this.end(index, { outcome: { status: 'SKIPPED' }, asked, verb: 'skip' });
    return yes(`${nodeId} is skipped`);
  }

  async complete({ nodeId, value, ...asked }: CompleteRequest): Promise<Answer> {
    const before = this.find(nodeId);
    if (typeof before !== 'number') return before;
    const { state, orders } = this.parts;
    const { task, result, kind } = state.classOf(before);
    const request: CheckValueRequest = {
      ...{ task, value, inlineLimit: orders.inlineLimit(before) },
      shaped: result !== undefined,
      // No worker knows a program by its name.
      ...(task.startsWith(OWN_TASKS) ? { body: orders.body(before) } : {}),
      ...(kind === undefined ? {} : { kind }),
    };
    const checked = await this.parts.meanwhile(() =>
      work<CheckedValue>(ACTIVITY.checkValue, [request]),
    );
    if ('refused' in checked) return no(`${nodeId}: ${checked.refused}`);
    const index = this.find(nodeId);
    if (typeof index !== 'number') return index;
    if (state.classOf(index).task !== task)
      return no(`${nodeId} was edited meanwhile: it runs ${state.classOf(index).task} now`);
    const { unchecked, ...given } = checked;
    const said = this.endOrStop(index, {
      outcome: { status: 'COMPLETED', ...given },
      ...{ asked, verb: 'complete' },
    });
    const note = unchecked === undefined ? '' : ` (not checked: ${unchecked})`;
    return yes(`${nodeId} ${said} COMPLETED with the given value${note}`);
  }

  fail({ nodeId, message, ...asked }: FailRequest): Answer {
    const index = this.find(nodeId);
    if (typeof index !== 'number') return index;
    const error = { code: 'OPERATOR', message, origin: 'engine', retriable: false } as const;
    const said = this.endOrStop(index, {
      outcome: { status: 'FAILED', error },
      ...{ asked, verb: 'fail' },
    });
    return yes(`${nodeId} ${said} FAILED`);
  }

  setPriority({ nodeId, priority, ...asked }: PriorityRequest): Answer {
    const { scheduler, state } = this.parts;
    const key = PRIORITY_KEY[priority];
    if (nodeId !== undefined) {
      const index = this.find(nodeId);
      if (typeof index !== 'number') return index;
      if (scheduler.state(index) === 'running')
        return no(`${nodeId} has begun; its priority means nothing any more`);
      if (scheduler.rank(index) === key) return no(`${nodeId} has priority ${priority}`);
      scheduler.setPriority(index, key);
      this.mark(index, state.view(index).status, 'setPriority', asked, `priority ${priority}`);
      return yes(`${nodeId} has priority ${priority} now`);
    }
    const over = nothingStarts(this.parts);
    if (over) return over;
    const open = state.plan.nodes.flatMap((_, index) =>
      ['waiting', 'ready', 'held'].includes(scheduler.state(index)) ? [index] : [],
    );
    if (open.length === 0) return no('every node has started');
    for (const index of open) scheduler.setPriority(index, key);
    this.markGraph('setPriority', asked, `priority ${priority}`);
    const nodes = open.length === 1 ? '1 node has' : `${open.length} nodes have`;
    return yes(`${nodes} priority ${priority} now`);
  }

  setConcurrency({ concurrency, ...asked }: ConcurrencyRequest): Answer {
    const { scheduler } = this.parts;
    const over = nothingStarts(this.parts);
    if (over) return over;
    const before = scheduler.concurrency;
    if (before === concurrency) return no(`the concurrency is ${concurrency} already`);
    scheduler.setConcurrency(concurrency);
    this.markGraph('setConcurrency', asked, `concurrency ${before} → ${concurrency}`);
    const more = scheduler.inWindow - concurrency;
    return yes(
      `the concurrency is ${concurrency} now; it was ${before}${
        more > 0 ? `, and what runs beyond it goes on` : ''
      }`,
    );
  }

  /**
   * What a running node has delivered, as the people see it who asked something of it meanwhile.
   *
   * @returns undefined where it has ended as they said
   */
  heard(index: number, outcome: ActivityOutcome): ActivityOutcome | undefined {
    const spent = this.hurried.get(index);
    this.hurried.delete(index);
    const end = this.ends.get(index);
    if (end) {
      this.ends.delete(index);
      this.end(index, end, outcome);
      return undefined;
    }
    return spent && isHeld(outcome) && outcome.held === 'paused'
      ? heldWithSpent(outcome, spent)
      : outcome;
  }

  /** Ends a node as a person said that was handed over and has not begun. @returns false where nobody said so */
  endUnbegun(index: number): boolean {
    const end = this.ends.get(index);
    if (!end) return false;
    this.ends.delete(index);
    this.hurried.delete(index);
    this.end(index, end);
    return true;
  }

  /** How a running node is about to end, as a person said. */
  ending(index: number): AboutToEnd | undefined {
    const end = this.ends.get(index);
    return end && { status: end.outcome.status, by: end.asked.by };
  }

  /** The server keeps its wait: its activity is stopped there, and started again with the attempts that it has behind it. */
  private async retryRunning(nodeId: string, index: number, asked: Asked): Promise<Answer> {
    const { scheduler, executor, state } = this.parts;
    const { kind } = state.classOf(index);
    if (kind !== undefined) return no(`${nodeId} ${KIND_SAYS[kind]}`);
    if (this.hurried.has(index)) return no(`${nodeId} is tried now already`);
    const workflowId = executor.runOf(index);
    const request: LookAtAttempts = { workflowId: workflowId ?? '', nodeIds: [nodeId] };
    const [look = { state: 'none' }] = await this.parts.meanwhile(() =>
      work<AttemptLook[]>(ACTIVITY.lookAtAttempts, [request], LOOK).catch((): AttemptLook[] => []),
    );
    const open = this.find(nodeId);
    if (typeof open !== 'number') return open;
    if (scheduler.isPaused(index)) return no(this.pausedSays(nodeId, index));
    if (scheduler.state(index) !== 'running' || this.hurried.has(index))
      return no(`${nodeId} went on meanwhile: it is ${state.view(index).status} now; ask again`);
    if (look.state === 'started') return no(`${nodeId} runs: an attempt is under way`);
    if (look.state !== 'waiting') return no(`${nodeId} waits for a worker, not for a time`);
    if (look.dueAt - Date.now() < SOON_MS) return no(`${nodeId} is about to be tried anyway`);
    const { history, executionTimeMs, checkpoint } = look;
    this.hurried.set(index, {
      attempts: (state.round(index)?.attemptsUsed ?? 0) + look.attempts,
      ...{ history, executionTimeMs },
      ...(checkpoint === undefined ? {} : { checkpoint }),
    });
    executor.stop([index], 'pause');
    this.mark(index, 'PENDING', 'retryNow', asked);
    return yes(`${nodeId} is tried now`);
  }

  /** @returns how it ends, for the answer */
  private endOrStop(index: number, end: AskedEnd): string {
    if (this.parts.scheduler.state(index) !== 'running') {
      this.end(index, end);
      return 'is';
    }
    this.ends.set(index, end);
    this.hurried.delete(index);
    this.parts.executor.stop([index], 'end');
    return 'is asked to stop, and ends';
  }

  /** @param attempt how its attempt was stopped, or has ended by itself */
  private end(index: number, { outcome, asked, verb }: AskedEnd, attempt?: ActivityOutcome): void {
    const { state } = this.parts;
    const round = state.round(index);
    const behind = attempt ?? round;
    this.parts.state.marked(index, markOf(outcome.status, verb, asked));
    this.parts.end(index, {
      attempts: behind?.attempts ?? [],
      attemptCount: attempt ? countOf(attempt) : (round?.attemptsUsed ?? 0),
      executionTimeMs: behind?.executionTimeMs ?? 0,
      reason: 'operator',
      ...outcome,
    });
  }

  private find(nodeId: string): number | Answer {
    return findOpen(this.parts, nodeId);
  }

  private pausedSays(nodeId: string, index: number): string {
    return this.parts.scheduler.isNodePaused(index)
      ? `${nodeId} is paused; resume it`
      : 'the execution is paused; resume that';
  }

  /** @param what what has changed, in front of the reason */
  private mark(
    index: number,
    status: Status,
    verb: OperatorVerb,
    asked: Asked,
    what?: string,
  ): void {
    const mark = markOf(status, verb, asked, what);
    this.parts.state.marked(index, mark);
    this.parts.told(mark, { index, goesOn: verb !== 'retryNow' });
    this.parts.apply({ settled: [], cancel: [] });
  }

  private markGraph(verb: OperatorVerb, asked: Asked, what: string): void {
    this.parts.markGraph(markOf(this.parts.status(), verb, asked, what));
    this.parts.apply({ settled: [], cancel: [] });
  }
}

const KIND_SAYS: Record<NonNullable<NodeClass['kind']>, string> = {
  graph: 'is a graph of its own; retry a node of it, as <execution>/<node>/<inner>',
  map: 'is a map; retry an item of it, as <execution>/<node>[<index>]',
  approval: 'waits for an answer, not for a time; approve or deny it',
};
const ASKS_CIRCUIT = '; a circuit that is still open holds it again';

/** The words of a person in the status history. */
export function markOf(
  status: Status,
  verb: OperatorVerb,
  { by, reason }: Asked,
  what?: string,
): StatusChange {
  return {
    status,
    at: new Date(Date.now()).toISOString(),
    ...(isTerminal(status) ? { reason: 'operator' as const } : {}),
    ...(by === undefined ? {} : { by }),
    note: what === undefined ? reason : `${what}: ${reason}`,
    verb,
  };
}

const countOf = (attempt: ActivityOutcome): number =>
  isHeld(attempt) ? attempt.attemptsUsed : attempt.attemptCount;

/** Held as for any retry, its attempts those that the server knew of. */
function heldWithSpent(held: HeldOutcome, spent: Spent): HeldOutcome {
  const { history, executionTimeMs, checkpoint = held.checkpoint } = spent;
  const last = history.at(-1);
  return {
    held: 'retry',
    waitMs: 0,
    // The attempt may have started before it was stopped: then it has told of those before it.
    attemptsUsed: Math.max(held.attemptsUsed, spent.attempts),
    attempts: held.attempts.length > history.length ? held.attempts : history,
    executionTimeMs: Math.max(held.executionTimeMs, executionTimeMs),
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...(last?.error
      ? { error: { ...last.error, origin: 'task', retriable: true, attempt: last.attempt } }
      : {}),
  };
}
