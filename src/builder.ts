/** The builder: a graph in code, its edges by handle and its data flow typed. What it makes is a plain spec. */
import {
  questionOf,
  type ApprovalOutput,
  type BelowOptions,
  type FlowOptions,
  type MapSettings,
  type NodeHandle,
  type NodeInput,
  type NodeOptions,
  type ProgramOptions,
  type Question,
  type TaskNodeOptions,
} from './builder/node-options.js';
import {
  paramSpecOf,
  type ParamRefs,
  type ParamSchema,
  type ParamSchemas,
  type ParamsOf,
  type ParamValue,
} from './builder/params.js';
import { append } from './domain/append.js';
import { namedIn, plain, reads, reference, type Ref, type Templated } from './builder/refs.js';
import { TaskError } from './domain/errors.js';
import { setOwn } from './domain/json.js';
import { overOf } from './domain/node-kind.js';
import type { ProgramKind } from './domain/program.js';
import type { GraphSpec, ParamSpec } from './domain/spec.js';
import type { AnyTask, GivenInput, TaskDefinition } from './registry.js';
import type { ResultInput, Shaped } from './domain/shaped-output.js';
import { undoOf, type ProgramInput, type SaidUndo } from './undo-options.js';

export { secret, variable, type Ref, type Reference, type Templated } from './builder/refs.js';
export type {
  ParamRefs,
  ParamSchema,
  ParamSchemas,
  ParamsOf,
  ParamValue,
} from './builder/params.js';
export type {
  ApprovalOutput,
  BelowOptions,
  MapSettings,
  NodeHandle,
  NodeOptions,
  ProgramOptions,
  Question,
  TaskNodeOptions,
} from './builder/node-options.js';
export type { ProgramInput, SaidUndo, Undo, UndoOptions, UndoTask } from './undo-options.js';

type Defaults = NonNullable<GraphSpec['defaults']>;
/** The fields of a pipeline beside `name` and `tasks`. */
export type GraphOptions<Schemas extends ParamSchemas = ParamSchemas> = Omit<
  GraphSpec,
  'name' | 'tasks' | 'params' | 'defaults'
> & {
  /** Parameters by name: zod schemas, or JSON Schema. They type {@link GraphBuilder.params}, and `params` at submit. */
  params?: Schemas | undefined;
  /** Options for every node that does not say otherwise. */
  defaults?: GraphDefaults | undefined;
};
/** As a spec has them, or with what undoes as nodes have it in code. */
type GraphDefaults = Omit<Defaults, 'compensate'> & {
  compensate?: SaidUndo | Defaults['compensate'];
};
type ParamSpecs = Record<string, ParamSpec>;

/** The outputs of leaves by their ids. */
type LeavesOf<Handles extends Record<string, NodeHandle<unknown>>> = {
  [Id in keyof Handles]: Handles[Id] extends NodeHandle<infer Output> ? Output : never;
};

/** What each item of a map gives; null for one that failed and may. */
type ItemOutput<Output, Settings> = Settings extends { allowFailure: true }
  ? Output | null
  : Output;

/**
 * A graph in code: each call adds a node and gives its handle.
 *
 * @typeParam Output of its leaves by id, as {@link leaves} says
 * @typeParam Params what may be given for its parameters; unknown where `defineGraph` was given none
 */
export class GraphBuilder<Output = Record<string, unknown>, Params = unknown> {
  /** Only a type: the outputs of its leaves. */
  declare readonly leavesOutput: Output;
  /** Only a type: what may be given for its parameters. */
  declare readonly givenParams: Params;
  private readonly nodes: GraphSpec['tasks'] = [];
  private readonly definitions = new Map<string, AnyTask>();
  private readonly paramSpecs: ParamSpecs = {};
  private readonly options: Omit<GraphSpec, 'name' | 'tasks'>;

  constructor(
    private readonly name: string,
    options: GraphOptions = {},
  ) {
    const { defaults, params = {}, ...rest } = options;
    for (const [param, schema] of Object.entries(params)) this.param(param, schema);
    this.options = {
      ...rest,
      ...(defaults === undefined ? {} : { defaults: this.defaultsOf(defaults) }),
    };
  }

  /** References to the parameters that `defineGraph` was given. */
  get params(): ParamRefs<NoInfer<Params>> {
    const refs: Record<string, unknown> = {};
    for (const name of Object.keys(this.paramSpecs)) setOwn(refs, name, paramRef(name));
    return refs as ParamRefs<NoInfer<Params>>;
  }

  /**
   * Declares a parameter and gives its reference. Without `default` it must be given at submit, where the compiler knows
   * only those that `defineGraph` was given.
   *
   * @param schema a zod schema, or JSON Schema; its type is the reference's, unless that is stated
   * @throws TaskError CONFIGURATION for a zod schema that JSON Schema cannot say
   */
  param<T = never, const Schema extends ParamSchema = ParamSpec>(
    name: string,
    schema?: Schema,
  ): Ref<[T] extends [never] ? ParamValue<Schema> : T> {
    setOwn(this.paramSpecs, name, paramSpecOf(this.name, name, schema ?? {}));
    return paramRef(name);
  }

