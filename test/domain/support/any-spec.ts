/** Valid graphs of every field and kind, for properties. */
import fc from 'fast-check';
import { uncleanIn } from '../../../src/domain/clean-name.js';
import { COMPENSATIONS } from '../../../src/domain/compensation.js';
import { PRIORITIES } from '../../../src/domain/priority.js';
import type { GraphSpec } from '../../../src/domain/spec.js';
import { TRIGGER_RULES } from '../../../src/domain/trigger.js';

type Node = GraphSpec['tasks'][number];

const text = fc.oneof(
  fc.string({ minLength: 1, maxLength: 20 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }),
  fc.constantFrom(
    'yes',
    'no',
    '~',
    'null',
    '1e3',
    '0x1F',
    '- a',
    'a: b',
    '# x',
    ' lead',
    'a\nb',
    '*a',
    '&a',
    '!x',
    '%y',
    '2027-01-31',
    '<<',
  ),
);
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
const duration = fc.oneof(fc.integer({ min: 1, max: 1e6 }), fc.constantFrom('5s', '1.5h', '2d'));
const json = fc.jsonValue({ maxDepth: 3 }).map(
  // `${{` would be an expression; -0 is no JSON
  (value) => JSON.parse(JSON.stringify(value).replaceAll('${{', '$ {{')) as unknown,
);
const key = text.filter((one) => one !== '__proto__');
const metadata = fc.dictionary(key, json, { maxKeys: 3, noNullPrototype: true });
/** For lists and addresses: a line of it. */
const line = text.filter((one) => uncleanIn(one) === undefined);
const tags = fc.array(line, { maxLength: 3 });
const optional = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(fields, { requiredKeys: [], noNullPrototype: true });

const retry = fc.oneof(
  fc.constantFrom('NONE', 'IMMEDIATE', 'FIBONACCI_BACKOFF'),
  optional({
    maxRetries: fc.integer({ min: 0, max: 9 }),
    delay: fc.integer({ min: 1, max: 999 }),
    factor: fc.constantFrom(1, 1.5, 3),
    jitter: fc.constantFrom(true, false, 0.1),
    retryOn: fc.array(name, { maxLength: 2 }),
    neverRetryOn: fc.array(name, { maxLength: 2 }),
    unknownErrors: fc.constantFrom('retry', 'fail'),
    maxRetryAfter: duration,
    byError: fc.dictionary(name, optional({ delay: fc.integer({ min: 1, max: 9 }) }), {
      ...{ maxKeys: 2, noNullPrototype: true },
    }),
  }),
);
const options = {
  priority: fc.constantFrom(...PRIORITIES),
  retry,
  timeout: duration,
  totalTimeout: duration,
  heartbeatTimeout: fc.constantFrom('5s', 30_000),
  queueTimeout: fc.oneof(duration, fc.constant(null)),
  queue: name,
  maxLostWorkers: fc.integer({ min: 0, max: 9 }),
  limit: fc.oneof(
    name,
    fc.record({ key: name, weight: fc.constant(2) }, { noNullPrototype: true }),
  ),
  circuit: name,
  cache: fc.oneof(fc.boolean(), fc.record({ ttl: duration, key: name }, { noNullPrototype: true })),
  result: optional({
    select: fc.constant('output.rows'),
    store: fc.constantFrom('inline', 'reference'),
    async: fc.boolean(),
  }),
  onUnknown: fc.oneof(
    fc.constantFrom('retry', 'ask'),
    fc.record({ verify: name }, { noNullPrototype: true }),
  ),
  light: fc.boolean(),
  expectedDuration: duration,
};
const flow = {
  description: text,
  trigger: fc.constantFrom(...TRIGGER_RULES),
  when: fc.constantFrom('params.p == 1', '${{ true }}'),
  allowFailure: fc.boolean(),
  onCancel: fc.constantFrom('stop', 'run'),
  scheduledTime: fc.constantFrom('10m', 5, '2027-01-31T08:00:00Z'),
  metadata,
  tags,
};
const compensate = fc.oneof(
  name,
  fc.constant<false>(false),
  fc.record(
    {
      task: name,
      input: fc.constant('${{ output }}'),
      retry: fc.constant('NONE'),
      timeout: duration,
    },
    { requiredKeys: ['task'], noNullPrototype: true },
  ),
  fc.record(
    {
      process: fc.constant<NonNullable<Node['process']>>({
        command: ['undo', '${{ input.output }}'],
      }),
      input: fc.constant('${{ output }}'),
      inputSchema: fc.constant({ type: 'object' }),
      retry: fc.constant('NONE'),
      timeout: duration,
      queue: name,
      isolation: fc.constant('process'),
      resources: fc.constant({ cpu: 1, memory: '64Mi' }),
      security: fc.constant({ level: 'MEDIUM' }),
    },
    { requiredKeys: ['process'], noNullPrototype: true },
  ),
);
const over = fc.oneof(
  fc.constantFrom('params.list', '${{ params.list }}'),
  fc.array(json, { maxLength: 3 }),
);
const map = fc.oneof(
  fc.constant('params.list'),
  fc.record(
    {
      over,
      concurrency: fc.integer({ min: 1, max: 9 }),
      maxItems: fc.integer({ min: 1, max: 99 }),
      onFailure: fc.constantFrom('continue', 'failFast'),
      allowFailure: fc.boolean(),
    },
    { requiredKeys: ['over'], noNullPrototype: true },
  ),
);
const approval = fc.record(
  {
    message: fc.constant('go on with ${{ params.p }}?'),
    by: fc.array(name, { minLength: 1, maxLength: 2 }),
    timeout: duration,
    onTimeout: fc.constantFrom('fail', 'approve', 'deny'),
    onDeny: fc.constantFrom('fail', 'complete'),
    payload: fc.constant({ type: 'object' }),
  },
  { requiredKeys: ['message'], noNullPrototype: true },
);

