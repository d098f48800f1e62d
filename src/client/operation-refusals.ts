/** Operations that the graph of them is refused for: where failures stop nothing, the others run without them. */
import type { ErrorRecord } from '../domain/errors.js';
import type { Fault } from '../domain/fault.js';
import { isObject } from '../domain/json.js';
import { NOT_RUN, type OperationResult } from './operation-result.js';

/**
 * What each operation is refused for, by its place.
 *
 * @param faults of the graph that they are the nodes of, by index
 * @returns undefined where something else is wrong with it too: then nothing of it can run
 */
export function refusals(faults: unknown): ReadonlyMap<number, OperationResult> | undefined {
  if (!Array.isArray(faults) || faults.length === 0) return undefined;
  const refused = new Map<number, OperationResult>();
  for (const one of faults as unknown[]) {
    const { path, code, message, hint } = (isObject(one) ? one : {}) as Partial<Fault>;
    const at = /^tasks\[(\d+)\](.*)$/s.exec(String(path));
    if (!at) return undefined;
    const index = Number(at[1]);
    if (refused.has(index)) continue; // the first says enough
    const place = at[2] === undefined || at[2] === '' ? '' : `${at[2].replace(/^\./, '')}: `;
    const error: ErrorRecord = {
      code: code === 'UNKNOWN_TASK' ? code : 'SPEC_INVALID',
      message: `${place}${message}${hint === undefined ? '' : ` (${hint})`}`,
      origin: 'engine',
      retriable: false,
    };
    refused.set(index, { ...NOT_RUN, status: 'REJECTED', error });
  }
  return refused;
}
