/** What the types of an output become where options change it. */
import type { Json } from './json.js';
import type { TaskOptionsInput } from './spec.js';

/** `result` of a task, a node or a submission. */
export type ResultInput = NonNullable<TaskOptionsInput['result']>;

/** An output after `result`: what an expression makes of it the compiler cannot know. */
export type Shaped<Output, Result> = Result extends
  { select: string } | { transform: string } | { merge: string }
  ? unknown
  : Output;

/** The same of an output as JSON. */
export type ShapedJson<Output, Result> = unknown extends Shaped<never, Result> ? Json : Output;
