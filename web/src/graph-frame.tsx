/** A map or a sub-graph that is unfolded: its name and how it stands, over what is inside. */
import { Handle, Position, type Node, type NodeProps } from '@xyflow/react';
import { memo } from 'react';
import { Below, FoldButton, wordOf, type NodeFacts } from './graph-node.js';
import { Sign, toneOf } from './status.js';
import { S } from './strings/page.js';

export interface GraphFrameData extends NodeFacts {
  /** Nodes inside that are drawn, and that are not. */
  shown: number;
  hidden: number;
  onFold: (id: string) => void;
}

export const GraphFrame = memo(
  function GraphFrame({ data }: NodeProps<Node<GraphFrameData>>) {
    const { id, name, what, view, chosen, down, critical, shown, hidden, onFold } = data;
    const status = view?.status ?? 'PENDING';
    return (
      <>
        <Handle
          type="target"
          position={down ? Position.Top : Position.Left}
          isConnectable={false}
        />
        <div className={`graph-frame ${toneOf(status)} ${critical ? 'critical' : ''}`}>
          <button
            type="button"
            className="graph-node"
            data-node={id}
            data-status={status}
            aria-pressed={chosen}
          >
            <span className="line">
              <Sign status={status} />
              <span className="id">{name}</span>
              <span className="what soft small">{what}</span>
              <span className="word small">{wordOf(view)}</span>
            </span>
            <Below view={view} />
          </button>
          <FoldButton {...{ name }} expanded onPress={() => onFold(id)} />
          {shown === 0 && <p className="soft small">{S.nothingInside}</p>}
          {hidden > 0 && <p className="soft small hidden-items">{S.moreInside(shown, hidden)}</p>}
        </div>
        <Handle
          type="source"
          position={down ? Position.Bottom : Position.Right}
          isConnectable={false}
        />
      </>
    );
  },
  (before, after) => before.data === after.data,
);
