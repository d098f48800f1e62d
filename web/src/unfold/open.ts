/** What of a graph is unfolded, as it stands in the address: `open=render:100,translate/0`. Pure. */

/** Items of a map, and nodes of a sub-graph, that are drawn at first; each asking for more doubles them. */
export const SHOWN = { map: 24, graph: 200 } as const;
const SHOWN_MOST = 400;
/** As many as the server follows in one stream. */
const OPEN_MOST = 20;

export type Kind = keyof typeof SHOWN;

/** By path, below the execution: how many are drawn where somebody asked for more. */
export type Open = ReadonlyMap<string, number | undefined>;

export function parseOpen(text: string | null): Open {
  const entries = (text ?? '').split(',').flatMap((one): [string, number | undefined][] => {
    const [, path, more] = /^([\w.-]+(?:\/[\w.-]+)*)(?::(\d{1,3}))?$/.exec(one) ?? [];
    if (path === undefined) return [];
    return [[path, more === undefined ? undefined : bounded(Number(more))]];
  });
  return new Map(entries.slice(0, OPEN_MOST));
}

const bounded = (count: number): number => Math.min(SHOWN_MOST, Math.max(1, count));

export function openText(open: Open): string | null {
  const parts = [...open].map(([path, more]) => (more === undefined ? path : `${path}:${more}`));
  return parts.join(',') || null;
}

/** Folds or unfolds it. What is unfolded in it goes with it; where too much is, the first one that was. */
export function toggled(open: Open, path: string): Open {
  const rest = [...open].filter(([one]) => one !== path && !one.startsWith(`${path}/`));
  if (open.has(path)) return new Map(rest);
  return new Map([...rest.slice(1 - OPEN_MOST), [path, undefined]]);
}

export function withMore(open: Open, path: string, shown: number): Open {
  return new Map(open).set(path, bounded(2 * shown));
}

export const canShowMore = (shown: number): boolean => shown < SHOWN_MOST;

/** `a/b` of `a/b/c`; empty of what stands at the top. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** `<execution>`, or what runs below its node at this path. */
export const executionAt = (executionId: string, path: string): string =>
  path === '' ? executionId : `${executionId}/${path}`;
