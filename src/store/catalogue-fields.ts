/** What the names, texts and options of the catalogue may be. */
import { TaskError } from '../domain/errors.js';
import { isObject, preview, type JsonObject } from '../domain/json.js';
import { spacedWords, wordPatterns, wordsOf } from './execution-words.js';

const MAX_NAME = 200;
const MAX_DESCRIPTION = 10_000;
const MAX_JSON = 262_144;

/**
 * A name as it is kept: in Unicode's composed form, so that two that look the same are the same.
 *
 * @throws TaskError CONFIGURATION
 */
export function nameOf(place: string, name: unknown): string {
  const text = typeof name === 'string' ? name.normalize('NFC') : '';
  const faulty =
    text === '' || text.length > MAX_NAME || text !== text.trim() || /[\p{Cc}\p{Cs}]/u.test(text);
  if (!faulty) return text;
  throw new TaskError(
    'CONFIGURATION',
    `${place}.name: got ${preview(name)}, expected 1 to ${MAX_NAME} characters without line breaks, other control characters, or space at the ends`,
  );
}

/** @throws TaskError CONFIGURATION */
export function descriptionOf(place: string, description: unknown): string {
  const text = description === undefined ? '' : description;
  if (typeof text === 'string' && text.length <= MAX_DESCRIPTION && !text.includes('\0'))
    return text.replace(/\p{Cs}/gu, '\ufffd');
  throw new TaskError(
    'CONFIGURATION',
    `${place}.description: got ${preview(text)}, expected a text of at most ${MAX_DESCRIPTION} characters`,
  );
}

/** The JSON text of an object. @throws TaskError CONFIGURATION */
export function jsonText(place: string, value: JsonObject): string {
  const text = isObject(value) ? JSON.stringify(value) : '';
  if (text !== '' && text.length <= MAX_JSON) return text;
  throw new TaskError(
    'CONFIGURATION',
    `${place}: got ${preview(value)}, expected an object of at most ${MAX_JSON} characters of JSON`,
  );
}

/** The words of a thing, as a column holds them. */
export function searchText(name: string, description: string): string {
  return spacedWords(wordsOf(`${name} ${description}`));
}

/** Patterns that a {@link searchText} must all be like. */
export function searchPatterns(text: string): string[] {
  return wordPatterns(wordsOf(text));
}
