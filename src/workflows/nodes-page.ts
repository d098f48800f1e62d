/** The answer to the query `nodes`: the nodes that changed since somebody asked before, in pages. */
import { jsonBytes } from '../domain/json.js';
import type { NodesPage, NodesQuery, NodeView } from './messages.js';
import type { NodeRecords } from './node-records.js';

/** Nodes of a page; whoever asks for more is answered with five times as many at most. */
const PAGE = 1_000;
/** Bytes of JSON in an answer: a payload has at most 2 MB. */
const PAGE_BYTES = 1_500_000;

export function nodesPage(
  records: NodeRecords,
  viewOf: (index: number) => NodeView,
  { since = 0, cursor = 0, limit = PAGE }: NodesQuery,
): NodesPage {
  const nodes: NodeView[] = [];
  let [index, bytes] = [Math.max(0, cursor), 0];
  for (; index < records.count && nodes.length < Math.min(limit, 5 * PAGE); index++) {
    if (records.of(index).sequence <= since && since !== 0) continue;
    const view = viewOf(index);
    bytes += jsonBytes(view);
    if (bytes > PAGE_BYTES && nodes.length > 0) break;
    nodes.push(view);
  }
  return {
    sequence: records.sequence,
    nodes,
    ...(index < records.count ? { next: index } : {}),
  };
}
