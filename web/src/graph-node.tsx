/** One node of the drawn graph. */
import { Handle, Position, type Node, type NodeProps } from '@xyflow/react';
import { memo } from 'react';
import type { Status } from '../../src/domain/status.js';
import type { NodeView } from '../../src/workflows/messages.js';
import { CountsBar, isTerminal, Sign, STATUSES, toneOf } from './status.js';
import { S, STATUS_WORDS } from './strings/page.js';

export interface GraphNodeData extends Record<string, unknown> {
  id: string;
  what: string;
  view: NodeView | undefined;
  chosen: boolean;
  /** From top to bottom. */
  down: boolean;
  /** It is on the chain that the end was due to. */
  critical: boolean;
  /** What is said of it instead of its status. */
  said?: string;
  /** It stands for several. */
  group?: { counts: Partial<Record<Status, number>>; total: number };
}

export const GraphNode = memo(
  function GraphNode({ data }: NodeProps<Node<GraphNodeData>>) {
    const { id, what, view, chosen, down, critical, said, group } = data;
    const status = group ? statusOf(group.counts) : (view?.status ?? 'PENDING');
    const word = group ? S.nodesOf(group.total) : (said ?? wordOf(view));
    return (
      <>
        <Handle
          type="target"
          position={down ? Position.Top : Position.Left}
          isConnectable={false}
        />
        <button
          type="button"
          className={`graph-node ${toneOf(status)} ${critical ? 'critical' : ''} ${group ? 'group' : ''}`}
          data-node={id}
          data-status={status}
          aria-pressed={chosen}
        >
          <span className="line">
            <Sign status={status} />
            <span className="id">{id}</span>
          </span>{' '}
          <span className="line small">
            <span className="what soft">{what}</span> <span className="word">{word}</span>
            {said === undefined && !word.startsWith(STATUS_WORDS[status]) && (
              <span className="hidden"> {STATUS_WORDS[status]}</span>
            )}
          </span>
          {group ? <CountsBar {...group} /> : <Below view={view} />}
        </button>
        <Handle
          type="source"
          position={down ? Position.Bottom : Position.Right}
          isConnectable={false}
        />
      </>
    );
  },
  // What has not changed keeps its data: see graph-view.tsx.
  (before, after) => before.data === after.data,
);

/** Of many, what most needs to be seen. */
const LOUDEST: readonly Status[] = ['FAILED', 'TIMEOUT', 'REJECTED', 'RETRYING', 'RUNNING'];

function statusOf(counts: Partial<Record<Status, number>>): Status {
  const loud = LOUDEST.find((status) => counts[status]);
  if (loud) return loud;
  const present = STATUSES.filter((status) => counts[status]);
  return present.find((status) => !isTerminal(status)) ?? present[0] ?? 'PENDING';
}

function wordOf(view: NodeView | undefined): string {
  if (!view) return STATUS_WORDS.PENDING;
  const { status, attempts, maxRetries, reused, cached, progress } = view;
  if (reused) return S.reused;
  if (cached) return S.cached;
  if (view.approval && status === 'RUNNING') return S.awaitsAnswer;
  if (status === 'RUNNING' && progress?.total)
    return `${Math.round((100 * progress.done) / progress.total)} %`;
  const tries = attempts > 1 ? ` ${attempts}/${maxRetries + 1}` : '';
  return `${STATUS_WORDS[status]}${tries}`;
}

/** How far an attempt is, or how what runs inside a map or a sub-graph stands. */
function Below({ view }: { view: NodeView | undefined }) {
  if (view?.below) {
    const { counts } = view.below;
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    return <CountsBar counts={counts} total={total} />;
  }
  if (!view?.progress?.total || view.status !== 'RUNNING') return null;
  const { done, total } = view.progress;
  const width = `${Math.min(100, (100 * done) / total)}%`;
  return (
    <span className="counts">
      <span className="part busy" style={{ width }} />
    </span>
  );
}
