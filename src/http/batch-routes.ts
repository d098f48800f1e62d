/** Many tasks in one call, never all or nothing. */
import { z } from 'zod';
import type { BatchItem, BatchOptions } from '../client.js';
import { isObject } from '../domain/json.js';
import { assertMayName, assertWithin } from './bounds.js';
import { projectFor } from './calls.js';
import { oneKey } from './key-names.js';
import { route, type Call } from './route.js';
import { WorkflowTypeShape } from './submission.js';

const MOST = 10_000;
const Name = z.string().min(1).max(255);
const Project = z.string().min(1).max(200);

const ItemShape = z
  .looseObject({
    task: Name.optional().describe('the name of a task'),
    taskId: Name.optional().describe('the id of a task of the catalogue, instead of task'),
    input: z.unknown().optional(),
    workflowType: WorkflowTypeShape.optional(),
    idempotencyKey: Name.optional().describe('items with the same key are one execution'),
    project: Project.optional(),
  })
  .meta({
    id: 'BatchItem',
    description:
      'A task, or a program (process, container, faas), with the options of a submission.',
  });

/** What is no item has its entry in `failed`, and the others are started all the same. */
const AnyItem = z.union([ItemShape, z.unknown()]);

const BatchShape = z
  .looseObject({
    items: z.array(AnyItem).min(1).max(MOST).optional(),
    taskIds: z
      .array(Name)
      .min(1)
      .max(MOST)
      .optional()
      .describe('ids of the catalogue or names, instead of items'),
    input: z.unknown().optional().describe('with taskIds: of each'),
    project: Project.optional(),
    workflowType: WorkflowTypeShape.optional(),
    idempotencyKey: Name.optional().describe('as the header Idempotency-Key'),
  })
  .refine(({ items, taskIds }) => (items === undefined) !== (taskIds === undefined), {
    error: 'expected "items" or "taskIds", one of the two',
  })
  .meta({
    id: 'Batch',
    description: 'Items, or the ids of tasks; beside them what all have in common.',
  });
type Batch = z.infer<typeof BatchShape>;

export const batchRoutes = [
  route({
    id: 'submitBatch',
    method: 'POST',
    path: '/batches',
    tag: 'executions',
    summary: 'Start many tasks',
    description:
      'An entry for each item, in successful or in failed. With the header Idempotency-Key the same request sent again gives the same executions and starts none.',
    scope: 'run',
    of: 'projects',
    body: BatchShape,
    bodyLimit: 64 * 2 ** 20,
    answer: z
      .object({
        successful: z.array(
          z.object({ index: z.int(), taskId: z.string(), executionId: z.string() }),
        ),
        failed: z.array(
          z.object({
            index: z.int(),
            taskId: z.string(),
            error: z.looseObject({ code: z.string(), message: z.string() }),
          }),
        ),
      })
      .meta({ id: 'BatchAnswer' }),
    handle: async (call) => {
      const { items, taskIds = [], ...rest } = call.body;
      const common = { ...rest, ...placeOf(call), ...keyOf(call) } as BatchOptions;
      for (const item of items ?? []) if (isObject(item)) await assertWithin(call, item);
      await assertWithin(call, common);
      for (const id of taskIds) await assertMayName(call, id);
      const { engine } = call;
      const list = (items ?? []) as unknown as BatchItem[];
      const answer = items
        ? await engine.scheduleTaskBatch(list, common)
        : await engine.scheduleTaskBatch({ ...common, taskIds });
      const { successful, failed } = answer;
      await call.audit({
        what: 'batch.submit',
        target: successful[0]?.executionId ?? 'none',
        details: { started: successful.length, failed: failed.length },
      });
      return answer;
    },
  }),
];

/** Where every item says its own project, nobody has to say that of all. */
function placeOf(call: Call<unknown, unknown, Batch>): { project?: string } {
  const { items, project: given } = call.body;
  if (
    given === undefined &&
    items?.every((item) => isObject(item) && item['project'] !== undefined)
  )
    return {};
  const project = projectFor(call, given);
  return project === undefined ? {} : { project };
}

function keyOf({ idempotencyKey: header, body }: Call<unknown, unknown, Batch>): {
  idempotencyKey?: string;
} {
  const idempotencyKey = oneKey(header, 'idempotencyKey', body.idempotencyKey);
  return idempotencyKey === undefined ? {} : { idempotencyKey };
}
