/** Parameters of a graph in code: their types follow from their schemas, and zod's become JSON Schema in the spec. */
import { z } from 'zod';
import { messageOf, TaskError } from '../domain/errors.js';
import type { ParamSpec } from '../domain/spec.js';
import type { Ref } from './refs.js';

/** A parameter as code says it: a zod schema, or JSON Schema with `default` beside it. */
export type ParamSchema = z.ZodType | ParamSpec;

/** The parameters of a graph, by name. */
export type ParamSchemas = Readonly<Record<string, ParamSchema>>;

/** What may be given for parameters with these schemas; `unknown` where there are none that the compiler sees. */
export type ParamsOf<Schemas> = [Schemas] extends [never]
  ? unknown
  : Flat<
      { [Name in Needed<Schemas>]: ParamValue<Schemas[Name]> } & {
        [Name in Exclude<keyof Schemas, Needed<Schemas>>]?: ParamValue<Schemas[Name]> | undefined;
      }
    >;

/** A parameter's value, as one gives it and as references have it. */
export type ParamValue<Schema> =
  Schema extends z.ZodType<unknown, infer Given> ? Exclude<Given, undefined> : ValueOf<Schema>;

/** References to parameters, by name. */
export type ParamRefs<Params> = {
  readonly [Name in keyof Params]-?: Ref<Exclude<Params[Name], undefined>>;
};

/** `params` of a submission: needed where one of them has no default. */
export type GivenParams<Params> = unknown extends Params
  ? { params?: Record<string, unknown> }
  : object extends Params
    ? { params?: Params }
    : { params: Params };

type Flat<T> = { [Key in keyof T]: T[Key] };

type Needed<Schemas> = {
  [Name in keyof Schemas]: IsOptional<Schemas[Name]> extends true ? never : Name;
}[keyof Schemas];

type IsOptional<Schema> =
  Schema extends z.ZodType<unknown, infer Given>
    ? undefined extends Given
      ? true
      : false
    : Schema extends { default: unknown }
      ? true
      : string extends keyof Schema // only known to be a schema: it may have one
        ? true
        : false;

/** Of JSON Schema no more than a glance: `enum`, `const`, `type`, the items of a list. */
type ValueOf<Schema> = Schema extends { const: infer Only }
  ? Only
  : Schema extends { enum: readonly (infer One)[] }
    ? One
    : Schema extends { type: 'array'; items: infer Items }
      ? ValueOf<Items>[]
      : Schema extends { type: infer Type extends keyof Plain }
        ? Plain[Type]
        : unknown;

interface Plain {
  string: string;
  number: number;
  integer: number;
  boolean: boolean;
  null: null;
  array: unknown[];
  object: Record<string, unknown>;
}

/**
 * A parameter as a spec has it.
 *
 * @throws TaskError CONFIGURATION for a zod schema that JSON Schema cannot say, or that may be left out without a default
 */
export function paramSpecOf(graph: string, name: string, schema: ParamSchema): ParamSpec {
  if (!isZod(schema)) return schema;
  const place = `graph ${graph}: params.${name}`;
  let made: Record<string, unknown>;
  try {
    made = z.toJSONSchema(schema, { io: 'input' });
  } catch (error) {
    throw new TaskError('CONFIGURATION', `${place}: ${messageOf(error)}`, { cause: error });
  }
  const { $schema: _dialect, ...spec } = made;
  if (!('default' in spec) && schema.safeParse(undefined).success)
    throw new TaskError(
      'CONFIGURATION',
      `${place}: a parameter that may be left out needs a default, such as .default('') or .nullable().default(null)`,
    );
  return spec;
}

const isZod = (schema: ParamSchema): schema is z.ZodType =>
  (schema as Partial<z.ZodType>)._zod !== undefined;
