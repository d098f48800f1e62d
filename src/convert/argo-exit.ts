/** Argo's exit handler: the step that it is, and what it is told of how everything before it ended. */
import type { Graph } from './argo-level.js';
import { lastOf } from './argo-outputs.js';
import type { Piece } from './argo-scope.js';
import type { Template } from './argo-templates.js';
import { celText, FAILED, statusOf } from './cel.js';
import type { Source } from './source.js';

/** Nodes whose status one expression asks for: it has at most 2,000 parts, four for each, and may ask twice. */
const MOST = 200;
const BAD = `[${[...FAILED, 'CANCELLED'].map(celText).join(', ')}]`;

/** A template of one step that runs the exit handler, in the place of the file that names it. */
export function exitStep(template: Template, at: Source): Template {
  const value = { steps: [[{ name: template.name, template: template.name }]] };
  return { source: at.standIn(value), name: template.name, manifest: template.manifest };
}

/**
 * `workflow.status`. Of a graph where something failed the last nodes may all be SKIPPED, so every node is asked but those
 * that may fail; of one with too many only the last ones, which is a loss.
 */
export function statusAtExit({ tasks }: Graph, at: Source): Piece {
  const counts = tasks.filter(({ allowFailure }) => allowFailure !== true);
  const last = lastOf(tasks).filter((node) => counts.includes(node));
  if (counts.length > MOST)
    at.losses.add(
      at.path,
      'workflow.status',
      `an expression cannot ask ${counts.length} nodes, so it is Failed only where one of the last ${Math.min(last.length, MOST)} failed, and not where it was skipped since one before it failed`,
    );
  const asked = (counts.length > MOST ? last.slice(0, MOST) : counts).map(({ id }) => statusOf(id));
  const [only = celText('')] = asked;
  const failed =
    asked.length > 1 ? `[${asked.join(', ')}].exists(s, s in ${BAD})` : `${only} in ${BAD}`;
  return { cel: `(${failed} ? ${celText('Failed')} : ${celText('Succeeded')})`, type: 'text' };
}
