/**
 * A keyed limit, as it is written: `limit: 'db'` or `limit: { key: 'db', max: 3, weight: 2 }`. At most `max` places of a
 * key are taken at once, over all graphs of a project and all workers; a node takes `weight` of them.
 */
import { z } from 'zod';
import { TaskError } from './errors.js';
import { preview, utf8Bytes, type JsonObject } from './json.js';
import { parseTemplate } from './template.js';

/** The largest `max` and `weight`. */
export const LIMIT_MOST = 10_000;
/** The key of the limit that `maxConcurrentExecutions` of the settings sets up for each project. */
export const EXECUTIONS_KEY = 'maxConcurrentExecutions';
/** Characters of a key, after its expressions are resolved. */
const KEY_LENGTH = 200;
/** Bytes of each part of a limiter's workflow id: the server takes ids of up to 1,000. */
const PART_BYTES = 400;

const Key = z.string().min(1).max(1_000);
const Places = z.int().min(1).max(LIMIT_MOST);

export const LimitSchema = z.union([
  Key,
  z.strictObject({
    /** May hold `${{ params.x }}`. */
    key: Key,
    /** Places in all. Default: those of the limit that runs, else the worker's settings. */
    max: Places.optional(),
    /** Places that one node takes. */
    weight: Places.default(1),
  }),
]);
export type LimitOption = z.output<typeof LimitSchema>;

/** A limit that a node is held to. */
export interface NodeLimit {
  key: string;
  max?: number;
  weight: number;
}

/**
 * The limit with its key resolved.
 *
 * @throws TaskError EXPRESSION | CONFIGURATION for a key that cannot be resolved or is no usable key
 */
export function resolveLimit(limit: LimitOption, params: JsonObject): NodeLimit {
  const { key: written, max, weight } = typeof limit === 'string' ? bare(limit) : limit;
  const key = resolveKey(written, params);
  if (max !== undefined && weight > max) throw tooHeavy(key, weight, max);
  return { key, weight, ...(max === undefined ? {} : { max }) };
}

/** What is wrong with a key that can be said before parameters are known; undefined when nothing is. */
export function keyProblem(written: string, params: readonly string[]): string | undefined {
  try {
    const { references } = parseTemplate(written);
    const unknown = references.params.find((name) => !params.includes(name));
    if (references.tasks.length > 0)
      return 'the key of a limit may read only params: it is known before anything runs';
    if (unknown !== undefined) return `the graph has no parameter ${preview(unknown)}`;
    if (written === EXECUTIONS_KEY) return RESERVED;
    return written.includes('${{') || written.length <= KEY_LENGTH ? undefined : tooLong(written);
  } catch (error) {
    // It is one text, so what went wrong has no place within it.
    return (error as Error).message.replace(/^\(root\): /, '');
  }
}

export function tooHeavy(key: string, weight: number, max: number): TaskError {
  return new TaskError(
    'CONFIGURATION',
    `a node of weight ${weight} can never get into the limit ${preview(key)}, whose max is ${max}`,
  );
}

/**
 * The id of the workflow that keeps a limit: `tempograph-limit/<project or ->/<key>`, with `%`, `/` and what an id cannot
 * hold encoded. A part that is too long is cut and told apart by its hash.
 */
export function limiterId(key: string, project?: string): string {
  const encodedProject = project === '-' ? '%2D' : project === undefined ? '-' : encoded(project);
  return `tempograph-limit/${encodedProject}/${encoded(key)}`;
}

const bare = (key: string): { key: string; max?: number; weight: number } => ({ key, weight: 1 });
const RESERVED = `${preview(EXECUTIONS_KEY)} is the limit of whole executions, which the settings set up; choose another key`;
const tooLong = (key: string): string =>
  `the key of a limit has at most ${KEY_LENGTH} characters, got ${key.length}`;

function resolveKey(written: string, params: JsonObject): string {
  if (written === EXECUTIONS_KEY) throw new TaskError('CONFIGURATION', RESERVED);
  if (!written.includes('${{') && written.length <= KEY_LENGTH) return written;
  const key = parseTemplate(written).resolve({ params });
  if (typeof key !== 'string' || key === '')
    throw new TaskError(
      'CONFIGURATION',
      `the key of a limit has to be a string of 1 to ${KEY_LENGTH} characters, got ${preview(key)}`,
    );
  if (key.length > KEY_LENGTH) throw new TaskError('CONFIGURATION', tooLong(key));
  if (key === EXECUTIONS_KEY) throw new TaskError('CONFIGURATION', RESERVED);
  return key;
}

function encoded(part: string): string {
  const safe = part
    .replace(/\p{Cs}/gu, '\uFFFD') // half a character is no UTF-8
    .replace(/[%/\s\p{Cc}]/gu, (character) => encodeURIComponent(character));
  if (utf8Bytes(safe) <= PART_BYTES) return safe;
  return `${[...safe].slice(0, 80).join('')}~${hash(part)}`;
}

/** FNV-1a, 64 bits. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++)
    value = BigInt.asUintN(64, (value ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  return value.toString(16).padStart(16, '0');
}