/** A graph whose nodes have these kinds, as deep as said. */
const graphs = (depth: number): fc.Arbitrary<GraphSpec> => {
  const task = fc
    .tuple(name, optional({ ...options, ...flow }), optional({ input: json, compensate, map }))
    .map(([one, said, more]) => ({ task: one, ...said, ...more }));
  const below = { ...flow, priority: options.priority, expectedDuration: options.expectedDuration };
  const question = fc
    .tuple(approval, optional(below))
    .map(([one, said]) => ({ approval: one, ...said }));
  const sub = fc
    .tuple(depth > 0 ? fc.oneof(name, graphs(depth - 1)) : name, optional(below), optional({ map }))
    .map(([one, said, more]) => ({
      ...{ graph: one as Record<string, unknown>, ...said, ...more },
      input: typeof one === 'string' ? { a: 1 } : { p: '${{ params.p }}' },
    }));
  const bodies = fc.array(fc.oneof(task, question, sub), { minLength: 1, maxLength: 4 });
  return fc
    .tuple(
      name,
      optional({
        version: line,
        description: text,
        concurrency: fc.integer({ min: 1, max: 99 }),
        onFailure: fc.constantFrom('continue', 'failFast'),
        compensation: fc.constantFrom(...COMPENSATIONS),
        deadline: duration,
        hooks: fc.record({ pre: fc.array(name), post: fc.array(name) }, { noNullPrototype: true }),
        defaults: optional({ ...options, compensate, metadata, tags }),
        metadata,
        tags,
      }),
      bodies,
      fc.infiniteStream(fc.boolean()),
    )
    .map(([graph, said, nodes, edges]) => ({
      name: graph,
      ...said,
      params: {
        p: { type: 'integer', default: 1 },
        list: { type: 'array', default: [1, 'a'], items: { type: ['integer', 'string'] } },
      },
      tasks: nodes.map((node, index): Node => {
        const dependsOn = nodes
          .slice(0, index)
          .flatMap((_, j) => (edges.next().value ? [`n${j}`] : []));
        return { id: `n${index}`, ...(dependsOn.length > 0 ? { dependsOn } : {}), ...node };
      }),
    }));
};

export const anySpec: fc.Arbitrary<GraphSpec> = graphs(2);
