/**
 * What every field of a pipeline file is, in one line: for editors (`tempograph schema`) and for the tables of
 * docs/pipelines.md, which a test holds to these words. A field without words does not compile.
 */
import type { z } from 'zod';
import type { CircuitSettings } from './circuit.js';
import type { Compensate } from './compensation.js';
import type { ApprovalOptions, MapOptions } from './node-kind.js';
import type { ContainerSpec, FaasSpec, ProcessSpec, Resources, Security } from './program.js';
import type { ResultOptions } from './result-options.js';
import type { RetryObjectSchema } from './retry-options.js';
import type { GraphSpec, NodeSpec, TaskOptions } from './spec.js';

type Words<Fields extends PropertyKey> = Readonly<Record<Fields, string>>;

export const GRAPH_WORDS: Words<keyof GraphSpec> = {
  name: 'The name of the pipeline.',
  version: "Changes when the pipeline's meaning does. Default '1'.",
  description: 'What it is for; shown by `tempograph templates`.',
  params: 'Parameters: a JSON Schema 2020-12 for each. One without `default` must be given.',
  concurrency: 'Tasks that run at once, 1 to 1,000. Default 10.',
  onFailure:
    '`continue` (default): independent branches go on. `failFast`: what runs is cancelled, nothing more starts.',
  compensation:
    'When what completed tasks with `compensate` did is undone. Default `onFailureOrCancel`.',
  deadline: 'The execution ends TIMEOUT when it is not done by then; a duration from its start.',
  hooks: 'Names of registered hooks that run before and after every task.',
  defaults:
    'Options for every task that does not say otherwise; `compensate`, `metadata` and `tags` too.',
  metadata: 'JSON of your own, at most 64 KiB.',
  tags: 'At most 50 tags to find executions by.',
  tasks: 'The nodes, in any order.',
};

export const NODE_WORDS: Words<Exclude<keyof NodeSpec, keyof TaskOptions>> = {
  id: 'Unique in the graph: 1 to 128 of A-Z a-z 0-9 _ . -, neither `.` nor `..`',
  task: 'The name of the task that it runs. A node has one of `task`, `process`, `container`, `faas`, `graph` and `approval`.',
  process:
    'A program: code for a runtime, or a command, in a sandbox; see [isolation](isolation.md).',
  container: 'An image that Docker or Podman runs.',
  faas: 'A function, asked by HTTP or of AWS Lambda.',
  inputSchema: "JSON Schema 2020-12 of a program's input.",
  outputSchema: "JSON Schema 2020-12 of a program's output.",
  graph:
    "A graph that it runs: a template's name, or a whole graph written here. `input` holds that one's parameters.",
  approval: 'A question that a person or a system answers; the node waits for it.',
  map: 'A list, or a CEL expression that gives one: runs for each item, with `item` and `index` in its input.',
  compensate:
    'The task or the program that undoes its work when the graph fails or is cancelled later; false for none.',
  description: 'What it is for.',
  dependsOn: 'Ids of the nodes that it waits for.',
  input:
    "The task's input: JSON whose strings may hold `${{ CEL }}` over params, tasks, execution, env and secrets.",
  trigger: 'When it runs, given how its dependencies ended. Default `all_success`.',
  when: 'A CEL condition: where it is false the node is SKIPPED.',
  allowFailure: 'Its failure does not fail the graph, and counts as success for dependants.',
  onCancel:
    'What a cancel of the graph, or its deadline, does to it: `stop` (default), or `run`, for what has to clean up.',
  scheduledTime: 'Not before this ISO time with a zone, or this long after its dependencies.',
  metadata: 'JSON of your own, over that of the graph.',
  tags: 'Tags of this node.',
};

