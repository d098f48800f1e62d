/** The words of what is unfolded in the graph. */
export const U = {
  unfold: (name: string) => `Unfold ${name}`,
  fold: (name: string) => `Fold ${name}`,
  shownOf: (shown: number, total: number, kind: 'map' | 'graph') =>
    `${shown} of ${total} ${kind === 'map' ? 'items' : 'nodes'}, the failed and running ones first`,
  showMore: 'Show more',
  empty: {
    waits: 'Nothing runs in it yet.',
    asked: 'Loading …',
    missing: 'Nothing ran in it here.',
    none: 'It has nothing to run.',
  },
  overview: (count: number) =>
    `${count} nodes from afar: arrow keys go from node to node, Enter opens one`,
  place: (nth: number, count: number) => `${nth} of ${count}`,
};
