/** What runs inside the maps and sub-graphs that somebody unfolded, live. */
import { useEffect, useMemo, useState } from 'react';
import type { NodeView } from '../../src/workflows/messages.js';
import { api, type DrawnSpec } from './api.js';
import { containerOf, drawnId, type Below } from './graph-nesting.js';
import { useWatches, type Watched } from './watch.js';

export interface Insides {
  /** By the node's id in the drawing. */
  below: ReadonlyMap<string, Below>;
  /** All nodes by their ids in the drawing. */
  views: ReadonlyMap<string, NodeView>;
}

const NO_SPEC: DrawnSpec = {};

/** @param unfolded ids of the drawing, `a` or `a/b`; what has not begun has nothing inside yet */
export function useBelow(
  executionId: string,
  nodes: ReadonlyMap<string, NodeView>,
  unfolded: ReadonlySet<string>,
): Insides {
  // What a container's own execution is called, and what it is, is known once the one around it was read.
  const [known, setKnown] = useState<ReadonlyMap<string, 'map' | 'graph'>>(new Map());
  const open = [...unfolded].filter((id) => known.has(id));
  const watched = useWatches(open.map((id) => `${executionId}/${id}`));
  const specs = useSpecs(
    open.filter((id) => known.get(id) === 'graph').map((id) => `${executionId}/${id}`),
  );
  const insides = useMemo(
    () => joined(executionId, nodes, known, watched, specs),
    [executionId, nodes, known, watched, specs],
  );
  const begun = JSON.stringify(
    [...unfolded].flatMap((id) => {
      const view = insides.views.get(id);
      const isBegun =
        view?.startedAt !== undefined && (view.kind === 'map' || view.kind === 'graph');
      return isBegun ? [[id, view.kind]] : [];
    }),
  );
  useEffect(() => setKnown(new Map(JSON.parse(begun) as [string, 'map' | 'graph'][])), [begun]);
  return insides;
}

function joined(
  executionId: string,
  nodes: ReadonlyMap<string, NodeView>,
  known: ReadonlyMap<string, 'map' | 'graph'>,
  watched: ReadonlyMap<string, Watched>,
  specs: ReadonlyMap<string, DrawnSpec>,
): Insides {
  const below = new Map<string, Below>();
  if (known.size === 0) return { below, views: nodes };
  const views = new Map(nodes);
  for (const [id, kind] of known) {
    const place = `${executionId}/${id}`;
    const inside = watched.get(place)?.nodes ?? new Map<string, NodeView>();
    for (const [one, view] of inside) views.set(drawnId(id, one), view);
    below.set(id, { kind, nodes: inside, spec: specs.get(place) ?? NO_SPEC });
  }
  return { below, views };
}

/** The graphs of executions, asked for once each. */
function useSpecs(ids: readonly string[]): ReadonlyMap<string, DrawnSpec> {
  const [specs, setSpecs] = useState<ReadonlyMap<string, DrawnSpec>>(new Map());
  const [asked] = useState(() => new Set<string>());
  const key = JSON.stringify(ids);
  useEffect(() => {
    for (const id of JSON.parse(key) as string[]) {
      if (asked.has(id)) continue;
      asked.add(id);
      api.graph(id).then(
        ({ graph }) => setSpecs((before) => new Map(before).set(id, graph)),
        // Its nodes are drawn without, and the next who unfolds it asks again.
        () => asked.delete(id),
      );
    }
  }, [key, asked]);
  return specs;
}

/** The execution that a drawn node is of, and its id there. */
export function placeOf(executionId: string, id: string): { executionId: string; nodeId: string } {
  const container = containerOf(id);
  if (container === undefined) return { executionId, nodeId: id };
  return { executionId: `${executionId}/${container}`, nodeId: id.slice(container.length + 1) };
}
