import { SpecInvalidError, TaskError } from '../domain/errors.js';
import { splitExecutionId } from '../domain/execution-id.js';
import { fault, type Fault } from '../domain/fault.js';
import type { Asking } from './asking.js';

/** @throws SpecInvalidError naming each dependency that does not exist */
export async function refuseUnknown(
  asking: Asking,
  dependencies: readonly string[] = [],
  subject: string,
): Promise<void> {
  const looks = await Promise.all(
    dependencies.map(async (id, at): Promise<Fault[]> => {
      const { graphId } = splitExecutionId(id);
      try {
        await asking.describe(graphId);
        return [];
      } catch (error) {
        if (!(error instanceof TaskError) || error.code !== 'NOT_FOUND') throw error;
        const message = `there is no execution ${JSON.stringify(graphId)}`;
        const hint = 'start it first, or set awaitUnknown';
        return [fault(['dependencies', at], 'UNKNOWN_DEPENDENCY', message, hint)];
      }
    }),
  );
  const faults = looks.flat();
  if (faults.length > 0) throw new SpecInvalidError(faults, subject);
}
