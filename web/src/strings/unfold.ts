/** The words of what is unfolded in the graph. */
export const U = {
  unfold: (name: string) => `Unfold ${name}`,
  fold: (name: string) => `Fold ${name}`,
  shownOf: (shown: number, total: number, kind: 'map' | 'graph') =>
    `${shown} of ${total} ${kind === 'map' ? 'items' : 'nodes'}: what failed or runs, and the first of the rest`,
  showMore: 'Show more',
  empty: {
    waits: 'Nothing runs in it yet.',
    asked: 'Loading …',
    missing: 'Nothing ran in it here.',
    none: 'It has nothing to run.',
  },
  seeAll: 'See all of it',
  overview: (count: number) =>
    `${count} nodes from afar: arrow keys go from node to node, Enter opens one`,
  place: (nth: number, count: number) => `${nth} of ${count}`,
};
