/** The items of a batch: what may be said of each, and what they run once the catalogue has been asked. */
import { catalogueMark } from '../domain/catalogue-mark.js';
import { SpecInvalidError, TaskError } from '../domain/errors.js';
import { fault } from '../domain/fault.js';
import { isObject, preview } from '../domain/json.js';
import { KIND_TASK } from '../domain/node-kind.js';
import { workflowTypeFaults, type WorkflowType } from '../domain/workflow-type.js';
import type { AnyTask, NamedTask, RequiredInput, TaskInput } from '../registry.js';
import type { CatalogueEntry } from './catalogue-nodes.js';
import { schedulable } from './catalogue-submission.js';
import { programKind, type ProgramFields } from './program-fields.js';
import type { SubmitOptions, TaskSubmission } from './submission.js';

/** One item of a batch. */
export interface BatchItem<Task extends NamedTask = NamedTask> extends TaskSubmission<Task> {
  /** Items with the same key are one execution. */
  idempotencyKey?: string;
}

/** An item by the id of a catalogue task; what is said here wins over its defaults. */
export interface CatalogueItem extends Omit<BatchItem, 'task'>, ProgramFields {
  task?: never;
  taskId: string;
}

/** An item that is a program, which no task stands for. */
export interface ProgramItem extends Omit<BatchItem, 'task' | 'workflowType'>, ProgramFields {
  task?: never;
}

export type AnyItem = BatchItem | CatalogueItem | ProgramItem;

/** Items whose inputs have to fit the definitions of their tasks, each its own. */
export type TypedItems<Tasks extends readonly NamedTask[]> = readonly [
  ...{
    [At in keyof Tasks]:
      (BatchItem<Tasks[At]> & RequiredInput<Tasks[At]>) | CatalogueItem | ProgramItem;
  },
];

/** What is scheduled of an item: a task, or the program that it stands for. */
export type ItemWork = Omit<BatchItem, 'task'> & ProgramFields & { task?: BatchItem['task'] };

/** What all items have in common; what an item says itself wins. */
export interface BatchOptions extends Omit<SubmitOptions, 'executionId' | 'requestId'> {
  /** Of the whole request: sent again, it gives the same executions and starts none. */
  idempotencyKey?: string;
  /** How those that do not say it themselves are run, as in {@link BatchItem}. */
  workflowType?: WorkflowType;
}

/** All tasks by catalogue id or by name, with the same options; the form of document 002. */
export interface BatchOfTasks<
  Tasks extends readonly NamedTask[] = readonly NamedTask[],
> extends BatchOptions {
  taskIds: Tasks;
  /** Of every one of them. */
  input?: SharedInput<Tasks[number]>;
}

/** An input that fits all of the tasks. */
type SharedInput<Task> = (
  Task extends NamedTask ? (input: TaskInput<Task>) => void : never
) extends (input: infer Input) => void
  ? Input
  : never;

/** Where items by the id of a catalogue task are found. */
export interface ItemsDoor {
  /**
   * The catalogue's task of an id.
   *
   * @param needed the id cannot be anything else
   * @throws TaskError NOT_FOUND where it is needed; TaskStateError for one that is archived
   */
  entry(id: string, needed: boolean): Promise<CatalogueEntry | undefined>;
}

/** An item as it was given: a task, the id of a catalogue task, or what may be either. */
type Said = AnyItem | { perhaps: string; input?: unknown };

/** What was given as a list. @throws TaskError CONFIGURATION when there is none */
export function itemsOf(
  given: readonly AnyItem[] | BatchOfTasks,
  options: BatchOptions,
): { items: readonly Said[]; common: BatchOptions } {
  if (!isObject(options))
    throw new TaskError(
      'CONFIGURATION',
      `scheduleTaskBatch: expected an object of what all items have in common, got ${preview(options)}`,
    );
  // A hole in the list is an item that is undefined: `map` would leave it out, and it has no entry then.
  if (Array.isArray(given)) return { items: Array.from(given as BatchItem[]), common: options };
  const { taskIds, input, ...rest } = (isObject(given) ? given : {}) as Partial<BatchOfTasks>;
  if (!Array.isArray(taskIds))
    throw new TaskError(
      'CONFIGURATION',
      `scheduleTaskBatch: expected a list of items, or { taskIds: [...] }, got ${preview(given)}`,
    );
  const items = Array.from(taskIds as BatchOfTasks['taskIds']).map((task) => ({
    ...(typeof task === 'string' ? { perhaps: task } : { task }),
    ...(input === undefined ? {} : { input }),
  }));
  return { items, common: { ...rest, ...options } };
}

