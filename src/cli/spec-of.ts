/** The spec that an execution was started with, for the picture of it. */
import type { GraphSpec } from '../domain/spec.js';
import type { Session } from './session.js';

/** Undefined where it cannot be read: only the picture is poorer for it. */
export async function specOf(
  { engine }: Session,
  executionId: string,
): Promise<GraphSpec | undefined> {
  return await engine.graphOf(executionId).then(
    ({ graph }) => graph,
    () => undefined,
  );
}