  /**
   * Adds a task. It waits for every node that its input or its condition reads, and for `dependsOn`.
   *
   * @param task a definition, or a task's name where the definition is not at hand; its output may then be stated
   * @throws TaskError CONFIGURATION when the id is taken
   */
  add<
    Output = unknown,
    Input = never,
    Given = Input,
    Made = unknown,
    const Result extends ResultInput = ResultInput,
  >(
    id: string,
    task: TaskDefinition<Input, Output, Given, Made> | string,
    options: TaskNodeOptions<NoInfer<Input>, NoInfer<Output>, Result> & {
      input?: NoInfer<Templated<GivenInput<Input, Given>>>;
    } = {},
  ): NodeHandle<Shaped<Output, Result>> {
    return this.push(id, { task: this.taskName(task as AnyTask | string) }, options);
  }

  /**
   * Adds a task for each item of a list; its output is the list of their outputs, in order.
   *
   * @param over a reference to a list, a CEL expression that gives one, or the items
   * @param task a definition, a task's name, or a graph, whose parameters the input then holds
   * @param options `input` may be a function of the item and its index; `items` says how many run at once, and so on
   * @throws TaskError CONFIGURATION when the id is taken
   */
  map<
    Item,
    Input,
    Output,
    const Settings extends MapSettings = object,
    Given = Input,
    Made = unknown,
    const Result extends ResultInput = ResultInput,
  >(
    id: string,
    over: Ref<readonly Item[]> | Ref<Item[]> | readonly Item[] | string,
    task: TaskDefinition<Input, Output, Given, Made> | string | GraphBuilder<Output, Given>,
    options: TaskNodeOptions<NoInfer<Input>, NoInfer<Output>, Result> & {
      input?:
        | NoInfer<Templated<GivenInput<Input, Given>>>
        | ((
            item: Ref<NoInfer<Item>>,
            index: Ref<number>,
          ) => NoInfer<Templated<GivenInput<Input, Given>>>);
      items?: Settings;
    } = {},
  ): NodeHandle<ItemOutput<Shaped<Output, Result>, Settings>[]> {
    const { input, items, ...rest } = options;
    const given: unknown =
      typeof input === 'function'
        ? (input as (...of: unknown[]) => unknown)(reference('item'), reference('index'))
        : input;
    const list = Array.isArray(over) ? (plain(over) as unknown[]) : String(over);
    const map = items === undefined && typeof list === 'string' ? list : { over: list, ...items };
    const what =
      task instanceof GraphBuilder ? { graph: this.inner(task) } : { task: this.taskName(task) };
    return this.push(id, { ...what, map }, { ...rest, input: given });
  }

  /**
   * Adds a graph that runs below this one; its output is that of its leaves, by their ids.
   *
   * @param graph a builder, a spec, or the name of a template of the worker
   * @param options `input` holds the graph's parameters
   * @throws TaskError CONFIGURATION when the id is taken
   */
  graph<Output = Record<string, unknown>, Params = unknown>(
    id: string,
    graph: GraphBuilder<Output, Params> | GraphSpec | string,
    options: BelowOptions & { input?: NoInfer<Templated<Params>> } = {},
  ): NodeHandle<Output> {
    const inner = graph instanceof GraphBuilder ? this.inner(graph) : graph;
    return this.push(id, { graph: inner }, options);
  }

  /**
   * Adds a question to a person or a system; its output is the answer.
   *
   * @throws TaskError CONFIGURATION when the id is taken
   */
  approval<Payload = unknown>(
    id: string,
    question: Question<Payload>,
    options: BelowOptions = {},
  ): NodeHandle<ApprovalOutput<Payload>> {
    return this.push(id, { approval: questionOf(question) }, options);
  }

  /**
   * Types the output of this graph, for where it runs below another, by the nodes that nothing depends on:
   * `leaves({ total })` where `total` is the handle of the node with that id.
   *
   * @throws TaskError CONFIGURATION where these are not exactly those nodes
   */
  leaves<Handles extends Record<string, NodeHandle<unknown>>>(
    handles: Handles,
  ): GraphBuilder<LeavesOf<Handles>, Params> {
    const waited = new Set(this.nodes.flatMap(({ dependsOn = [] }) => dependsOn));
    const are = this.nodes.map(({ id }) => id).filter((id) => !waited.has(id));
    const said = Object.keys(handles);
    const other = said.find((id) => handles[id]?.id !== id);
    if (other !== undefined || [...are].sort().join('\n') !== [...said].sort().join('\n'))
      throw new TaskError(
        'CONFIGURATION',
        `graph ${this.name}: the leaves are ${are.join(', ')}, got ${said.join(', ')}`,
      );
    return this as unknown as GraphBuilder<LeavesOf<Handles>, Params>;
  }

