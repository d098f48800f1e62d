/** What the Temporal Web UI shows beside a running graph: counts, what runs, what failed. Costs no history. */
import type { GraphState } from './graph-state.js';
import type { GraphStatus } from './messages.js';

const ORDER = [
  'RUNNING',
  'SCHEDULED',
  'RETRYING',
  'PENDING',
  'PAUSED',
  'COMPLETED',
  'FAILED',
  'TIMEOUT',
  'REJECTED',
  'CANCELLED',
  'SKIPPED',
] as const;

export function detailsMarkdown(status: GraphStatus, state: GraphState): string {
  const counts = ORDER.flatMap((name) => {
    const count = status.counts[name] ?? 0;
    return count > 0 ? [`${name} ${count}`] : [];
  });
  const lines = [`**${status.graph}** ${status.status}: ${counts.join(' · ')} of ${status.total}`];
  for (const { nodeId, status: how, error } of state.failures.slice(0, 5)) {
    lines.push(
      `- \`${nodeId}\` ${how}${error ? `: ${error.code}: ${error.message.slice(0, 200).replaceAll('\n', ' ')}` : ''}`,
    );
  }
  return lines.join('\n');
}
