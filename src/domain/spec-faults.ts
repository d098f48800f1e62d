/** Turns zod's issues into faults: our codes, our paths, and a suggestion for a key that is nearly right. */
import type { z } from 'zod';
import { CACHE_FIELDS } from './cache.js';
import { CircuitSettingsSchema } from './circuit.js';
import { COMPENSATE_FIELDS } from './compensation.js';
import { fault, type Fault } from './fault.js';
import { preview, type Path } from './json.js';
import { APPROVAL_FIELDS, MAP_FIELDS } from './node-kind.js';
import { PROGRAM_FIELDS } from './program.js';
import { RetryObjectSchema } from './retry-options.js';
import {
  DefaultsSchema,
  GraphSpecSchema,
  NodeSpecSchema,
  SubmissionSchema,
  TaskOptionsSchema,
} from './spec.js';
import { didYouMean, didYouMeanValue } from './suggest.js';

const KEYS = {
  graph: Object.keys(GraphSpecSchema.shape),
  node: Object.keys(NodeSpecSchema.shape),
  defaults: Object.keys(DefaultsSchema.shape),
  options: Object.keys(TaskOptionsSchema.shape),
  submission: Object.keys(SubmissionSchema.shape),
  retry: Object.keys(RetryObjectSchema.shape),
  circuit: ['name', ...Object.keys(CircuitSettingsSchema.shape)],
};

/** What stands beside the options of a submission; in code and over HTTP one object holds both. */
const BESIDE_OPTIONS: readonly string[] = [
  ...KEYS.submission.filter((key) => !['options', 'kind', 'rerun'].includes(key)),
  ...['executionId', 'requestId', 'reuse', 'input', 'inputs', 'name', 'workflowType'],
];

function knownKeys(path: Path, root: 'graph' | 'submission'): string[] {
  const last = path.at(-1);
  if (path.length === 0) return KEYS[root];
  if (isOptions(path)) return [...KEYS.options, ...BESIDE_OPTIONS];
  if (last === 'retry') return KEYS.retry;
  if (last === 'limit') return ['key', 'max', 'weight'];
  if (last === 'circuit') return KEYS.circuit;
  if (last === 'cache') return [...CACHE_FIELDS];
  if (last === 'hooks') return ['pre', 'post'];
  if (last === 'map') return MAP_FIELDS;
  if (last === 'approval') return APPROVAL_FIELDS;
  if (last === 'compensate') return COMPENSATE_FIELDS;
  if (typeof last === 'string' && Object.hasOwn(PROGRAM_FIELDS, last))
    return PROGRAM_FIELDS[last] ?? [];
  if (last === 'onUnknown') return ['verify'];
  if (last === 'defaults') return KEYS.defaults;
  if (last === 'options') return KEYS.options;
  return path[0] === 'tasks' && path.length === 2 ? KEYS.node : KEYS.retry;
}

/** Every issue of a refused spec as a fault. */
export function faultsFromZod(
  error: z.ZodError,
  value: unknown,
  root: 'graph' | 'submission' = 'graph',
): Fault[] {
  return faultsOfIssues(error, value, (path) => knownKeys(path, root));
}

/** The keys that an object at a place may have, for "did you mean …?". */
type KnownKeys = (path: Path) => readonly string[];

/** Every issue as a fault. @param value what was refused */
export function faultsOfIssues(error: z.ZodError, value: unknown, known: KnownKeys): Fault[] {
  return error.issues.flatMap((issue) => fromIssue(issue, value, known));
}

function fromIssue(issue: z.core.$ZodIssue, value: unknown, known: KnownKeys): Fault[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  const found = valueAt(value, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) =>
        fault(
          [...path, key],
          'UNKNOWN_FIELD',
          `unknown field ${JSON.stringify(key)}`,
          elsewhere(path, key) ?? didYouMean(key, known(path)),
        ),
      );
    case 'invalid_type':
      return found === undefined
        ? [fault(path, 'MISSING', `is required: expected ${issue.expected}`)]
        : [fault(path, 'INVALID_TYPE', `expected ${issue.expected}, got ${preview(found)}`)];
    case 'invalid_union':
      return invalidUnion(issue, path, found, value, known);
    case 'invalid_value': {
      const options = issue.values.map(String);
      const hint = typeof found === 'string' ? didYouMeanValue(found, options) : undefined;
      return [
        fault(
          path,
          'INVALID_VALUE',
          `expected one of ${options.join(', ')}, got ${preview(found)}`,
          hint,
        ),
      ];
    }
    case 'invalid_format':
      return [fault(path, 'INVALID_VALUE', ...formatFault(issue, found))];
    case 'invalid_key':
      return issue.issues.map(({ message }) =>
        fault(path, 'INVALID_VALUE', withValue(lowerFirst(message), path.at(-1))),
      );
    default:
      return [fault(path, 'INVALID_VALUE', withValue(lowerFirst(issue.message), found))];
  }
}

