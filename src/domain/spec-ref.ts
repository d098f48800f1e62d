/** A spec that is too large to be the argument of a workflow: what stands there in its place. */
import { isObject, jsonBytes, type Json } from './json.js';

/** Bytes of JSON up to which a spec goes into the argument itself: a payload has at most 2 MB. */
export const INLINE_SPEC_BYTES = 1_500_000;

/** Where a spec lies that was put into the blob store before its execution was started. */
export interface SpecRef {
  specRef: string;
  name: string;
  /** How many nodes it has. */
  nodes: number;
}

export function isSpecRef(value: unknown): value is SpecRef {
  return isObject(value) && typeof value['specRef'] === 'string' && !('tasks' in value);
}

/** True for a spec that has to go by reference. */
export const isLargeSpec = (spec: Json): boolean => jsonBytes(spec) > INLINE_SPEC_BYTES;
