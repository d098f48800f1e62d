/** A name on the command line that is the id of a task of the catalogue. */
import type { CatalogueTask } from '../client.js';
import { TaskError } from '../domain/errors.js';
import type { Session } from './session.js';

/** The catalogue's task of this id; undefined where it has none, or where workers know a task of this name: that is meant. */
export async function catalogueMeant(
  { engine }: Session,
  name: string,
): Promise<CatalogueTask | undefined> {
  const entry = await engine.catalogue.tasks.get(name).catch(nothingOf);
  if (!entry) return undefined;
  const spec = { name, tasks: [{ id: 'task', task: name }] };
  const faults = await engine.validate(spec, { askWorker: true }).catch(nothingOf);
  const isKnown = faults?.every(({ code }) => code !== 'UNKNOWN_TASK') ?? false;
  return isKnown ? undefined : entry;
}

/** Who cannot tell keeps nobody from running a task by its name. */
function nothingOf(error: unknown): undefined {
  if (error instanceof TaskError) return undefined;
  throw error;
}
