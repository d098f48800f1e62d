/** What a rerun would do, in words: a line a node, and of what runs below one how much of it. */
import { jsonBytes } from '../domain/json.js';
import type { BelowEnd } from '../domain/outcome.js';
import type { Plan } from '../domain/plan.js';
import { rerunText, type RerunDecision } from '../domain/rerun.js';
import { STATUSES } from '../domain/status.js';
import { putJson, type BlobStore } from '../store/blob-store.js';
import type { RerunAnswer, RerunForecast } from '../workflows/asks.js';
import type { PlannedRerun } from './rerun.js';

/** Bytes of an answer that stand in it; a payload has at most 2 MB. */
const ANSWER_BYTES = 1_000_000;

/** What becomes of each node, in words. */
export async function toldOf(
  blobs: BlobStore,
  plan: Plan,
  { views, decisions, settled }: PlannedRerun,
): Promise<RerunAnswer> {
  const nodes = plan.nodes.map(({ id, class: of }, index): RerunForecast => {
    const decision = decisions[index] as RerunDecision;
    const { status = null, below } = views[index] ?? {};
    const because = decision.because === undefined ? undefined : plan.nodes[decision.because]?.id;
    const isMap = plan.classes[of]?.kind === 'map';
    const inside = below && insideOf(decision, below, { isMap, settled: settled[index] === true });
    return {
      ...{ nodeId: id, choice: decision.choice, reason: decision.reason, before: status },
      text: `${rerunText(decision, because, status ?? undefined)}${inside ? `; ${inside.text}` : ''}`,
      ...(because === undefined ? {} : { because }),
      ...(inside?.items ? { items: inside.items } : {}),
    };
  });
  return jsonBytes(nodes) <= ANSWER_BYTES ? { nodes } : { ref: (await putJson(blobs, nodes)).ref };
}

/** How much of what ran below a node runs again; nothing of a node that keeps what it gave. */
function insideOf(
  { choice, reason, looks }: RerunDecision,
  { counts }: BelowEnd,
  { isMap, settled }: { isMap: boolean; settled: boolean },
): { text: string; items?: RerunForecast['items'] } | undefined {
  if (choice === 'keep') return undefined;
  const of = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (choice === 'run' && !looks)
    return isMap
      ? { text: `all of its ${of} items run`, items: { run: of, of } }
      : { text: 'all below it runs' };
  const run = of - (counts.COMPLETED ?? 0);
  // Which items were asked for is not counted here, nor whether an edit comes to the same for some.
  if (!isMap || choice !== 'run' || reason !== 'not_completed')
    return { text: `below it ${countsText(counts)}` };
  const others = settled ? '' : ', and others whose input or task is another one now';
  return {
    text: `${run} of its ${of} items ${run === 1 ? 'runs' : 'run'}${others}`,
    items: { run, of },
  };
}

/** In one order, whichever ended first. */
const countsText = (counts: BelowEnd['counts']): string =>
  STATUSES.flatMap((status) => (counts[status] ? [`${counts[status]} ${status}`] : [])).join(', ');
