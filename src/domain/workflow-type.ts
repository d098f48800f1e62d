/**
 * `workflowType`: the runner that a submission names for a task, whose input then says what is run. The words are document
 * 002's, which has every task run as a container.
 */
import type { z } from 'zod';
import { fault, type Fault } from './fault.js';
import { formatPath, isObject, preview, type Path } from './json.js';
import { ContainerSchema } from './program.js';
import { faultsOfIssues } from './spec-faults.js';
import { didYouMeanValue } from './suggest.js';

/** Both name the container. */
export const WORKFLOW_TYPES = ['containerized_workflow', 'container'] as const;
/** How a task is run, instead of by a worker that knows it. */
export type WorkflowType = (typeof WORKFLOW_TYPES)[number];

export function workflowTypeFaults(said: unknown): Fault[] {
  if (said === undefined || WORKFLOW_TYPES.some((one) => one === said)) return [];
  const message = `expected one of ${WORKFLOW_TYPES.join(', ')}, got ${preview(said)}`;
  const hint = typeof said === 'string' ? didYouMeanValue(said, WORKFLOW_TYPES) : undefined;
  return [fault(['workflowType'], 'INVALID_VALUE', message, hint)];
}

type Container = z.input<typeof ContainerSchema>;
const Said = ContainerSchema.pick({ image: true, command: true });

/**
 * The container that an input names by `container_image` and `command`, and what is left of it for the program: null where
 * nothing is. Document 002's envelope `{ inputs: { container_image, … } }` is opened; one that names no image may be the
 * program's own, and stays what it is.
 *
 * @param at the input's place
 * @param defined the container that the task's definition has: what the input names wins, and it need not name any
 */
export function containerOf(
  input: unknown,
  at: Path,
  defined?: Container,
): { container: Container; input: unknown; faults?: never } | { faults: Fault[] } {
  const opened = opensTo(input);
  const given = opened ?? input;
  const place = opened ? [...at, 'inputs'] : at;
  if (!isObject(given)) {
    if (defined) return { container: defined, input };
    const message = `expected { container_image: "<image>", command: […], … }, got ${preview(given)}`;
    return { faults: [fault(place, 'INVALID_TYPE', message)] };
  }
  const { container_image: image = defined?.image, command = defined?.command, ...rest } = given;
  if (image === undefined) {
    const message = 'is required: expected the name of an image, such as alpine:3.20';
    return { faults: [fault([...place, 'container_image'], 'MISSING', message)] };
  }
  const said = { image, ...(command === undefined ? {} : { command }) };
  const read = Said.safeParse(said);
  if (read.success)
    return {
      container: { ...defined, ...read.data },
      input: Object.keys(rest).length > 0 ? rest : null,
    };
  const faults = faultsOfIssues(read.error, said, () => []).map((one) => ({
    ...one,
    path: `${formatPath(place)}.${one.path.replace(/^image/, 'container_image')}`,
  }));
  return { faults };
}

function opensTo(input: unknown): Record<string, unknown> | undefined {
  if (!isObject(input) || Object.keys(input).length !== 1) return undefined;
  const { inputs } = input;
  return isObject(inputs) && inputs['container_image'] !== undefined ? inputs : undefined;
}
