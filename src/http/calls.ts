/** What several routes ask of a call. */
import { z } from 'zod';
import { orMissingNode } from '../client/missing-node.js';
import type { TaskEngine } from '../client.js';
import { sees, type Principal } from '../domain/access.js';
import { TaskError } from '../domain/errors.js';
import { splitExecutionId } from '../domain/execution-id.js';
import type { Call, CallContext } from './route.js';
import { HttpProblem } from './problem.js';

export const ExecutionParams = z.object({
  executionId: z.string().min(1).max(1_000).describe('as one segment: / is written %2F'),
});
export const NodeParams = ExecutionParams.extend({
  nodeId: z.string().min(1).max(1_000).describe('as one segment: / is written %2F'),
});

/** Who asks, and why: both stand in status histories and in the audit log. */
export const Why = z.strictObject({ reason: z.string().min(1).max(1_000).optional() });

/** A value that may be given once or many times. @param otherwise what is said where it is given more often than `most` */
export const many = <T extends z.ZodType>(
  one: T,
  { most, otherwise }: { most?: number; otherwise?: string } = {},
) => {
  const list = z.array(one).min(1);
  return z
    .union([one, most === undefined ? list : list.max(most, otherwise)])
    .transform((value) => (Array.isArray(value) ? value : [value]));
};

/** In a query: `true` or `false`. */
export const Flag = z.enum(['true', 'false']).transform((value) => value === 'true');

/** `<execution>/<node>`. */
export const nodeOf = ({ params }: Call<z.infer<typeof NodeParams>, unknown, unknown>): string =>
  `${params.executionId}/${params.nodeId}`;

/** What `ask` gives of the node. @throws TaskError NOT_FOUND, with the names that are near where there is no such node */
export async function ofNode<T>(
  call: Call<z.infer<typeof NodeParams>, unknown, unknown>,
  ask: (id: string) => Promise<T>,
): Promise<T> {
  const id = nodeOf(call);
  return await orMissingNode(call.engine, id, ask(id));
}

/**
 * Of what is not there nothing would ever be told. How a node stands only a worker knows, and what is stored needs none.
 *
 * @throws TaskError NOT_FOUND, as {@link ofNode} has it
 */
export async function assertThere(engine: TaskEngine, id: string): Promise<void> {
  try {
    await orMissingNode(engine, id, engine.getExecution(id));
  } catch (error) {
    if (error instanceof TaskError && error.code === 'NOT_FOUND') throw error;
  }
}

/** The execution that an id is of, or is a node of. */
export const graphOf = (executionId: string): string => splitExecutionId(executionId).graphId;

/**
 * The project that a list is narrowed to, or a submission is put into.
 *
 * @throws HttpProblem 403 for one that the caller has no part in, or for none where the caller is bound to several
 */
export function projectFor({ who }: CallContext, given: string | undefined): string | undefined {
  if (given !== undefined) {
    if (sees(who, given)) return given;
    throw foreignProject(who, given);
  }
  if (who.projects === null) return undefined;
  const [only, ...more] = who.projects;
  if (only !== undefined && more.length === 0) return only;
  throw new HttpProblem(
    403,
    'FORBIDDEN',
    `project: expected one of ${who.projects.join(', ')}, since ${who.name} is bound to these; got none`,
  );
}

export const foreignProject = (
  { name, projects }: Principal,
  project: string | null,
): HttpProblem =>
  new HttpProblem(
    403,
    'FORBIDDEN',
    `project: ${name} has no part in project ${JSON.stringify(project)}; it has ${(projects ?? []).join(', ')}`,
  );
