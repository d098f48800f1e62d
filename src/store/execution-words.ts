/**
 * The words by which an execution is found. Splitting them here makes both databases agree on what a word is: a run of
 * letters, digits and marks, without case.
 */
import type { ExecutionRow } from './execution-row.js';

const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const MAX_WORDS = 64;
const MAX_LENGTH = 64;
/** What is read of a message. */
const MAX_TEXT = 2_000;

/** The different words of a text, in order, at most 64. */
export function wordsOf(text: string): string[] {
  const words = text.slice(0, MAX_TEXT).normalize('NFKC').toLowerCase().match(WORD) ?? [];
  return [...new Set(words.map((word) => word.slice(0, MAX_LENGTH)))].slice(0, MAX_WORDS);
}

/** The words of an execution: of its id, its task and its error. */
export function wordsOfExecution(
  row: Pick<ExecutionRow, 'executionId' | 'taskId' | 'error'>,
): string[] {
  const error = row.error ? `${row.error.code} ${row.error.message}` : '';
  return wordsOf(`${row.executionId} ${row.taskId ?? ''} ${error}`);
}

/** Words as a column holds them, each after a space, so that {@link wordPatterns} fit where one begins. */
export function spacedWords(words: readonly string[]): string {
  return words.map((word) => ` ${word}`).join('');
}

/** Patterns that a column of {@link spacedWords} must all be like. A word has nothing that `like` would take for more. */
export function wordPatterns(words: readonly string[]): string[] {
  return words.map((word) => `% ${word}%`);
}
