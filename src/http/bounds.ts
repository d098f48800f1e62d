/** Keeps what a caller who is bound to projects says within them: no id that it names reaches what is of another one. */
import type { TaskEngine } from '../client.js';
import { idsIn } from '../client/catalogue-nodes.js';
import { sees, type Principal } from '../domain/access.js';
import { SpecInvalidError, TaskError, TaskStateError } from '../domain/errors.js';
import { fault, type Fault } from '../domain/fault.js';
import { isObject } from '../domain/json.js';
import { foreignProject } from './calls.js';
import { specOfGiven, type GivenGraph } from './given-graph.js';
import { assertSees } from './sight.js';

/** The fields of a submission, and of a task's defaults, by which something else is named. Nothing is checked of them yet. */
export interface Naming {
  project?: unknown;
  executionId?: unknown;
  dependencies?: unknown;
  /** Of the catalogue. */
  taskId?: unknown;
  graph?: unknown;
}

interface Caller {
  engine: TaskEngine;
  who: Principal;
}

/**
 * What is of another project is answered as what there is not: an id that is waited for, a task of the catalogue. An id
 * that is to be started anew is answered as one that is taken.
 *
 * @throws HttpProblem 403, SpecInvalidError, TaskStateError, TaskError NOT_FOUND
 */
export async function assertWithin(caller: Caller, said: Naming): Promise<void> {
  const { engine, who } = caller;
  if (who.projects === null) return;
  const { project, executionId, dependencies, taskId, graph } = said;
  if (typeof project === 'string' && !sees(who, project)) throw foreignProject(who, project);
  if (typeof executionId === 'string') await assertFree(caller, executionId);
  const faults = await Promise.all(
    (Array.isArray(dependencies) ? dependencies : []).map((id, at) => dependency(caller, id, at)),
  );
  if (faults.flat().length > 0) throw new SpecInvalidError(faults.flat(), 'dependencies');
  const given = (isObject(graph) ? graph : { tasks: [] }) as unknown as GivenGraph;
  for (const [id, how] of idsIn(given, specOfGiven(given)))
    await (how === 'needed' ? assertSees(engine, who, 'task', id) : assertMayName(caller, id));
  if (typeof taskId === 'string') await assertSees(engine, who, 'task', taskId);
}

/** An id may run again, where somebody says so: not that of another project's execution. */
async function assertFree({ engine, who }: Caller, executionId: string): Promise<void> {
  const there = await engine.getExecution(executionId).catch((error: unknown) => {
    if (error instanceof TaskError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  });
  if (there && !sees(who, there.project))
    throw new TaskStateError(
      `execution ${JSON.stringify(executionId)} already exists; choose another executionId`,
    );
}

/** Also with `awaitUnknown`: of which project something will be that is not there yet, nobody knows. */
async function dependency(
  { engine, who }: Caller,
  id: unknown,
  at: number,
): Promise<readonly Fault[]> {
  if (typeof id !== 'string') return []; // which is a fault of the submission
  try {
    await assertSees(engine, who, 'execution', id);
    return [];
  } catch (error) {
    if (!(error instanceof TaskError) || error.code !== 'NOT_FOUND') throw error;
    const hint = `start it first, in a project that ${who.name} has part in`;
    return [fault(['dependencies', at], 'UNKNOWN_DEPENDENCY', error.message, hint)];
  }
}

/**
 * A name that stands for a task of the catalogue where that has one of this id, and for a task of the workers otherwise.
 *
 * @throws TaskError NOT_FOUND where it is of another project
 */
export async function assertMayName({ engine, who }: Caller, name: string): Promise<void> {
  if (who.projects === null) return;
  const isCatalogue = await engine.catalogue.tasks.get(name).then(
    () => true,
    (error: unknown) => {
      // Without a catalogue it can be nothing but a name.
      if (error instanceof TaskError && /^(?:NOT_FOUND|CONFIGURATION)$/.test(error.code))
        return false;
      throw error;
    },
  );
  if (isCatalogue) await assertSees(engine, who, 'task', name);
}
