/** References: values that exist only when a graph runs, typed as if they were there. */
import { conditionProblem } from '../domain/condition.js';
import { lateText, type LateKind } from '../domain/late-values.js';
import { listProblem } from '../domain/list-expression.js';

declare const VALUE: unique symbol;

/** What every {@link Ref} has; the fields of its value are beside this. */
export interface Reference<T> {
  readonly [VALUE]: T;
  toString: () => string;
}

/**
 * A value that exists only when the graph runs: a node's output, a part of it, a parameter, an item of a map. Use it
 * inside an input, or in a text as `in ${String(ref)}`; `ref.items[0].name` is a reference again.
 */
export type Ref<T> = Reference<T> &
  (T extends readonly (infer E)[]
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

/** A reference to what a CEL expression gives, such as `params.day`. */
export function reference<T>(expression: string): Ref<T> {
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

const late = (kind: LateKind, name: string): Ref<string> =>
  reference<string>(lateText({ kind, name }));

/** A secret in the input of a task: the worker puts it in when the handler is entered, and it is stored nowhere. */
export const secret = (name: string): Ref<string> => late('secrets', name);

/** A variable of the worker's environment that its setting `env` names, in the input of a task. */
export const variable = (name: string): Ref<string> => late('env', name);

/** The value with every reference in it as text. */
export const plain = (value: unknown): unknown =>
  value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);

/** True where a value names a node by a reference. */
export function reads(value: unknown, id: string): boolean {
  return (
    value !== undefined &&
    JSON.stringify(value).includes(JSON.stringify(`tasks[${JSON.stringify(id)}]`).slice(1, -1))
  );
}

/** Ids that a condition, or what a map goes over, names; none where it does not parse, which validation says. */
export function namedIn(expression: unknown, kind: 'condition' | 'list'): readonly string[] {
  if (typeof expression !== 'string') return [];
  const parsed = kind === 'condition' ? conditionProblem(expression) : listProblem(expression);
  return 'references' in parsed ? parsed.references.tasks : [];
}