export const OPTION_WORDS: Words<keyof TaskOptions> = {
  priority: 'Which goes first among those that are ready. Default MEDIUM.',
  retry: "How failures are retried: a strategy's name, or an object. Default 3 retries, 5 s, ×2.",
  timeout: 'Time of one attempt. Default 1 h.',
  totalTimeout: 'Time over all attempts and waits. Default none.',
  heartbeatTimeout: 'A worker silent for this long counts as lost. Default 30 s, at least 1 s.',
  queueTimeout: 'How long it may wait for a worker; null for no bound. Default 24 h.',
  queue: "The Temporal task queue. Default: the execution's own.",
  maxLostWorkers: 'How many workers it may lose before it is given up. Default 3.',
  limit: 'At most so many at once over all executions: a key, or key, max and weight.',
  circuit: 'A circuit breaker: a name, or a name with its settings; false for none.',
  cache: 'Keeps the result by task, version and input. Default false.',
  result: 'What becomes of the output before it is stored.',
  onUnknown:
    'What to do when nobody knows whether an attempt did its work: retry (default), ask, or a task to verify it.',
  light:
    'It is quick and may run twice: such nodes run together, many in one activity. `auto` where it was quick of late. Default false.',
  isolation:
    'Where it runs: `in-process`, `thread`, `process`, `container` or `faas`. Default by what it is.',
  resources: 'What a program may use. Default 0.1 CPU, 128Mi of memory, 500Mi of disk.',
  security: 'How a program is held.',
  expectedDuration: 'How long it usually takes: for `plan` and the deadline.',
};

const RETRY: Words<keyof z.output<typeof RetryObjectSchema>> = {
  strategy: 'How waits grow. Default EXPONENTIAL_BACKOFF, or DELAY_LIST where `delays` is given.',
  maxRetries: 'Retries after the first attempt. Default 3.',
  delay: 'The first wait. Default 5 s.',
  factor: 'Growth of EXPONENTIAL_BACKOFF. Default 2.',
  maxDelay: 'Cap of growing waits; null for none. Default: the larger of 60 s and `delay`.',
  delays: 'The waits of DELAY_LIST, in order; the last repeats.',
  jitter: 'Random spread of a wait, as a fraction; true is 0.25. Default 0.',
  retryOn: 'Codes or names of errors that are retried; then others are not.',
  neverRetryOn: 'Codes or names of errors that are never retried.',
  unknownErrors: 'What happens to an error on no list. Default retry.',
  maxRetryAfter: 'Longest wait that an error may ask for itself. Default 1 h.',
  byError: 'A policy of its own for an error, by code or name.',
};

const MAP: Words<keyof MapOptions> = {
  over: 'The list: items, or a CEL expression that gives them.',
  concurrency: 'Items that run at once. Default 10.',
  maxItems: 'A longer list is a failure. Default 10,000, at most 250,000.',
  onFailure: 'What the failure of an item does to the others. Default continue.',
  allowFailure: 'An item that fails gives null, and does not fail the node.',
};

const APPROVAL: Words<keyof ApprovalOptions> = {
  message: 'What is asked; may hold `${{ … }}`.',
  by: 'Names of those who may answer. Default: anybody.',
  timeout: "How long to wait. Default: the graph's deadline.",
  onTimeout: 'What no answer means. Default fail.',
  onDeny: 'What a no means. Default fail.',
  payload: 'JSON Schema of what the answer has to bring.',
};

const COMPENSATE: Words<keyof Compensate> = {
  task: 'The name of the task that undoes. It has one of `task`, `process`, `container` and `faas`.',
  process: 'A program that undoes, as of a node; its `${{ input.x }}` is the input below.',
  container: 'An image that does.',
  faas: 'A function that does.',
  input: 'Its input; may hold `${{ … }}` over `input` and `output` of the node. Default both.',
  inputSchema: "JSON Schema 2020-12 of a program's input.",
  retry: 'How its failures are retried.',
  timeout: 'Time of one of its attempts. Default 1 h, of a program 300 s.',
  queue: "The Temporal task queue. Default: the execution's own, or that of the program's kind.",
  isolation: 'Where a program runs. Default by what it is.',
  resources: 'What a program may use; what it does not say is as at the node.',
  security: 'How a program is held; what it does not say is as at the node.',
};

const RESULT: Words<keyof ResultOptions> = {
  select: 'CEL: the part of `output` that is kept.',
  transform: 'CEL: what is made of it.',
  merge: 'CEL: an object that its fields are put over.',
  store: '`inline` or `reference`. Default: inline up to 4 KiB.',
  async:
    'Dependants that do not read the output need not wait for this; a failure of it is a warning. Default false.',
};