/** An item that can be scheduled. */
export interface PlannedItem {
  /** Its place in the request. */
  index: number;
  taskId: string;
  item: ItemWork;
}

/** An item with all that is said of it, or why it cannot be scheduled. */
export interface Looked {
  taskId: string;
  item?: ItemWork;
  error?: unknown;
}

/** Every item as a task, or a program: ids of the catalogue become what they run. */
export async function looked(
  door: ItemsDoor,
  items: readonly Said[],
  common: Omit<BatchOptions, 'idempotencyKey'>,
): Promise<Looked[]> {
  const found = new Map<string, Promise<CatalogueEntry | undefined>>();
  const entryOf = (id: string, needed: boolean): Promise<CatalogueEntry | undefined> => {
    const key = JSON.stringify([id, needed]);
    const asked = found.get(key) ?? door.entry(id, needed);
    found.set(key, asked);
    return asked;
  };
  return await Promise.all(
    items.map(async (said, index): Promise<Looked> => {
      const wrong = itemProblem(said, index);
      if (wrong) return { taskId: '', error: wrong };
      const id = 'perhaps' in said ? said.perhaps : (said as Partial<CatalogueItem>).taskId;
      if (id === undefined) {
        const item = { ...common, ...(said as ItemWork) };
        return { taskId: itemName(item), item };
      }
      const { perhaps: _perhaps, ...rest } = { perhaps: id, ...said };
      try {
        const entry = await entryOf(id, !('perhaps' in said));
        const item = { ...common, ...(rest as Omit<CatalogueItem, 'taskId'>) };
        const faults = workflowTypeFaults(item.workflowType);
        if (faults.length > 0) throw new SpecInvalidError(faults, 'item');
        return {
          taskId: id,
          item: entry ? catalogueItem(item, id, entry) : { ...item, task: id },
        };
      } catch (error) {
        return { taskId: id, error };
      }
    }),
  );
}

/** What is no item, or cannot be looked up as one; all else is said once it is a task. */
function itemProblem(said: unknown, index: number): SpecInvalidError | undefined {
  const refused = (field: string[], message: string): SpecInvalidError =>
    new SpecInvalidError([fault(['items', index, ...field], 'INVALID_TYPE', message)], 'item');
  if (!isObject(said))
    return refused(
      [],
      `expected { task: "<name>", input, … } or { taskId: "<id>", … }, got ${preview(said)}`,
    );
  for (const field of ['taskId', 'idempotencyKey'])
    if (said[field] !== undefined && !(typeof said[field] === 'string' && said[field] !== ''))
      return refused([field], `expected a text that is not empty, got ${preview(said[field])}`);
  return undefined;
}

function catalogueItem(
  { idempotencyKey, ...said }: Partial<CatalogueItem>,
  taskId: string,
  { task, project }: CatalogueEntry,
): ItemWork {
  const what = schedulable({ ...said, taskId }, task, project);
  if (what.kind === 'graph')
    throw new TaskError(
      'CONFIGURATION',
      `catalogue task ${JSON.stringify(taskId)} runs a graph, and an item of a batch is one task; schedule it by itself, with scheduleTask({ taskId })`,
    );
  const { submission } = what;
  return {
    ...submission,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    metadata: { ...submission.metadata, ...catalogueMark(task) },
  };
}

/** What an item is called: the name of its task, or of the kind of its program; empty where it has neither. */
function itemName({ task, ...said }: ItemWork): string {
  const kind = programKind(said);
  return task === undefined && kind !== undefined ? KIND_TASK[kind] : nameOf(task);
}

/** The name of a task, or of its definition; empty for what is neither. */
export function nameOf(task: unknown): string {
  const name: unknown =
    typeof task === 'string' ? task : (task as AnyTask | null | undefined)?.name;
  return typeof name === 'string' ? name : '';
}
