/** The work below a sub-graph or a map that has ended: what its own nodes, or items, were tried. */
import { manifestPages, type ReadJson } from '../observe/closing.js';
import type { Manifest } from '../workflows/manifest.js';
import type { NodeView } from '../workflows/messages.js';

export interface Work {
  attempts: number;
  /** Attempts beyond each node's, or item's, first. */
  retries: number;
  executionTimeMs: number;
}

/**
 * What a node was tried, all that ran below it included. Undefined where that is not known: it runs still, or its manifest
 * is gone. What an earlier execution did is not counted.
 */
export async function workOf(view: NodeView, readJson: ReadJson): Promise<Work | undefined> {
  const { attempts, executionTimeMs = 0, kind, below, reused } = view;
  const own = { attempts, retries: Math.max(0, attempts - 1), executionTimeMs };
  const isBelow = kind === 'graph' || kind === 'map';
  const neverBegan = view.status === 'SKIPPED' || view.startedAt === undefined;
  if (!isBelow || reused || neverBegan) return own;
  if (below?.manifest === undefined) return undefined;
  const sum = { attempts: 0, retries: 0, executionTimeMs: 0 };
  try {
    const manifest = (await readJson(below.manifest)) as unknown as Manifest;
    for await (const page of manifestPages(manifest, readJson))
      for (const inner of page) {
        const work = await workOf(inner, readJson);
        if (!work) return undefined;
        sum.attempts += work.attempts;
        sum.retries += work.retries;
        sum.executionTimeMs += work.executionTimeMs;
      }
  } catch {
    return undefined; // values are kept for a time only
  }
  return sum;
}
