/** The caller's idempotency key: the same key in the same project is the same execution, whoever asks and however often. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { fault, type Fault } from '../domain/fault.js';
import { preview } from '../domain/json.js';
import type { SubmitOptions } from './submission.js';

const MOST_CHARACTERS = 255;

/** The id of the execution that a key stands for. It needs no store: Temporal refuses a second start of an id. */
export function requestExecutionId(requestId: string, project = ''): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([project, requestId]))
    .digest('hex');
  return `request-${hash.slice(0, 32)}`;
}

/**
 * A digest of what a request asks for, whatever the order of its keys: the same request has the same one.
 *
 * @returns undefined for what is nested too deep to be told, which is not compared
 */
export function requestDigest(asked: object): string | undefined {
  try {
    const text = canonicalize(JSON.parse(JSON.stringify(asked))) ?? '';
    return createHash('sha256').update(text).digest('hex').slice(0, 32);
  } catch {
    return undefined;
  }
}

export function requestFaults({ requestId, executionId }: SubmitOptions): Fault[] {
  if (requestId === undefined) return [];
  if (typeof requestId !== 'string' || requestId === '' || requestId.length > MOST_CHARACTERS) {
    const message = `expected 1 to ${MOST_CHARACTERS} characters, got ${preview(requestId)}`;
    return [fault(['requestId'], 'INVALID_VALUE', message)];
  }
  if (executionId === undefined) return [];
  const message = 'the execution id is made of the requestId';
  return [fault(['executionId'], 'INVALID_VALUE', message, 'say one of the two')];
}
