/** What a word on the command line means in the catalogue: the id of a task, the id or the name of a project. */
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

/** The id of the project that has this id, else of the one that has this name; what is neither is given back, to be refused. */
export async function projectMeant({ engine }: Session, given: string): Promise<string> {
  const { projects } = engine.catalogue;
  if (await projects.get(given).catch(nothingOf)) return given;
  const name = given.normalize('NFC');
  for (const archived of [false, true]) {
    const page = await projects.list({ text: given, archived, limit: 1_000 }).catch(nothingOf);
    const found = page?.items.find((one) => one.name === name);
    if (found) return found.id;
  }
  return given;
}

/** Who cannot tell keeps nobody from running a task by its name. */
function nothingOf(error: unknown): undefined {
  if (error instanceof TaskError) return undefined;
  throw error;
}
