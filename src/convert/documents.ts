/** YAML and JSON text, guarded as pipeline files are: no bombs, no depths, no keys twice. */
import { Parser } from 'yaml';
import type { Json } from '../domain/json.js';
import { parseText } from '../domain/pipeline.js';
import { refused } from './conversion.js';

/** Characters that a text may have. */
export const MAX_TEXT = 5_000_000;
/** Documents that a file may have. */
const MAX_DOCUMENTS = 200;

/**
 * Refuses what is no text that could be read.
 *
 * @throws TaskError SPEC_INVALID saying what it is
 */
export function checkText(text: unknown): asserts text is string {
  if (typeof text !== 'string') throw refused(`expected text, got ${typeof text}`);
  if (text.trim() === '') throw refused('the text is empty; there is nothing to convert');
  if (text.length > MAX_TEXT)
    throw refused(`the text has ${text.length} characters; the limit is ${MAX_TEXT}`);
  // eslint-disable-next-line no-control-regex -- these are what tells a program or an image from text
  const binary = /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.exec(text);
  if (binary)
    throw refused(
      `this is no text: character ${binary.index + 1} is U+${binary[0].charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
}

/**
 * The values of all documents of a YAML text, empty ones left out.
 *
 * @throws TaskError SPEC_INVALID with the line and column of what is wrong
 */
export function readDocuments(text: string): Json[] {
  const starts = documentStarts(text);
  if (starts.length > MAX_DOCUMENTS)
    throw refused(`the text has ${starts.length} documents; the limit is ${MAX_DOCUMENTS}`);
  return starts
    .map((start, index) => readOne(text, start, starts[index + 1] ?? text.length))
    .filter((value) => value !== null);
}

function readOne(text: string, start: number, end: number): Json {
  const { spec, faults } = parseText(text.slice(start, end));
  const [first] = faults;
  if (!first) return spec;
  const before = text.slice(0, start).split('\n').length - 1;
  const place =
    first.line === undefined ? '' : `line ${first.line + before}, column ${first.column ?? 1}: `;
  throw refused(`${place}${first.message}`);
}

/** Where each document begins. */
function documentStarts(text: string): number[] {
  // Reading twice takes time; only a line with dashes can begin another document.
  if (!/^---/m.test(text)) return [0];
  const starts: number[] = [];
  for (const token of new Parser().parse(text))
    if (token.type === 'document') starts.push(starts.length === 0 ? 0 : token.offset);
  return starts.length === 0 ? [0] : starts;
}
