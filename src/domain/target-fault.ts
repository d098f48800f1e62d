/**
 * What a runner throws where the target of a function, or the engine of a container, is at fault and not the program:
 * marked where it is made, since what a program says of itself may look the same.
 */
import { isObject } from './json.js';

const MARK = Symbol.for('tempograph.targetFault');
/** Errors along `cause` that are looked at. */
const DEPTH = 5;

/** The same error, marked. */
export function targetFault<E extends Error>(error: E): E {
  return Object.defineProperty(error, MARK, { value: true });
}

/** True for a marked error, and for one that it caused. */
export function isTargetFault(thrown: unknown): boolean {
  let error = thrown;
  for (let depth = 0; depth < DEPTH && isObject(error); depth++) {
    if ((error as { [MARK]?: unknown })[MARK] === true) return true;
    error = error['cause'];
  }
  return false;
}