/** A text of another form, with a hint where a `+` of an address was read as a space. */
function formatFault(
  { format, message }: { format: string; message: string },
  found: unknown,
): [message: string, hint?: string] {
  // A schema that has words of its own keeps them.
  if (format !== 'datetime' || message !== 'Invalid ISO datetime')
    return [withValue(lowerFirst(message), found)];
  const told = withValue(
    'expected an ISO time with an offset, such as "2027-01-31T08:00:00Z"',
    found,
  );
  const isUnescaped = typeof found === 'string' && /T.* \d\d:\d\d$/.test(found);
  return isUnescaped ? [told, 'write + as %2B in an address'] : [told];
}

/** Those of a submission: a graph has none. */
const isOptions = (path: Path): boolean => path.length === 1 && path[0] === 'options';

/** Where a field may be said that has no place here. */
function elsewhere(path: Path, key: string): string | undefined {
  const last = path.at(-1);
  // Document 004 has the time of an attempt among the resources.
  if (last === 'resources' && /^timeout/i.test(key))
    return 'write "timeout" beside resources, such as timeout: 300s';
  if (last === 'compensate' && key === 'taskId')
    return "only a node's compensate may name a task of the catalogue";
  if (isOptions(path) && BESIDE_OPTIONS.includes(key)) return 'it is said beside the options';
  // A graph's defaults have these, options of a submission and of the settings have not.
  if ((last === 'options' || last === 'defaults') && OF_NODES.has(key))
    return `say it at a node, in a graph's defaults or in a task's definition`;
  return undefined;
}

const OF_NODES: ReadonlySet<string> = new Set(
  KEYS.defaults.filter((key) => !KEYS.options.includes(key)),
);

/** The branch of a union that got furthest says best what is wrong; where none takes such a value, all say what they take. */
function invalidUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: Path,
  found: unknown,
  value: unknown,
  known: KnownKeys,
): Fault[] {
  if (found === undefined) return [fault(path, 'MISSING', 'is required')];
  const inside = issue.errors.find((branch) => branch.some((inner) => inner.path.length > 0));
  const taken = inside ? undefined : takenBy(issue, typeof found === 'string');
  if (taken)
    return [fault(path, taken.code, `expected ${orList(taken.what)}, got ${preview(found)}`)];
  const best =
    inside ??
    issue.errors.find((branch) => branch.some((inner) => inner.code !== 'invalid_type')) ??
    issue.errors[0] ??
    [];
  if (best.length === 0) return [fault(path, 'INVALID_VALUE', `not accepted: ${preview(found)}`)];
  return best.flatMap((inner) =>
    fromIssue({ ...inner, path: [...issue.path, ...inner.path] }, value, known),
  );
}

/**
 * What the branches of a union take, where each of them refuses the type or the value as a whole; undefined where one says
 * more.
 *
 * @param isText of a text, the values that a branch takes say more than the types of the others
 */
function takenBy(
  union: z.core.$ZodIssueInvalidUnion,
  isText: boolean,
): { code: 'INVALID_TYPE' | 'INVALID_VALUE'; what: string[] } | undefined {
  const what: string[] = [];
  let code: 'INVALID_TYPE' | 'INVALID_VALUE' = 'INVALID_TYPE';
  for (const branch of union.errors) {
    const [only, ...others] = branch;
    if (!only || others.length > 0) return undefined;
    if (only.code === 'invalid_type')
      what.push(only.expected === 'record' ? 'object' : only.expected);
    else if (only.code === 'invalid_union') {
      const inner = takenBy(only, isText);
      if (!inner) return undefined;
      what.push(...inner.what);
    } else if (only.code === 'invalid_value') {
      if (isText && only.values.some((value) => typeof value === 'string')) return undefined;
      code = 'INVALID_VALUE';
      const values = only.values.map(String);
      what.push(values.length > 1 ? `one of ${values.join(', ')}` : values.join());
    } else return undefined;
  }
  return { code, what: [...new Set(what)] };
}

/** `a`, `a or b`, `a, b or c`. */
const orList = (words: readonly string[]): string =>
  [words.slice(0, -1).join(', '), ...words.slice(-1)].filter((part) => part !== '').join(' or ');

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (current, step) =>
      typeof current === 'object' && current !== null && Object.hasOwn(current, step)
        ? (current as Record<string | number, unknown>)[step]
        : undefined,
    value,
  );
}

/** Our own schemas' messages show the value already. */
const withValue = (message: string, found: unknown): string =>
  message.includes(' got ') ? message : `${message}, got ${preview(found)}`;

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
