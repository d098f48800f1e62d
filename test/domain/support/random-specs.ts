/** Random specs for the fuzz: valid ones, valid ones with something broken, and anything at all. */
import fc from 'fast-check';
import { TRIGGER_RULES } from '../../../src/domain/trigger.js';
import { nodesOf } from './graphs.js';

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 4 });
const duration = fc.constantFrom<string | number>('5s', '10m', 0, 250, '1.5h', 3_600_000);
const retry = fc.oneof(
  fc.constantFrom('NONE', 'IMMEDIATE', 'FIXED_DELAY', 'FIBONACCI_BACKOFF'),
  fc.record({ maxRetries: fc.nat({ max: 6 }), delay: duration }),
  fc.record({ delays: fc.array(duration, { minLength: 1, maxLength: 4 }) }),
);
const limit = fc.oneof(
  fc.constantFrom('api', 'db'),
  fc.record({ key: fc.constantFrom('api', 'db'), weight: fc.integer({ min: 1, max: 3 }) }),
);

/** What a node does, apart from what it waits for. */
const part = fc.record({
  kind: fc.constantFrom('task', 'task', 'task', 'task', 'map', 'graph', 'approval'),
  task: fc.constantFrom('load', 'clean', 'send'),
  trigger: maybe(fc.constantFrom(...TRIGGER_RULES)),
  when: maybe(fc.constantFrom('params.full', '!params.full', '1 < 2', 'params.n > 3')),
  retry: maybe(retry),
  limit: maybe(limit),
  priority: maybe(fc.constantFrom('LOW', 'HIGH', 'CRITICAL')),
  allowFailure: maybe(fc.boolean()),
  scheduledTime: maybe(duration),
  timeout: maybe(fc.constantFrom('1s', '5m', '2h')),
  light: maybe(fc.boolean()),
  expectedDuration: maybe(duration),
});
type Part = typeof part extends fc.Arbitrary<infer T> ? T : never;

function nodeOf({ kind, task, limit: held, ...rest }: Part, index: number, dependsOn: number[]) {
  const common = { id: `n${index}`, dependsOn: dependsOn.map((other) => `n${other}`) };
  const { trigger, when, allowFailure, scheduledTime, ...options } = rest;
  const flow = { trigger, when, allowFailure, scheduledTime };
  switch (kind) {
    case 'task':
      return { ...common, ...flow, ...options, task, limit: held };
    case 'map':
      return { ...common, ...flow, ...options, task, map: 'params.list' };
    case 'graph':
      return { ...common, ...flow, graph: { name: 'inner', tasks: [{ id: 'a', task }] } };
    default:
      return { ...common, ...flow, approval: { message: 'go on?' } };
  }
}

/** Specs that have no faults, most of the time: options that contradict each other may come together. */
export const soundSpecs = fc
  .record({
    nodes: nodesOf(30, part),
    concurrency: fc.integer({ min: 1, max: 12 }),
    onFailure: fc.constantFrom('continue', 'failFast'),
    defaults: maybe(fc.record({ retry })),
    deadline: maybe(duration),
  })
  .map(({ nodes, ...graph }) => ({
    name: 'random',
    ...graph,
    params: {
      full: { type: 'boolean', default: true },
      n: { type: 'integer', default: 3 },
      list: { type: 'array', default: [1, 2, 3] },
    },
    tasks: nodes.map(({ part: one, dependsOn }, index) => nodeOf(one, index, dependsOn)),
  }))
  .map((spec) => JSON.parse(JSON.stringify(spec)) as Record<string, unknown>);

/** What may stand where it should not. */
const junk = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    -1,
    1e308,
    true,
    [],
    {},
    'n0',
    '__proto__',
    '${{',
    '🙂',
    '5 s',
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Sound specs with one to three places broken: a value replaced, taken away, or a field that nobody knows. */
export const brokenSpecs = fc
  .record({
    spec: soundSpecs,
    wounds: fc.array(
      fc.record({ at: fc.nat({ max: 10_000 }), how: fc.constantFrom('put', 'drop', 'add'), junk }),
      { minLength: 1, maxLength: 3 },
    ),
  })
  .map(({ spec, wounds }) => {
    for (const wound of wounds) {
      const places = placesIn(spec);
      const place = places[wound.at % places.length];
      if (!place) continue;
      const { holder, key } = place;
      if (wound.how === 'put') holder[key] = wound.junk;
      else if (wound.how === 'add') holder['surprise'] = wound.junk;
      else delete holder[key];
    }
    return spec;
  });

/** Anything that JSON can say. */
export const anything = fc.oneof(
  fc.jsonValue(),
  fc.record({ name: fc.jsonValue(), tasks: fc.array(fc.jsonValue()) }),
);

function placesIn(value: unknown): { holder: Record<string, unknown>; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}