  /** A node that was added before, or that the spec had. @throws TaskError CONFIGURATION where there is none */
  node<Output = unknown>(id: string): NodeHandle<Output> {
    if (this.nodes.some((node) => node.id === id)) return handleOf<Output>(id);
    throw new TaskError('CONFIGURATION', `graph ${this.name}: no node ${JSON.stringify(id)}`);
  }

  /** The spec: plain JSON, ready for YAML or a raw client. */
  toSpec(): GraphSpec {
    return structuredClone({
      name: this.name,
      ...this.options,
      ...(Object.keys(this.paramSpecs).length > 0 ? { params: this.paramSpecs } : {}),
      tasks: this.nodes,
    });
  }

  /** The definitions that nodes were added with: `startWorker({ tasks: graph.tasks })`. */
  get tasks(): AnyTask[] {
    return [...this.definitions.values()];
  }

  /** A builder of a spec, to add to it: `toSpec()` gives the same spec again. */
  static from(spec: GraphSpec): GraphBuilder {
    const { name, tasks, params, ...options } = structuredClone(spec);
    const builder = new GraphBuilder(name, options);
    for (const [param, schema] of Object.entries(params ?? {})) builder.param(param, schema);
    if (params && Object.keys(params).length === 0) Object.assign(builder.options, { params });
    append(builder.nodes, tasks);
    return builder;
  }

  /**
   * Adds a program: code for a runtime, a command, an image or a function, said in data.
   *
   * @param program `{ process }`, `{ container }` or `{ faas }`, as in a pipeline
   * @throws TaskError CONFIGURATION when the id is taken
   */
  program<Output = unknown>(
    id: string,
    program: ProgramInput,
    options: ProgramOptions = {},
  ): NodeHandle<Output> {
    return this.push(id, program, options);
  }

  private push<Output>(
    id: string,
    what: Pick<NodeInput, 'task' | 'graph' | 'approval' | 'map' | ProgramKind>,
    options: FlowOptions & Pick<NodeOptions<never, never>, 'compensate'> & { input?: unknown },
  ): NodeHandle<Output> {
    if (this.nodes.some((node) => node.id === id))
      throw new TaskError(
        'CONFIGURATION',
        `graph ${this.name}: two nodes have the id ${JSON.stringify(id)}`,
      );
    const { dependsOn = [], input, when, compensate, ...rest } = options;
    const given = plain(input);
    const condition = when === undefined ? undefined : String(when);
    const over = what.map === undefined ? undefined : overOf(what.map);
    const named = [...namedIn(condition, 'condition'), ...namedIn(over, 'list')];
    const read = this.nodes
      .filter((node) => named.includes(node.id) || reads([given, over, what.approval], node.id))
      .map((node) => node.id);
    const all = [...new Set([...dependsOn.map((node) => node.id), ...read])];
    const undo = compensate === undefined ? undefined : this.undo(compensate);
    this.nodes.push({
      id,
      ...what,
      ...(all.length > 0 ? { dependsOn: all } : {}),
      ...(given === undefined ? {} : { input: given }),
      ...(condition === undefined ? {} : { when: condition }),
      ...(undo === undefined ? {} : { compensate: undo }),
      ...rest,
    });
    return handleOf<Output>(id);
  }

  private defaultsOf({ compensate, ...rest }: GraphDefaults): Defaults {
    return compensate === undefined
      ? rest
      : { ...rest, compensate: this.undo(compensate as SaidUndo) };
  }

  private undo(compensate: SaidUndo<never, never>): NonNullable<NodeInput['compensate']> {
    const { spec, definition } = undoOf(compensate);
    if (definition) this.definitions.set(definition.name, definition);
    return spec;
  }

  private taskName(task: AnyTask | string): string {
    if (typeof task === 'string') return task;
    this.definitions.set(task.name, task);
    return task.name;
  }

  /** The spec of a graph that runs below, and its definitions with ours. */
  private inner(graph: GraphBuilder<unknown>): Record<string, unknown> {
    for (const task of graph.tasks) this.definitions.set(task.name, task);
    return { ...graph.toSpec() };
  }
}

/**
 * Starts a graph in code.
 *
 * @throws TaskError CONFIGURATION for a parameter whose zod schema JSON Schema cannot say
 */
export function defineGraph<const Schemas extends ParamSchemas = never>(
  name: string,
  options?: GraphOptions<Schemas>,
): GraphBuilder<Record<string, unknown>, ParamsOf<Schemas>> {
  return new GraphBuilder(name, options);
}

const paramRef = <T>(name: string): Ref<T> => reference<T>(`params.${name}`);

function handleOf<Output>(id: string): NodeHandle<Output> {
  const at = `tasks[${JSON.stringify(id)}]`;
  return {
    ...{ id, output: reference(`${at}.output`), status: reference(`${at}.status`) },
    artifact: (name) => reference(`${at}.artifacts[${JSON.stringify(name)}]`),
  };
}
