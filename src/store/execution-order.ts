/**
 * The order of executions: one unique number each, so that every list, page and index goes by a single column. It is
 * the time of creation followed by 21 bits of a hash of the id, which spread what was created in the same millisecond.
 */
import { createHash } from 'node:crypto';
import { decodeCursor, encodeCursor } from './paging.js';

const HASH_BITS = 21n;
/** 42 bits of milliseconds: until the year 2109. */
const MAX_TIME = 2 ** 42 - 1;

/** The place of an execution; a taken one is answered by the next after it. */
export function ordOf(createdAt: number, executionId: string): bigint {
  const hash = createHash('sha256').update(executionId).digest().readUInt32BE(0);
  return startOf(createdAt) | BigInt(hash >>> (32 - Number(HASH_BITS)));
}

/** The first place of a millisecond. */
export function startOf(time: number): bigint {
  return BigInt(Math.floor(Math.min(Math.max(time, 0), MAX_TIME))) << HASH_BITS;
}

/** True when the place belongs to this millisecond. */
export function isAt(ord: bigint, createdAt: number): boolean {
  return ord >> HASH_BITS === startOf(createdAt) >> HASH_BITS;
}

/** An opaque mark of where a page ended. */
export function cursorOf(ord: bigint): string {
  return encodeCursor('executions', [String(ord)]);
}

/** @throws TaskError CONFIGURATION when it is no cursor of ours */
export function ordOfCursor(cursor: string): bigint {
  return BigInt(decodeCursor('executions', cursor)[0]);
}
