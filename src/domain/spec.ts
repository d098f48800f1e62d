/**
 * The spec of a graph: what a pipeline file, the builder and a raw client all come down to. Plain JSON, a flat list.
 * Durations stay as written until a plan is made of the spec.
 */
import { z } from 'zod';
import { byName } from './by-name.js';
import { CacheSchema } from './cache.js';
import { CircuitSchema } from './circuit.js';
import { CompensateSchema, COMPENSATIONS } from './compensation.js';
import { ISOLATIONS } from './choose-runner.js';
import { DurationSchema, TimeLimitSchema } from './duration.js';
import { jsonBytes } from './json.js';
import { JSON_DEPTH } from './json-faults.js';
import { LimitSchema } from './limit.js';
import { ApprovalSchema, MapSchema } from './node-kind.js';
import { PRIORITIES } from './priority.js';
import {
  ContainerSchema,
  FaasSchema,
  ProcessSchema,
  ResourcesSchema,
  SecuritySchema,
} from './program.js';
import { QueueSchema } from './queue-name.js';
import { RerunSchema } from './rerun.js';
import { ResultSchema } from './result-options.js';
import { RetryOptionsSchema } from './retry-options.js';
import { TRIGGER_RULES } from './trigger.js';
import { OnUnknownSchema } from './unknown-outcome.js';

/** Limits that a spec is held to before anything starts. */
export const SPEC_LIMITS = {
  /** Bytes of the spec's JSON. */
  bytes: 200_000_000,
  nodes: 250_000,
  depth: JSON_DEPTH,
  metadataBytes: 64 * 1_024,
} as const;

/** Of what is said beside a spec: it stands in the workflow's arguments, and Temporal refuses payloads of over 2 MB. */
export const SUBMISSION_LIMITS = { bytes: 1_900_000, depth: SPEC_LIMITS.depth } as const;

export const NODE_ID = /^[A-Za-z0-9_.-]{1,128}$/;
/** Task names are Temporal activity types; ours begin with `tempograph.`. */
export const TASK_NAME = /^[^\s/\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]{1,128}$/u;
export const TASK_NAME_WORDS = '1 to 128 characters without spaces, control characters or "/"';

const Name = z.string().min(1).max(200);
const NodeId = z
  .string()
  .regex(NODE_ID, 'must be 1 to 128 of the characters A-Z a-z 0-9 _ . -')
  .refine((id) => !/^\.{1,2}$/.test(id), 'must be another: no address over HTTP holds it');
const Metadata = byName(z.string(), z.unknown()).refine(
  (value) => jsonBytes(value) <= SPEC_LIMITS.metadataBytes,
  'must have at most 64 KiB of JSON',
);

const Tags = z.array(z.string().max(200)).max(50);

/** An execution's id, or a node's behind a slash. */
const ExecutionId = z
  .string()
  .regex(
    /^[^/]{1,255}(\/[A-Za-z0-9_.-]{1,128})?$/,
    'must be an execution id of 1 to 255 characters, or <execution>/<node>',
  );

const StartTime = z.union([
  DurationSchema,
  z.iso.datetime({
    offset: true,
    error:
      'must be a delay such as "10m", or an ISO time with a zone, such as 2027-01-31T08:00:00Z',
  }),
]);

