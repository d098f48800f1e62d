/** Labels: the tags and the scalar metadata of an execution, each as one text that an index holds. */
import { createHash } from 'node:crypto';
import { isObject, type Json } from '../domain/json.js';
import type { ExecutionRow } from './execution-row.js';

const MAX_LENGTH = 200;

export const tagLabel = (tag: string): string => short(`t:${JSON.stringify(tag)}`);

export const metadataLabel = (key: string, value: string | number | boolean | null): string =>
  short(`m:${JSON.stringify(key)}=${JSON.stringify(value)}`);

/** Every label of an execution, once. */
export function labelsOf(row: Pick<ExecutionRow, 'tags' | 'metadata'>): string[] {
  const labels = row.tags.map(tagLabel);
  for (const [key, value] of Object.entries(row.metadata))
    if (isScalar(value)) labels.push(metadataLabel(key, value));
  return [...new Set(labels)];
}

function isScalar(value: Json): value is string | number | boolean | null {
  return !Array.isArray(value) && !isObject(value);
}

/** An index entry must not be longer than a page can hold. */
function short(label: string): string {
  return label.length <= MAX_LENGTH
    ? label
    : `${label.slice(0, 2)}#${createHash('sha256').update(label).digest('hex')}`;
}
