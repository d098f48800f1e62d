/** A graph as it was at last, out of the history of a run that could not say so: what edits it took while it ran. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { mergeEdit } from '../domain/graph-edit.js';
import { isObject, type Json, type JsonObject } from '../domain/json.js';
import { UPDATE } from '../workflows/messages.js';

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

/** @param history of the only run: a graph in segments takes no edits */
export async function editedSpec(
  client: Client,
  history: History,
  spec: JsonObject,
): Promise<JsonObject> {
  const converter = client.options.loadedDataConverter;
  const asked = new Map<string, Json>();
  let { tasks } = spec;
  for (const event of history.events ?? []) {
    const request = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest;
    if (request?.input?.name === UPDATE.edit) {
      const [edit] = await decodeArrayFromPayloads(converter, request.input.args?.payloads);
      asked.set(request.meta?.updateId ?? '', edit as Json);
    }
    const done = event.workflowExecutionUpdateCompletedEventAttributes;
    const edit = asked.get(done?.meta?.updateId ?? '');
    if (!done || !isObject(edit) || !Array.isArray(tasks)) continue;
    const [answer] = await decodeArrayFromPayloads(converter, done.outcome?.success?.payloads);
    if (!isObject(answer) || answer['success'] !== true) continue;
    const [add, replace] = [edit['add'] ?? [], edit['replace'] ?? []] as [Json[], Json[]];
    const merged = mergeEdit(tasks, { add, replace });
    if ('tasks' in merged) tasks = merged.tasks as Json[];
  }
  return tasks === spec['tasks'] ? spec : { ...spec, tasks: tasks as Json };
}
