/** What a watcher knows of an execution: every node as last seen, and which of them have gone on since. */
import type { ExecutionResult, ExecutionUpdate } from '../client.js';
import { taskOf } from '../domain/node-kind.js';
import type { GraphSpec } from '../domain/spec.js';
import { isTerminal, type Status } from '../domain/status.js';
import type { Counts, NodeView } from '../workflows/messages.js';

export class GraphView {
  status: Status = 'PENDING';
  /** Epoch milliseconds. */
  startedAt: number;
  endedAt: number | undefined;
  /** In the order of the spec where it is known, else as they were seen. */
  readonly nodes = new Map<string, NodeView>();
  /** For each node, the one that it hangs from in the picture; roots are not in it. */
  readonly parents: ReadonlyMap<string, string>;

  /**
   * @param spec where it is known: a picture can be drawn before anything is
   * @param now epoch milliseconds
   */
  constructor(
    readonly executionId: string,
    readonly name: string,
    spec: GraphSpec | undefined,
    now: number,
  ) {
    this.startedAt = now;
    this.parents = spec ? parentsOf(spec) : new Map();
    for (const { dependsOn = [], ...node } of spec?.tasks ?? [])
      this.nodes.set(node.id, {
        id: node.id,
        task: taskOf(node),
        status: 'PENDING',
        attempts: 0,
        maxRetries: 0,
        ...(dependsOn.length > 0
          ? { reason: 'dependencies', dependencies: { done: 0, total: dependsOn.length } }
          : {}),
      });
  }

  /** Takes in one look. @returns the nodes whose status or attempt is another one now */
  apply({ status, startedAt, total, changed }: ExecutionUpdate): NodeView[] {
    this.status = status;
    if (total > 0) this.startedAt = Date.parse(startedAt);
    return changed.filter((node) => this.take(node));
  }

  /** Takes in the end. @returns as `apply` */
  finish({ status, startedAt, endedAt, nodes }: ExecutionResult): NodeView[] {
    this.status = status;
    this.startedAt = Date.parse(startedAt);
    this.endedAt = Date.parse(endedAt);
    return Object.entries(nodes).flatMap(([id, result]) => {
      const known = this.nodes.get(id);
      const { reused, statusHistory } = result;
      const { reason, error, startedAt: started, endedAt: ended, durationMs, warnings } = result;
      const node: NodeView = {
        id,
        task: known?.task ?? id,
        status: result.status,
        attempts: result.attempts,
        maxRetries: known?.maxRetries ?? 0,
        ...(reason ? { reason } : {}),
        ...(reason === 'operator' ? { marks: statusHistory.slice(-1) } : {}), // who asked, and why
        ...(reused ? { reused } : {}),
        ...(error ? { error } : {}),
        ...(warnings.length > 0 ? { warnings } : {}),
        ...(started === null ? {} : { startedAt: started }),
        ...(ended === null ? {} : { endedAt: ended }),
        ...(durationMs === null ? {} : { durationMs }),
      };
      return this.take(node) ? [node] : [];
    });
  }

  get ended(): boolean {
    return isTerminal(this.status);
  }

  /** Approvals that wait for their answer. */
  get asking(): string[] {
    return [...this.nodes.values()].flatMap(({ id, status, approval }) =>
      status === 'RUNNING' && approval ? [id] : [],
    );
  }

  /** How many nodes have each status. */
  counts(): Counts {
    return countStatuses(this.nodes.values());
  }

  private take(node: NodeView): boolean {
    const before = this.nodes.get(node.id);
    // Between an attempt's end and the workflow's next step, a look sees neither: it would go back to SCHEDULED.
    if (before && node.attempts < before.attempts && !isTerminal(node.status)) return false;
    this.nodes.set(node.id, node);
    if (!before) return node.status !== 'PENDING';
    return before.status !== node.status || (before.attempts !== node.attempts && live(node));
  }
}

/** An attempt that goes on shows its number; one that ended is told by the status. */
const live = ({ status }: NodeView): boolean => status === 'RUNNING' || status === 'RETRYING';

export function countStatuses(nodes: Iterable<NodeView>): Counts {
  const counts: Counts = {};
  for (const { status } of nodes) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/**
 * A graph drawn as a tree: each node hangs from the dependency that lies deepest, the last one of several. What else it
 * waits for is told by its row. A node whose dependencies cannot be followed is a root.
 */
function parentsOf({ tasks }: GraphSpec): Map<string, string> {
  const waitsFor = new Map(tasks.map(({ id, dependsOn = [] }) => [id, dependsOn]));
  const dependants = new Map<string, string[]>();
  const open = new Map<string, number>();
  for (const [id, ids] of waitsFor) {
    open.set(id, ids.length);
    for (const other of ids) {
      const list = dependants.get(other);
      if (list) list.push(id);
      else dependants.set(other, [id]);
    }
  }
  const depth = new Map<string, number>();
  const parents = new Map<string, string>();
  const ready = [...open].flatMap(([id, count]) => (count === 0 ? [id] : []));
  for (const id of ready) {
    for (const other of waitsFor.get(id) ?? []) {
      const below = (depth.get(other) ?? 0) + 1;
      if (below < (depth.get(id) ?? 0)) continue;
      depth.set(id, below);
      parents.set(id, other);
    }
    for (const next of dependants.get(id) ?? []) {
      const left = (open.get(next) ?? 0) - 1;
      open.set(next, left);
      if (left === 0) ready.push(next);
    }
  }
  return parents;
}