/** What may be said of a task wherever options are taken: node, submission, `defaults`, definition, settings. */
export const TaskOptionsSchema = z.strictObject({
  /** Default MEDIUM. Orders our ready queue and, where the server's matcher does so, its task queues. */
  priority: z.enum(PRIORITIES).optional(),
  /** Default EXPONENTIAL_BACKOFF, 3 retries, 5 s, ×2, at most 60 s. */
  retry: RetryOptionsSchema.optional(),
  /** Time for one attempt. Default 1 h. */
  timeout: TimeLimitSchema.optional(),
  /** Time over all attempts and waits, from when the node is first handed to a worker. Default none. */
  totalTimeout: TimeLimitSchema.optional(),
  /** A worker silent for this long counts as lost. Default 30 s; at least 1 s. */
  heartbeatTimeout: TimeLimitSchema.optional(),
  /** How long an attempt may wait for a worker; null for no bound. Default 24 h. */
  queueTimeout: TimeLimitSchema.nullable().optional(),
  /** The Temporal task queue. Default: the execution's own. */
  queue: QueueSchema.optional(),
  /** How often a lost worker may cost this node an attempt before it is given up. Default 3. */
  maxLostWorkers: z.int().min(0).max(100).optional(),
  /** A key, or a key with `max` and `weight`: at most `max` at once over all graphs of the project and all workers. */
  limit: LimitSchema.optional(),
  /**
   * A name, or a name with `failures`, `window`, `openFor`, `probes` and `minCalls`: after that many failures the nodes of
   * all graphs of the project that name it are held, and no attempt is spent, until one of them has succeeded again. False
   * for none, where `defaults` name one, or the target of a function or a container's engine has one of its own.
   */
  circuit: CircuitSchema.optional(),
  /**
   * Keeps the result, by task, version and input after hooks, per project: the same work is done once, for as long as
   * `ttl` says. Default false.
   */
  cache: CacheSchema.optional(),
  /**
   * What becomes of the output once its schema has taken it: `select`, `transform`, `merge` (CEL over `output` and
   * `input`) and `store`.
   */
  result: ResultSchema.optional(),
  /**
   * What to do when an attempt timed out or its worker was lost, so that nobody knows whether the work was done: run it
   * again, ask a person, or ask a task. Default retry.
   */
  onUnknown: OnUnknownSchema.optional(),
  /**
   * It is quick and may run again although it had ended: nodes that say so are run together, many in one activity, where
   * they run in the worker's own process and neither wait for a limit nor end elsewhere. `auto`: where the store has seen
   * it complete 20 times in the last day, 19 of 20 within 100 ms. Default false.
   */
  light: z.literal([true, false, 'auto']).optional(),
  /** Where it runs. Default by its kind and its `security.level`: see docs/isolation.md. */
  isolation: z.enum(ISOLATIONS).optional(),
  /** What a program may use: `cpu`, `memory`, `disk`, `processes`, `logs`. */
  resources: ResourcesSchema.optional(),
  /** How a program is held: `level`, `runAs`, `permissions`. */
  security: SecuritySchema.optional(),
  /** How long it usually runs: for `plan`, and not to start what cannot be done before the graph's deadline. */
  expectedDuration: DurationSchema.optional(),
});
export type TaskOptions = z.output<typeof TaskOptionsSchema>;
/** Options of a task as one writes them: at a node, in `defaults`, at submission. */
export type TaskOptionsInput = z.input<typeof TaskOptionsSchema>;

/** The same, and what is said of a node itself and not of its attempts: node, `defaults` and definition have it. */
export const DefaultsSchema = TaskOptionsSchema.extend({
  /**
   * The task or the program that undoes its work, once it completed and the graph then failed or was cancelled. False for
   * none, where `defaults` or the task's definition name one.
   */
  compensate: CompensateSchema.optional(),
  metadata: Metadata.optional(),
  tags: Tags.optional(),
});
export type Defaults = z.output<typeof DefaultsSchema>;
export type DefaultsInput = z.input<typeof DefaultsSchema>;

export const NodeSpecSchema = DefaultsSchema.extend({
  id: NodeId,
  /** The name of the task it runs. A node has one of `NODE_WORK`. */
  task: Name.optional(),
  /** A program: code for a runtime, or a command, in a sandbox. */
  process: ProcessSchema.optional(),
  /** An image that a container engine runs. */
  container: ContainerSchema.optional(),
  /** A function that is asked by HTTP, or of AWS Lambda. */
  faas: FaasSchema.optional(),
  /** JSON Schema of a program's input, checked before anything of it is prepared. */
  inputSchema: byName(z.string(), z.unknown()).optional(),
  /** JSON Schema of a program's output. */
  outputSchema: byName(z.string(), z.unknown()).optional(),
  /** A graph to run in its place: a pipeline by its name, or whole. `input` holds that one's parameters. */
  graph: z.union([Name, byName(z.string(), z.unknown())]).optional(),
  /** A question; the node ends with the answer. */
  approval: ApprovalSchema.optional(),
  /** A list: the task or graph runs for each of its items, with `item` and `index` in its input. */
  map: MapSchema.optional(),
  description: z.string().max(1_000).optional(),
  /** Ids of the nodes it waits for. */
  dependsOn: z.array(z.string()).default([]),
  /** The task's input: JSON whose strings may hold `${{ expression }}`. Default null. */
  input: z.unknown().optional(),
  /** When it runs, given how its dependencies ended. Default all_success. */
  trigger: z.enum(TRIGGER_RULES).default('all_success'),
  /**
   * A CEL expression, bare or in `${{ … }}`: where it is false once the trigger rule has said yes, the node ends SKIPPED
   * with reason `condition`, and no attempt is spent. One that fails or gives no boolean is a failure of the node.
   */
  when: z.string().min(1, 'must be a CEL expression, such as params.full').optional(),
  /** Its failure does not fail the graph, and counts as success for its dependants. Default false. */
  allowFailure: z.boolean().default(false),
  /**
   * What a cancel of the graph, or its deadline, does to it. Default stop. `run`: it runs as its trigger says, or goes on,
   * and the graph ends after it; the deadline does not bind it.
   */
  onCancel: z.enum(['stop', 'run']).optional(),
  /** Not before this ISO time, or this long after its dependencies allow it. */
  scheduledTime: StartTime.optional(),
});
export type NodeSpec = z.output<typeof NodeSpecSchema>;

