/** Whether a caller sees what a call names: by the project that it belongs to. */
import type { TaskEngine } from '../client.js';
import { sees, type Principal } from '../domain/access.js';
import { TaskError } from '../domain/errors.js';
import { foreignProject, graphOf } from './calls.js';
import type { Of, Owned } from './route.js';

interface Owning {
  parameter: string;
  /** The project that it belongs to; null: to none. @throws TaskError NOT_FOUND */
  projectOf: (engine: TaskEngine, id: string) => Promise<string | null>;
  /** What is said where there is none. */
  missing: (id: string) => string;
}

/** TypeScript refuses a kind without a row. Projects of executions are named as those of the catalogue are. */
const OWNED: Record<Owned, Owning> = {
  execution: {
    parameter: 'executionId',
    projectOf: async (engine, id) => (await engine.getExecution(graphOf(id))).project,
    missing: (id) => `there is no execution ${JSON.stringify(id)} in this namespace`,
  },
  schedule: {
    parameter: 'scheduleId',
    projectOf: async (engine, id) => (await engine.schedules.get(id)).project,
    missing: (id) => `there is no schedule ${JSON.stringify(id)} in this namespace`,
  },
  project: {
    parameter: 'projectId',
    projectOf: async (engine, id) => (await engine.catalogue.projects.get(id)).name,
    missing: (id) => `the catalogue has no project ${JSON.stringify(id)}`,
  },
  task: {
    parameter: 'taskId',
    projectOf: async (engine, id) => {
      const { projectId } = await engine.catalogue.tasks.get(id);
      return (await engine.catalogue.projects.get(projectId)).name;
    },
    missing: (id) => `the catalogue has no task ${JSON.stringify(id)}`,
  },
};

/**
 * Of what is of a project that the caller has no part in, nothing is known; and no such project is to be named.
 *
 * @throws TaskError NOT_FOUND, HttpProblem 403
 */
export async function assertSeesCall(
  engine: TaskEngine,
  who: Principal,
  of: Of,
  { params, query }: { params: unknown; query: unknown },
): Promise<void> {
  if (of === 'system') return;
  if (of !== 'projects') {
    const { parameter } = OWNED[of];
    const { [parameter]: id = '' } = params as Record<string, string | undefined>;
    await assertSees(engine, who, of, id);
  }
  const { project } = query as { project?: unknown };
  if (typeof project === 'string' && !sees(who, project)) throw foreignProject(who, project);
}

/** Of a thing by its id. @throws TaskError NOT_FOUND */
export async function assertSees(
  engine: TaskEngine,
  who: Principal,
  of: Owned,
  id: string,
): Promise<void> {
  if (who.projects === null) return;
  const { projectOf, missing } = OWNED[of];
  // What the engine says of it may name what is of another project: ours does not.
  const project = await projectOf(engine, id).catch((error: unknown) => {
    if (error instanceof TaskError && /^(?:NOT_FOUND|STATE)$/.test(error.code)) return null;
    throw error;
  });
  if (!sees(who, project)) throw new TaskError('NOT_FOUND', missing(id));
}
