/** The builder: a graph in code, its edges by handle and its data flow typed. What it makes is a plain spec. */
import { conditionProblem } from './domain/condition.js';
import type { GraphSpec, TaskOptionsInput } from './domain/spec.js';
import type { TriggerRule } from './domain/trigger.js';
import type { ParamSpec } from './domain/spec.js';
import type { AnyTask, TaskDefinition } from './registry.js';
import { TaskError } from './domain/errors.js';

declare const VALUE: unique symbol;

/**
 * A value that exists only when the graph runs: a node's output, a part of it, or a parameter. Use it inside an input,
 * or in a text as `in ${String(ref)}`; `ref.items[0].name` is a reference again.
 */
export type Ref<T> = {
  readonly [VALUE]: T;
  toString: () => string;
} & (T extends readonly (infer E)[]
  ? { readonly [index: number]: Ref<E> }
  : T extends object
    ? { readonly [K in keyof T]-?: Ref<T[K]> }
    : unknown);

/** An input in which any part may be a reference of its type. */
export type Templated<T> =
  | T
  | Ref<T>
  | (T extends string ? string : never)
  | (T extends readonly (infer E)[]
      ? readonly Templated<E>[]
      : T extends object
        ? { [K in keyof T]: Templated<T[K]> }
        : never);

export interface NodeHandle<Output> {
  readonly id: string;
  readonly output: Ref<Output>;
  /** The node's status, for nodes that run whatever became of this one. */
  readonly status: Ref<string>;
}

export interface NodeOptions extends TaskOptionsInput {
  /** Nodes to wait for, beside those that the input and the condition read. */
  dependsOn?: readonly NodeHandle<unknown>[];
  trigger?: TriggerRule;
  /** Runs only where this is true: a reference, or a CEL expression such as `tasks.check.output.rows > 0`. */
  when?: string | Ref<boolean>;
  allowFailure?: boolean;
  scheduledTime?: string | number;
  description?: string;
  metadata?: Record<string, unknown>;
  tags?: string[];
}

export type GraphOptions = Omit<GraphSpec, 'name' | 'tasks' | 'params'>;
type ParamSpecs = Record<string, ParamSpec>;

export class GraphBuilder {
  private readonly nodes: GraphSpec['tasks'] = [];
  private readonly definitions = new Map<string, AnyTask>();
  private readonly paramSpecs: ParamSpecs = {};

  constructor(
    private readonly name: string,
    private readonly options: GraphOptions = {},
  ) {}

  /** Declares a parameter and gives its reference. Without `default` it must be given at submit. */
  param<T = unknown>(name: string, spec: ParamSpec = {}): Ref<T> {
    Object.defineProperty(this.paramSpecs, name, {
      value: spec,
      enumerable: true,
      configurable: true,
    });
    return reference<T>(`params.${name}`);
  }

  /**
   * Adds a node. It waits for every node that its input or its condition reads, and for `dependsOn`.
   *
   * @param task a definition, or a task's name where the definition is not at hand
   * @throws TaskError CONFIGURATION when the id is taken
   */
  add<Input, Output>(
    id: string,
    task: TaskDefinition<Input, Output>,
    options?: NodeOptions & { input?: NoInfer<Templated<Input>> },
  ): NodeHandle<Output>;
  add<Output = unknown>(
    id: string,
    task: string,
    options?: NodeOptions & { input?: unknown },
  ): NodeHandle<Output>;
  add(
    id: string,
    task: AnyTask | string,
    options: NodeOptions & { input?: unknown } = {},
  ): NodeHandle<unknown> {
    if (this.nodes.some((node) => node.id === id))
      throw new TaskError(
        'CONFIGURATION',
        `graph ${this.name}: two nodes have the id ${JSON.stringify(id)}`,
      );
    const { dependsOn = [], input, when, ...rest } = options;
    const plain = input === undefined ? undefined : (JSON.parse(JSON.stringify(input)) as unknown);
    const condition = when === undefined ? undefined : String(when);
    const named = conditionReads(condition);
    const read = this.nodes
      .filter((node) => named.includes(node.id) || reads(plain, node.id))
      .map((node) => node.id);
    const all = [...new Set([...dependsOn.map((node) => node.id), ...read])];
    const name = typeof task === 'string' ? task : task.name;
    if (typeof task !== 'string') this.definitions.set(name, task);
    this.nodes.push({
      id,
      task: name,
      ...(all.length > 0 ? { dependsOn: all } : {}),
      ...(plain === undefined ? {} : { input: plain }),
      ...(condition === undefined ? {} : { when: condition }),
      ...rest,
    });
    const at = `tasks[${JSON.stringify(id)}]`;
    return { id, output: reference(`${at}.output`), status: reference(`${at}.status`) };
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
}

/** Starts a graph in code. */
export function defineGraph(name: string, options?: GraphOptions): GraphBuilder {
  return new GraphBuilder(name, options);
}

function reads(value: unknown, id: string): boolean {
  return (
    value !== undefined &&
    JSON.stringify(value).includes(JSON.stringify(`tasks[${JSON.stringify(id)}]`).slice(1, -1))
  );
}

/** Ids that a condition names; none where it does not parse, which validation says. */
function conditionReads(when: string | undefined): string[] {
  const condition = when === undefined ? undefined : conditionProblem(when);
  return condition && 'references' in condition ? condition.references.tasks : [];
}

function reference<T>(expression: string): Ref<T> {
  const text = `\${{ ${expression} }}`;
  return new Proxy(Object.freeze({}), {
    get(_target, key) {
      if (key === 'toJSON' || key === Symbol.toPrimitive || key === 'toString') return () => text;
      if (typeof key === 'symbol') return undefined;
      return reference(
        /^\d+$/.test(key)
          ? `${expression}[${key}]`
          : /^[A-Za-z_]\w*$/.test(key)
            ? `${expression}.${key}`
            : `${expression}[${JSON.stringify(key)}]`,
      );
    },
  }) as Ref<T>;
}
