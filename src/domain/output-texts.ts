/**
 * An output that a program wrote as texts, a file each: what a shell can write without a tool for JSON. A file is a text, a
 * folder an object of what is in it.
 */
import { nameFault } from './artifact.js';
import { TaskError } from './errors.js';
import { isObject, preview, setOwn, type Json, type JsonObject } from './json.js';

/** Texts that one output may have. */
export const OUTPUT_TEXTS_LIMIT = 1_000;
/** Folders within folders. */
const MOST_FOLDERS = 15;

export interface OutputText {
  /** Relative path, its parts split by `/`. */
  name: string;
  content: Uint8Array;
}

/**
 * `{ result: '7', parameters: { x: 'a' } }` of the files `result` and `parameters/x`. The newline that ends a text is taken
 * off, as a shell does with what a command gives.
 *
 * @throws TaskError OUTPUT_INVALID for what is no UTF-8
 */
export function outputOfTexts(texts: readonly OutputText[]): JsonObject {
  const output: JsonObject = {};
  for (const { name, content } of texts) {
    const parts = name.split('/');
    const last = parts.pop() ?? name;
    let place = output;
    for (const part of parts) place = objectIn(place, part);
    setOwn<Json>(place, last, textOf(name, content));
  }
  return output;
}

function objectIn(object: JsonObject, key: string): JsonObject {
  const there = Object.hasOwn(object, key) ? object[key] : undefined;
  if (isObject(there)) return there;
  const made: JsonObject = {};
  setOwn<Json>(object, key, made);
  return made;
}

function textOf(name: string, content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
      .decode(content)
      .replace(/\r?\n$/, '');
  } catch (error) {
    throw unfitText(name, 'is no text in UTF-8; keep it as an artifact', error);
  }
}

/** Refuses a name that is no relative path below the folder of the texts. @throws TaskError OUTPUT_INVALID */
export function assertTextName(name: string): void {
  const wrong = nameFault(name);
  if (wrong !== undefined) throw unfitText(name.slice(0, 80), `has a name that ${wrong}`);
  if (name.split('/').length > MOST_FOLDERS + 1) throw unfitText(name, 'lies too deep in folders');
}

/** The error for a text that cannot be a part of an output. @param why a verb and its object */
export const unfitText = (name: string, why: string, cause?: unknown): TaskError =>
  new TaskError('OUTPUT_INVALID', `the program's output ${preview(name)} ${why}`, { cause });
