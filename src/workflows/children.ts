/** Runs sub-graphs and maps: executions of their own below a node, as child workflows. */
import type { CancellationScope } from '@temporalio/workflow';
import {
  ChildWorkflowFailure,
  ParentClosePolicy,
  startChild,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import {
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { messageOf, type ErrorRecord } from '../domain/errors.js';
import { isObject } from '../domain/json.js';
import type { NodeOutcome } from '../domain/outcome.js';
import { PRIORITY_KEY } from '../domain/priority.js';
import type { NodeClass } from '../domain/plan.js';
import { isTerminal, STATUSES, type TerminalStatus } from '../domain/status.js';
import type { AboveSignal, SubgraphArgs } from './between.js';
import type { GraphClose } from './manifest.js';
import { SIGNAL, WORKFLOW } from './messages.js';
import type { NodeOrder, NodeRequest, Prepared } from './requests.js';

type Child = ChildWorkflowHandle<(...args: SubgraphArgs) => Promise<GraphClose>>;

export class Children {
  private readonly started = new Map<number, Promise<Child | undefined>>();

  constructor(private readonly context: Omit<Prepared, 'plan'>) {}

  /** Runs what is below a node to its end. A cancel of the scope is passed on and waited for. */
  async run(
    order: NodeOrder,
    request: NodeRequest,
    { kind, priority }: NodeClass,
    scope: CancellationScope,
  ): Promise<NodeOutcome> {
    const { depth = 0, options, execution } = this.context;
    const argument: NonNullable<SubgraphArgs[0]> = {
      ...{ request, kind: kind === 'map' ? 'map' : 'graph', spec: order.below ?? '' },
      ...{ depth: depth + 1, priority },
      ...(options ? { options } : {}),
      ...(order.deadlineAt === undefined ? {} : { deadlineAt: order.deadlineAt }),
    };
    try {
      const child = scope.run(() =>
        startChild<(...args: SubgraphArgs) => Promise<GraphClose>>(WORKFLOW.subgraph, {
          workflowId: `${execution.id}/${order.id}`,
          args: [argument],
          cancellationType: 'WAIT_CANCELLATION_COMPLETED',
          // Where this workflow is terminated, what is below it is asked to stop and can still clean up.
          parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          priority: { priorityKey: PRIORITY_KEY[priority] },
          staticSummary: `${kind} ${order.id} of ${execution.graph}`,
        }),
      );
      this.started.set(
        order.index,
        child.catch(() => undefined),
      );
      const handle = await child;
      return withSpec(outcomeOf(await scope.run(() => handle.result())), order);
    } catch (error) {
      return withSpec(outcomeOfFailure(error, kind === 'map' ? order.id : undefined), order);
    } finally {
      this.started.delete(order.index);
    }
  }

  /** True where something runs below the node. */
  has(index: number): boolean {
    return this.started.has(index);
  }

  /** Passes on what was asked of the graph. */
  tell(index: number, signal: AboveSignal): void {
    const send = async (): Promise<void> => {
      const child = await this.started.get(index);
      await child?.signal(SIGNAL.above, signal);
    };
    void send().catch(() => undefined); // it has ended meanwhile
  }
}

/** A rerun compares what ran below with what is to run. */
function withSpec(outcome: NodeOutcome, { below: spec }: NodeOrder): NodeOutcome {
  return outcome.below?.manifest === undefined || spec === undefined
    ? outcome
    : { ...outcome, below: { ...outcome.below, spec } };
}

function outcomeOf(close: GraphClose): NodeOutcome {
  const { status, output, reused } = close;
  return {
    ...bare(status),
    ...(status === 'SKIPPED' ? { reason: 'condition' as const } : belowOf(close)),
    ...(output ? { output } : {}),
    ...(reused ? { reused } : {}),
  };
}

function belowOf({ counts, manifest }: GraphClose): Pick<NodeOutcome, 'below'> {
  return { below: { counts, ...('ref' in manifest ? { manifest: manifest.ref } : {}) } };
}

/** @param map the node's id, where what failed below it are its items: they are called by their place, `each[2]` */
function outcomeOfFailure(error: unknown, map?: string): NodeOutcome {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  if (cause instanceof CancelledFailure) return { ...bare('CANCELLED'), reason: 'cancelled' };
  const [details] = cause instanceof ApplicationFailure ? (cause.details ?? []) : [];
  const status = isObject(details) && STATUSES.find((known) => known === details['status']);
  if (status && isTerminal(status)) {
    const { failures = [], error: said } = details as unknown as GraphClose & {
      error?: ErrorRecord;
    };
    const [first] = failures;
    const where = first ? `${map === undefined ? first.nodeId : `${map}[${first.nodeId}]`}: ` : '';
    const known = said ?? first?.error;
    const failed: ErrorRecord = known
      ? { ...known, message: `${where}${known.message}` }
      : record('DEPENDENCY', messageOf(cause));
    const whole = 'counts' in (details as object);
    return {
      ...{ ...bare(status), error: failed },
      ...(whole ? belowOf(details as unknown as GraphClose) : {}),
    };
  }
  if (cause instanceof TerminatedFailure)
    return {
      ...{ ...bare('CANCELLED'), reason: 'cancelled' },
      error: record('TERMINATED', 'its workflow was terminated'),
    };
  if (cause instanceof TimeoutFailure)
    return { ...bare('TIMEOUT'), error: record('TIMEOUT', 'its workflow timed out on the server') };
  return { ...bare('FAILED'), error: record('ENGINE', messageOf(cause)) };
}

const record = (code: string, message: string): ErrorRecord => ({
  ...{ code, message: message.slice(0, 1_000) },
  ...{ origin: 'temporal', retriable: false },
});

const bare = (status: TerminalStatus): NodeOutcome => ({
  ...{ status, attempts: [], attemptCount: 0, executionTimeMs: 0 },
});
