/** The caller's idempotency key: the same key in the same project is the same execution, whoever asks and however often. */
import { createHash } from 'node:crypto';
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
