/** What may be said of a node in code, by its kind. */
import { z } from 'zod';
import type { Artifact } from '../domain/artifact.js';
import { getOwn, isObject } from '../domain/json.js';
import type { GraphSpec, TaskOptionsInput } from '../domain/spec.js';
import type { TriggerRule } from '../domain/trigger.js';
import type { TaskDefinition } from '../registry.js';
import type { SaidUndo } from '../undo-options.js';
import type { Ref } from './refs.js';

export type NodeInput = GraphSpec['tasks'][number];
type MapObject = Exclude<NodeInput['map'], string | unknown[] | undefined>;
type Approval = NonNullable<NodeInput['approval']>;

/** A node that was added to a builder: what others read of it are references. */
export interface NodeHandle<Output> {
  readonly id: string;
  readonly output: Ref<Output>;
  /** The node's status, for nodes that run whatever became of this one. */
  readonly status: Ref<string>;
  /** A file that it keeps, for the input of another node: a program finds it at its `path`, `ctx.readArtifact` reads it. */
  artifact(name: string): Ref<Artifact>;
}

/** What may be said of every node. */
export interface FlowOptions {
  /** Nodes to wait for, beside those that the input, the list and the condition read. */
  dependsOn?: readonly NodeHandle<unknown>[];
  trigger?: TriggerRule;
  /** Runs only where this is true: a reference, or a CEL expression such as `tasks.check.output.rows > 0`. */
  when?: string | Ref<boolean>;
  allowFailure?: boolean;
  /** `run`: a cancel of the graph, or its deadline, does not keep it from running as its trigger says. Default `stop`. */
  onCancel?: 'stop' | 'run';
  scheduledTime?: string | number;
  description?: string;
  metadata?: Record<string, unknown>;
  tags?: string[];
}

/** What may be said of a node that runs a task: when it runs, and how. */
export interface NodeOptions<Input = unknown, Output = unknown>
  extends FlowOptions, TaskOptionsInput {
  /** What undoes its work when the graph fails or is cancelled later. */
  compensate?: SaidUndo<Input, Output>;
}

/** The same where `result` is typed: what it makes of the output the compiler cannot know. */
export type TaskNodeOptions<Input, Output, Result> = Omit<NodeOptions<Input, Output>, 'result'> & {
  /** What becomes of its output. */
  result?: Result | undefined;
};

/** What may be said of a node that runs a program. */
export interface ProgramOptions extends NodeOptions {
  input?: unknown;
  /** JSON Schemas 2020-12 of what it takes and gives. */
  inputSchema?: Record<string, unknown>;
  outputSchema?: Record<string, unknown>;
}

/** What may be said of a node whose work is a graph or a question. */
export interface BelowOptions
  extends FlowOptions, Pick<TaskOptionsInput, 'priority' | 'expectedDuration'> {}

/** What may be said of the items of a map. */
export type MapSettings = Omit<MapObject, 'over'>;

/** What an approval asks. */
export interface Question<Payload> extends Omit<Approval, 'payload'> {
  /** What the answer has to bring: a zod schema, or JSON Schema. */
  payload?: z.ZodType<Payload> | Record<string, unknown> | undefined;
}

/** The answer to an approval. */
export interface ApprovalOutput<Payload = unknown> {
  approved: boolean;
  by: string | null;
  /** An ISO time. */
  at: string;
  payload: Payload;
  note: string | null;
}

/** A question as a spec has it. */
export function questionOf({ payload, ...rest }: Question<unknown>): Approval {
  if (payload === undefined) return rest;
  const schema = payload instanceof z.ZodType ? withoutDialect(payload) : payload;
  return { ...rest, message: String(rest.message), payload: schema };
}

function withoutDialect(payload: z.ZodType): Record<string, unknown> {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(payload, { io: 'input' });
  return schema;
}

/** True for a task's definition. */
export const isTask = (what: unknown): what is TaskDefinition =>
  isObject(what) && typeof getOwn(what, 'run') === 'function';