const CIRCUIT: Words<keyof CircuitSettings | 'name'> = {
  name: 'Nodes of a project that name the same circuit share it.',
  failures: 'Failures within the window that open it. Default 5.',
  window: 'Default 60 s.',
  openFor: 'How long it stays open. Default 30 s.',
  probes: 'Nodes that try at once after that. Default 1.',
  minCalls: 'Fewer calls in the window never open it. Default 5.',
};

/** What every program may be given. */
const GIVEN = {
  env: 'Variables of its environment; may hold `${{ input.x }}`.',
  secrets: 'Names of secrets; each is a variable of its environment.',
  files: 'Read-only files beside it, by name.',
};

const PROCESS: Words<keyof ProcessSpec> = {
  runtime: 'What runs the code: node, python, java, or javascript (Deno without permissions).',
  code: 'The text of the program.',
  file: "A file beside the pipeline's that holds it.",
  command: 'Program and arguments, instead of a runtime; may hold `${{ input.x }}`.',
  args: 'Arguments behind the code; may hold `${{ input.x }}`.',
  preload:
    'Modules that a sandbox which waits for the program has imported by then (node and python).',
  network:
    '`none` (default), or a list of `<host>:<port>` that it may reach by HTTP or CONNECT, through a proxy.',
  ...GIVEN,
};

const CONTAINER: Words<keyof ContainerSpec> = {
  image: 'The image.',
  command: "Instead of the image's own; may hold `${{ input.x }}`.",
  entrypoint: "Instead of the image's own; may hold `${{ input.x }}`.",
  workdir: "The folder that it begins in. Default the image's.",
  pull: 'When the image is pulled: missing (default), always or never.',
  mounts: "Folders of the worker's host, where the worker allows them.",
  network:
    '`none` (default), or the name of a network of the engine, where the worker allows it (`containerNetworks`); nothing on it is filtered.',
  ...GIVEN,
};

const FAAS: Words<keyof FaasSpec> = {
  url: 'The address that is asked.',
  function: 'Instead: name or ARN of a function of AWS Lambda.',
  protocol: 'http (default) or cloudevents.',
  method: 'POST (default) or PUT.',
  headers: 'Headers of the request.',
  secretHeaders: 'Headers whose value is the secret of this name.',
  type: 'The type of the event. Default `tempograph.task.invoked`.',
  qualifier: 'Version or alias of the function.',
  region: "Default the worker's.",
};

const RESOURCES: Words<keyof Resources> = {
  cpu: 'Of one CPU. Default 0.1.',
  memory: "Bytes, or such as '256Mi'. Default 128Mi.",
  disk: 'What it may write. Default 500Mi.',
  processes: 'Processes and threads at once. Default 64.',
  logs: 'Standard output and error, each, before it is ended. Default 1Mi.',
};

const SECURITY: Words<keyof Security> = {
  level:
    'LOW (default), MEDIUM: sandboxed, nothing missing; HIGH: a container, or the strictest sandbox.',
  runAs: '`default-user`: an unprivileged user of its own.',
  permissions: '`network:<host>:<port>`, `network:<name>`, `env:<NAME>`, `secret:<name>`.',
};

/** Words for the fields of what a field holds, by the field's name. */
export const INNER_WORDS = {
  retry: RETRY,
  byError: RETRY,
  map: MAP,
  approval: APPROVAL,
  compensate: COMPENSATE,
  process: PROCESS,
  container: CONTAINER,
  faas: FAAS,
  resources: RESOURCES,
  security: SECURITY,
  result: RESULT,
  circuit: CIRCUIT,
  limit: {
    key: 'The key; may hold `${{ params.x }}`.',
    max: 'Places in all.',
    weight: 'Places that one node takes. Default 1.',
  },
  cache: {
    ttl: 'How long a result is good.',
    key: 'What tells results apart, instead of the input.',
  },
  hooks: { pre: 'Before each attempt.', post: 'After the end of each node.' },
  onUnknown: { verify: 'A task that answers { done, output? }.' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;
