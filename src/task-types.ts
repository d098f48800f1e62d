/** What a caller sees of a task's types: what it may be given, and what it gives once that has been JSON. */
import type { Json } from './domain/json.js';
import type { AnyTask, TaskDefinition } from './task-definition.js';

/**
 * A value of this type after it has travelled as JSON: a `Date` is its text, nothing at the top is null, and what has no
 * form in JSON (a `Map`, a bigint, a method) is `never`. Of what nobody knows it is any JSON.
 */
export type JsonOf<T> = 0 extends 1 & T ? Json : [Json] extends [T] ? Json : Top<T>;

type Top<T> = T extends void | undefined ? null : Part<T>;

/** A part keeps `undefined`: a field that has it is left out. */
type Carried<T> = [Json] extends [T] ? Json : Part<T>;

type Part<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends { toJSON(): infer Made }
    ? Made extends string | number | boolean | null
      ? Made
      : Json
    : T extends Refused
      ? never
      : { [K in keyof T]: Carried<T[K]> };

type Refused =
  | bigint
  | symbol
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | ((...given: never[]) => unknown);

/**
 * The input that a task may be given: what its schema takes, in which fields with a default may be missing, or what `run`
 * says where there is no schema. `unknown` for a task's name, and for a definition whose types are not known.
 */
export type TaskInput<Task> =
  Task extends TaskDefinition<infer Input, infer _Output, infer Given, infer _Made>
    ? GivenInput<Input, Given>
    : unknown;

/** The input that a task's `run` gets. `unknown` for a task's name, and for a definition whose types are not known. */
export type HandlerInput<Task> =
  Task extends TaskDefinition<infer Input, infer _Output, infer _Given, infer _Made>
    ? [Input] extends [never]
      ? unknown
      : Input
    : unknown;

/** What is given to a task: a schema that does not say what it takes is held to what it gives. Anything where nobody knows. */
export type GivenInput<Input, Given> = [Input] extends [never]
  ? unknown
  : unknown extends Given
    ? Input
    : Given;

/** The output of a task as results have it: what its definition says, as JSON. Any JSON for a task's name. */
export type TaskOutput<Task> =
  Task extends TaskDefinition<infer _Input, infer Output, infer _Given, infer _Made>
    ? JsonOf<Output>
    : Json;

/** `input` may be left out only where the task can do without. */
export type RequiredInput<Task> =
  undefined extends TaskInput<Task> ? unknown : { input: TaskInput<Task> };

/** The outputs of a graph's leaves by their ids, each null where it was skipped or did not complete. */
export type GraphOutput<Leaves> = string extends keyof Leaves
  ? Json
  : { [Id in keyof Leaves]: JsonOf<Leaves[Id]> | null };

/** A task by its name or its definition. */
export type NamedTask = string | AnyTask;
