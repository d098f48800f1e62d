/** What `doctor` finds of the settings for containers, looked up by a worker that runs them. */
import type { SystemDetail, TaskEngine } from '../client.js';
import type { ProgramFinding } from '../domain/program-looks.js';
import { ok, warn, type Check } from './doctor-check.js';

/** Nothing where no worker runs containers, which a line of its own says, or none has a place for the question. */
export async function containerChecks(
  engine: Pick<TaskEngine, 'containerSettings'>,
  { workers }: Pick<SystemDetail, 'workers'>,
): Promise<Check[]> {
  const able = workers.some(({ detail }) =>
    detail?.programs.some(({ mode }) => mode === 'container'),
  );
  const told = able ? await engine.containerSettings().catch(() => undefined) : undefined;
  return told ? [settingsCheck(told)] : [];
}

function settingsCheck({
  worker,
  findings,
}: {
  worker: string;
  findings: readonly ProgramFinding[];
}): Check {
  const name = 'container settings';
  const wrong = findings.filter(({ state }) => state !== 'found');
  if (wrong.length === 0) return ok(name, findings.map(({ message }) => message).join(', '));
  const settings = [...new Set(wrong.map(({ at }) => at.join('.')))];
  return warn(
    name,
    `${worker}: ${wrong.map(({ message }) => message).join('; ')}`,
    `mend that where its engine is, or the setting ${settings.join(', ')} of the worker`,
  );
}
