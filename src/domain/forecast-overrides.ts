/** What a caller says of the nodes of a forecast: durations, failures, outcomes, items. Checked here, looked up by node. */
import { z } from 'zod';
import { DurationSchema } from './duration.js';
import { fault, type Fault } from './fault.js';
import { getOwn, isObject, preview } from './json.js';
import { MAX_ITEMS } from './node-kind.js';
import { didYouMean } from './suggest.js';

/** How a node may be assumed to end. */
export const ASSUMED_OUTCOMES = ['COMPLETED', 'FAILED', 'SKIPPED'] as const;
export type AssumedOutcome = (typeof ASSUMED_OUTCOMES)[number];

const MOST_OVERHEAD_MS = 3_600_000;

const OverridesSchema = z.strictObject({
  /**
   * How long an attempt takes, by node id, else by task name. Of a map: each item; of a sub-graph: all of it; of an
   * approval: until the answer. A node of a sub-graph is `<node>/<inner node>`.
   */
  durations: z.record(z.string(), DurationSchema).default({}),
  /** How many attempts of a node fail before one succeeds. Default 0. */
  failures: z.record(z.string(), z.int().min(0).max(1_001)).default({}),
  /** How a node ends. Default COMPLETED, or SKIPPED where its condition says so by the parameters alone. */
  outcomes: z.record(z.string(), z.enum(ASSUMED_OUTCOMES)).default({}),
  /** How many items a map has. Default: the list's, where it is known beforehand, else 10. */
  items: z.record(z.string(), z.int().min(0).max(MAX_ITEMS)).default({}),
  /** The window, in place of the graph's. */
  concurrency: z.int().min(1).max(1_000).optional(),
  /**
   * What a node costs outside its handler, in milliseconds: each step, and each node where as many as can be are under
   * way. 0 for both is none. Default: as past graphs say, else 11 and 2.5.
   */
  overhead: z
    .strictObject({
      stepMs: z.number().min(0).max(MOST_OVERHEAD_MS).optional(),
      perNodeMs: z.number().min(0).max(MOST_OVERHEAD_MS).optional(),
    })
    .optional(),
});

/** As a caller writes them. */
export type OverridesInput = z.input<typeof OverridesSchema>;
type Parsed = z.output<typeof OverridesSchema>;
type ByNode = Omit<Parsed, 'concurrency' | 'overhead'>;

/** The overrides, or what is wrong with them: each fault names its place, such as `durations.load`. */
export function parseOverrides(
  given: unknown,
): { faults: Fault[]; overrides?: undefined } | { faults: []; overrides: Overrides } {
  const parsed = OverridesSchema.safeParse(given ?? {});
  if (parsed.success) {
    const dropped = WITH_NAMES.filter((what) => hasProto(given, what)); // by the parser, silently
    return dropped.length === 0
      ? { faults: [], overrides: new Overrides(parsed.data) }
      : { faults: dropped.map((what) => fault([what, '__proto__'], 'INVALID_VALUE', NO_PROTO)) };
  }
  const faults = parsed.error.issues.map((issue) => {
    const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
    const known = Object.keys(OverridesSchema.shape);
    return unknown === undefined
      ? fault(path, 'INVALID_VALUE', wordsOf(issue.message, path, valueAt(given, path)))
      : fault([unknown], 'UNKNOWN_FIELD', 'unknown field', didYouMean(unknown, known));
  });
  return { faults };
}

const WITH_NAMES = ['durations', 'failures', 'outcomes', 'items'] as const;
const NO_PROTO = 'nothing can be said of a node of this name';

function hasProto(given: unknown, what: string): boolean {
  const named = isObject(given) ? given[what] : undefined;
  return isObject(named) && Object.hasOwn(named, '__proto__');
}

/** The overrides of one graph; those of a sub-graph are {@link below}. */
export class Overrides {
  constructor(
    private readonly parsed: Parsed,
    private readonly prefix = '',
    private readonly used = new Set<string>(),
    private readonly isNode: (id: string) => boolean = () => false,
  ) {}

  get concurrency(): number | undefined {
    return this.prefix === '' ? this.parsed.concurrency : undefined;
  }

  /** Of every node, those below too. */
  get overhead(): Parsed['overhead'] {
    return this.parsed.overhead;
  }

  /** The same for a graph whose nodes are known: a key that is a node's id is no task's name. */
  forNodes(ids: Iterable<string>): Overrides {
    const all = this.prefix === '' ? new Set(ids) : undefined;
    const isNode = all ? (id: string) => all.has(id) : this.isNode;
    return new Overrides(this.parsed, this.prefix, this.used, isNode);
  }

  below(id: string): Overrides {
    return new Overrides(this.parsed, `${this.prefix}${id}/`, this.used, this.isNode);
  }

  /** True where something is said of a node below this one. */
  hasBelow(id: string): boolean {
    const start = `${this.prefix}${id}/`;
    const { durations, failures, outcomes, items } = this.parsed;
    return [durations, failures, outcomes, items].some((all) =>
      Object.keys(all).some((key) => key.startsWith(start)),
    );
  }

  of<K extends keyof ByNode>(what: K, id: string): ByNode[K][string] | undefined {
    return this.look(what, this.prefix + id);
  }

  /** Milliseconds said of a node, else of its task. */
  durationMs(id: string, task: string): number | undefined {
    const own = this.of('durations', id);
    return own ?? (this.isNode(task) ? undefined : this.look('durations', task));
  }

  /** A fault for each key that no node and no task has taken. */
  unused(names: Iterable<string>): Fault[] {
    const known = new Set(names);
    return WITH_NAMES.flatMap((what) =>
      Object.keys(this.parsed[what])
        .filter((key) => !this.used.has(`${what} ${key}`))
        .map((key) =>
          fault(
            [what, key],
            'UNKNOWN_REFERENCE',
            known.has(key) ? NOT_FOR[what] : `the graph has no such node`,
            known.has(key) ? undefined : didYouMean(key, known),
          ),
        ),
    );
  }

  private look<K extends keyof ByNode>(what: K, key: string): ByNode[K][string] | undefined {
    const value = getOwn(this.parsed[what] as Record<string, ByNode[K][string]>, key);
    if (value !== undefined) this.used.add(`${what} ${key}`);
    return value;
  }
}

const NOT_FOR = {
  durations: 'says nothing here: a node of this id has a duration of its own',
  failures: 'only a node that runs a task has attempts that fail',
  outcomes: 'expected the id of a node',
  items: 'only a map has items',
} as const;

function wordsOf(message: string, [what]: readonly unknown[], value: unknown): string {
  if (message.includes(' got ')) return message;
  const expected = what === 'durations' ? 'expected a duration such as "5s"' : message;
  return `${expected.charAt(0).toLowerCase()}${expected.slice(1)}, got ${preview(value)}`;
}

const valueAt = (value: unknown, path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>(
    (at, step) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, step)
        ? (at as Record<string | number, unknown>)[step]
        : undefined,
    value,
  );
