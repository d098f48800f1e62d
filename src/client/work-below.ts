/** The work below a sub-graph or a map that has ended: what its own nodes, or items, were tried. */
import pMap from 'p-map';
import { pageReads, type ReadJson } from '../observe/closing.js';
import type { Manifest } from '../workflows/manifest.js';
import type { NodeView } from '../workflows/messages.js';

export interface Work {
  attempts: number;
  /** Attempts beyond each node's, or item's, first. */
  retries: number;
  executionTimeMs: number;
}

/** Pages of one execution that are held at once, and nodes of a page that are looked below. */
const PAGES_AT_ONCE = 4;
const BELOW_AT_ONCE = 8;

/**
 * What a node was tried, all that ran below it included. Undefined where that is not known: it runs still, or its manifest
 * is gone. What an earlier execution did is not counted.
 *
 * @param readJson asked for several values at once, and for more the deeper it goes: `boundedReads` bounds that
 */
export async function workOf(view: NodeView, readJson: ReadJson): Promise<Work | undefined> {
  try {
    return await knownWork(view, readJson);
  } catch {
    return undefined; // values are kept for a time only
  }
}

/** @throws where anything below is not known */
async function knownWork(view: NodeView, readJson: ReadJson): Promise<Work> {
  const { attempts, executionTimeMs = 0, below } = view;
  if (!isBelow(view)) return { attempts, retries: Math.max(0, attempts - 1), executionTimeMs };
  if (below?.manifest === undefined) throw new Error('it has not ended');
  const manifest = (await readJson(below.manifest)) as unknown as Manifest;
  const ofPage = async (read: () => Promise<NodeView[]>): Promise<Work> =>
    sumOf(
      await pMap(await read(), (inner) => knownWork(inner, readJson), {
        concurrency: BELOW_AT_ONCE,
      }),
    );
  return sumOf(await pMap(pageReads(manifest, readJson), ofPage, { concurrency: PAGES_AT_ONCE }));
}

/** True for a sub-graph or a map that has done something here. */
function isBelow({ kind, status, startedAt, reused }: NodeView): boolean {
  const neverBegan = status === 'SKIPPED' || startedAt === undefined;
  return (kind === 'graph' || kind === 'map') && !reused && !neverBegan;
}

function sumOf(works: readonly Work[]): Work {
  const sum = { attempts: 0, retries: 0, executionTimeMs: 0 };
  for (const { attempts, retries, executionTimeMs } of works) {
    sum.attempts += attempts;
    sum.retries += retries;
    sum.executionTimeMs += executionTimeMs;
  }
  return sum;
}
