/** One node of the drawn graph. */
import { Handle, Position, type Node, type NodeProps } from '@xyflow/react';
import { createContext, memo, useContext } from 'react';
import type { Status } from '../../src/domain/status.js';
import type { NodeView } from '../../src/workflows/messages.js';
import { CountsBar, isTerminal, Sign, STATUSES, toneOf } from './status.js';
import { S, STATUS_WORDS } from './strings/page.js';
import { U } from './strings/unfold.js';
import type { Head } from './unfold/nested.js';

export interface GraphNodeData extends Record<string, unknown> {
  /** Below the execution. */
  path: string;
  /** What it is called. */
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
  /** Something runs in it: it can be unfolded. */
  isFoldable?: boolean;
  /** It is unfolded. */
  head?: Head;
}

export interface UnfoldActions {
  toggle: (path: string) => void;
  more: (path: string, shown: number) => void;
}
export const UnfoldContext = createContext<UnfoldActions>({ toggle: () => {}, more: () => {} });

export const GraphNode = memo(
  function GraphNode({ data }: NodeProps<Node<GraphNodeData>>) {
    const { path, id, what, view, chosen, down, critical, group, isFoldable, head } = data;
    const status = statusOf(data);
    const word = group ? S.nodesOf(group.total) : (data.said ?? wordOf(view));
    return (
      <div className={head ? 'unfolded' : 'folded'}>
        <Handle
          type="target"
          position={down ? Position.Top : Position.Left}
          isConnectable={false}
        />
        <button
          type="button"
          className={`graph-node ${toneOf(status)} ${critical ? 'critical' : ''} ${group ? 'group' : ''} ${isFoldable ? 'foldable' : ''}`}
          data-node={path}
          data-status={status}
          aria-pressed={chosen}
        >
          <span className="line">
            <Sign status={status} />
            <span className="id">{id}</span>
          </span>{' '}
          <span className="line small">
            <span className="what soft">{what}</span> <span className="word">{word}</span>
            {!word.startsWith(STATUS_WORDS[status]) && (
              <span className="hidden"> {STATUS_WORDS[status]}</span>
            )}
          </span>
          {group ? <CountsBar {...group} /> : <Below view={view} />}
        </button>
        {isFoldable && <Unfold {...{ path, id }} isOpen={head !== undefined} />}
        {head && <InHead {...{ path, head }} />}
        <Handle
          type="source"
          position={down ? Position.Bottom : Position.Right}
          isConnectable={false}
        />
      </div>
    );
  },
  // What has not changed keeps its data: see graph-drawn.ts.
  (before, after) => before.data === after.data,
);

function Unfold({ path, id, isOpen }: { path: string; id: string; isOpen: boolean }) {
  const { toggle } = useContext(UnfoldContext);
  return (
    <button
      type="button"
      className="unfold plain nopan"
      data-unfold={path}
      aria-expanded={isOpen}
      aria-label={isOpen ? U.fold(id) : U.unfold(id)}
      title={isOpen ? U.fold(id) : U.unfold(id)}
      onClick={(event) => {
        event.stopPropagation(); // the node around it opens its drawer
        toggle(path);
      }}
    >
      {isOpen ? '▾' : '▸'}
    </button>
  );
}

/** How much of what runs in it is drawn, and more of it. */
function InHead({ path, head: { empty, shown, total, kind, canShowMore } }: InHeadProps) {
  const { more } = useContext(UnfoldContext);
  if (empty) return <p className="in-head soft small">{U.empty[empty]}</p>;
  if (shown >= total) return null;
  return (
    <p className="in-head soft small">
      <span>{U.shownOf(shown, total, kind)}</span>
      {canShowMore && (
        <button
          type="button"
          className="nopan"
          data-more={path}
          onClick={(event) => {
            event.stopPropagation();
            more(path, shown);
          }}
        >
          {U.showMore}
        </button>
      )}
    </p>
  );
}
interface InHeadProps {
  path: string;
  head: Head;
}

/** What a box shows, whether it stands for one node or for several. */
export function statusOf({ group, view }: Pick<GraphNodeData, 'group' | 'view'>): Status {
  return group ? loudestOf(group.counts) : (view?.status ?? 'PENDING');
}

/** Of many, what most needs to be seen. */
const LOUDEST: readonly Status[] = ['FAILED', 'TIMEOUT', 'REJECTED', 'RETRYING', 'RUNNING'];

function loudestOf(counts: Partial<Record<Status, number>>): Status {
  const loud = LOUDEST.find((status) => counts[status]);
  if (loud) return loud;
  const present = STATUSES.filter((status) => counts[status]);
  return present.find((status) => !isTerminal(status)) ?? present[0] ?? 'PENDING';
}

export function wordOf(view: NodeView | undefined): string {
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