const ParamType = z.enum(['string', 'number', 'integer', 'boolean', 'array', 'object', 'null']);

/** A parameter: a JSON Schema of its values, with `default`; a parameter without one must be given. */
export const ParamSpecSchema = z.looseObject({
  type: z.union([ParamType, z.array(ParamType).min(1)]).optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
});
/** A parameter of a graph: a JSON Schema, perhaps with a default. */
export type ParamSpec = z.output<typeof ParamSpecSchema>;

const HookNames = z.array(Name).max(20).default([]);

/** The schema of a graph: what pipelines, schedules and raw clients send. */
export const GraphSpecSchema = z.strictObject({
  name: Name,
  version: z.string().min(1).max(100).default('1'),
  description: z.string().max(10_000).optional(),
  params: z.record(z.string(), ParamSpecSchema).default({}),
  /** Nodes that run at once. Default 10, at most 1,000. */
  concurrency: z.int().min(1).max(1_000).default(10),
  /** What a failure does to nodes that do not depend on it. Default continue. */
  onFailure: z.enum(['continue', 'failFast']).default('continue'),
  /** When what completed nodes with `compensate` did is undone. Default onFailureOrCancel. */
  compensation: z.enum(COMPENSATIONS).default('onFailureOrCancel'),
  /** The graph ends TIMEOUT when it is not done by then; counted from its start. */
  deadline: TimeLimitSchema.optional(),
  /** Names of registered hooks that run around every node of this graph. */
  hooks: z.strictObject({ pre: HookNames, post: HookNames }).optional(),
  /** Options for every node that does not say otherwise. */
  defaults: DefaultsSchema.optional(),
  metadata: Metadata.optional(),
  tags: Tags.optional(),
  tasks: z.array(NodeSpecSchema).min(1, 'must hold at least one task'),
});

/** A spec as it is written and sent. */
export type GraphSpec = z.input<typeof GraphSpecSchema>;
/** A spec after parsing: defaults filled in, durations in milliseconds. */
export type ParsedGraph = z.output<typeof GraphSpecSchema>;

/** What a caller may say when submitting a graph; it stands above the spec and below each node. */
export const SubmissionSchema = z.strictObject({
  params: byName(z.string(), z.unknown()).optional(),
  project: Name.optional(),
  sessionId: z.string().max(256).optional(),
  metadata: Metadata.optional(),
  tags: Tags.optional(),
  /** Executions that have to end before this one starts: ids, or `<execution>/<node>`. */
  dependencies: z.array(ExecutionId).max(200).optional(),
  /** Whether it runs, given how they ended. Default all_success. */
  trigger: z.enum(TRIGGER_RULES).optional(),
  /** Wait also for an id that nobody knows yet. Default false: it is refused. */
  awaitUnknown: z.boolean().optional(),
  /** How long to wait for them. Default 7 days, or the graph's `deadline` where that is less. */
  dependencyTimeout: TimeLimitSchema.optional(),
  /** Not before this ISO time, or this long after its workflow was started. */
  scheduledTime: StartTime.optional(),
  /**
   * What it is for whoever submitted it. Default graph. A `task` has one node and takes its status; the nodes of a `batch`
   * have nothing to do with each other, so a fault of one refuses that one alone.
   */
  kind: z.enum(['graph', 'task', 'batch']).optional(),
  options: TaskOptionsSchema.optional(),
  /** It is a rerun of an execution that has ended, and keeps its results where they still hold. */
  rerun: RerunSchema.optional(),
});
/** What travels beside a graph's spec to its workflow. */
export type Submission = z.input<typeof SubmissionSchema>;
export type ParsedSubmission = z.output<typeof SubmissionSchema>;
