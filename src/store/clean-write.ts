/**
 * Writes as both databases can keep them. One that they would refuse must not take a whole batch with it, so it is
 * mended and not refused: PostgreSQL has no NUL in a text, neither has half a surrogate pair, and an index has a limit
 * to the length of an entry.
 */
import type { ExecutionWrite } from './execution-row.js';

/** Two of these and a status fit an entry of PostgreSQL's indexes, in any script. */
const MAX_INDEXED = 400;

const INDEXED = [
  'project',
  'taskId',
  'sessionId',
  'requestId',
  'rerunOf',
  'catalogueTaskId',
] as const;
const TEXTS = ['parentId', 'workflowId', 'taskVersion', 'reason', 'manifestRef'] as const;

/** A text that both databases give back as they got it. */
export function cleanText(text: string): string {
  return text.replace(/[\0\p{Cs}]/gu, '\ufffd');
}

/** The same for a column that is looked for. */
export function cleanIndexed(text: string): string {
  return cleanText(text.slice(0, MAX_INDEXED));
}

/** The write with clean texts and a whole sequence; of its numbers `mergeWrite` takes care. */
export function cleanWrite(write: ExecutionWrite): ExecutionWrite {
  const clean = {
    ...write,
    executionId: cleanText(write.executionId),
    sequence: Number.isFinite(write.sequence) ? Math.round(write.sequence) : 0,
  };
  for (const field of INDEXED) {
    const value = write[field];
    if (typeof value === 'string') clean[field] = cleanIndexed(value);
  }
  for (const field of TEXTS) {
    const value = write[field];
    if (typeof value === 'string') clean[field] = cleanText(value);
  }
  const { run } = write;
  if (run && Number.isFinite(run.startedAt)) clean.run = { ...run, id: cleanText(run.id) };
  else delete clean.run;
  return clean;
}
