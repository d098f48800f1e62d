import { z } from 'zod';
import { byName } from '../../src/domain/by-name.js';
import { formatPath, joinPath } from '../../src/domain/json.js';
import { validateGraph } from '../../src/domain/validate.js';
import { circuits } from '../../src/setting-values.js';

/** As a file and a client have it: in a literal of TypeScript it would be no key. */
const named = (name: string, value: unknown = 'v'): unknown =>
  JSON.parse(`{ ${JSON.stringify(name)}: ${JSON.stringify(value)} }`);

const graph = (node: object, more: object = {}): object => ({
  name: 'x',
  tasks: [{ id: 'a', ...node }],
  ...more,
});
const process = (more: object): object => ({ process: { command: ['x'], ...more } });
const task = { task: 'noop' };

/** A spec and a submission with a map that has that name, and where it stands. */
const PLACES: [string, (map: unknown) => object, string, said?: (map: unknown) => object][] = [
  ['env', (env) => graph(process({ env })), 'tasks[0].process.env'],
  ['files', (files) => graph(process({ files })), 'tasks[0].process.files'],
  [
    'env of a container',
    (env) => graph({ container: { image: 'x', env } }),
    'tasks[0].container.env',
  ],
  ['headers', (headers) => graph({ faas: { url: 'http://x', headers } }), 'tasks[0].faas.headers'],
  [
    'secretHeaders',
    (secretHeaders) => graph({ faas: { url: 'http://x', secretHeaders } }),
    'tasks[0].faas.secretHeaders',
  ],
  [
    'env of what undoes',
    (env) => graph({ ...task, compensate: process({ env }) }),
    'tasks[0].compensate.process.env',
  ],
  ['metadata of a node', (metadata) => graph({ ...task, metadata }), 'tasks[0].metadata'],
  ['metadata', (metadata) => graph(task, { metadata }), 'metadata'],
  [
    'metadata of the defaults',
    (metadata) => graph(task, { defaults: { metadata } }),
    'defaults.metadata',
  ],
  ['params that are given', () => graph(task), 'submission.params', (params) => ({ params })],
  [
    'metadata of a submission',
    () => graph(task),
    'submission.metadata',
    (metadata) => ({ metadata }),
  ],
];

describe('a map by names that somebody chose', () => {
  it.each(PLACES)('refuses the name __proto__ in %s, with its place', (...row) => {
    const [, spec, place, said] = row;
    const map = named('__proto__');
    expect(validateGraph(spec(map), said?.(map)).faults).toContainEqual({
      path: `${place}.__proto__`,
      code: 'INVALID_VALUE',
      message: 'expected another name, got "__proto__"',
    });
  });

  it('refuses it in the policies by error, and in the setting circuits', () => {
    const byError = named('__proto__', { delay: '1s' });
    expect(validateGraph(graph({ ...task, retry: { byError } })).faults).toMatchObject([
      { path: 'tasks[0].retry.byError.__proto__' },
    ]);
    expect(() => circuits(named('__proto__', { failures: 1 }))).toThrow(/"__proto__"/);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty'])('keeps %s for a name', (name) => {
    const map = named(name);
    const { valid } = validateGraph(graph({ ...process({ env: map, files: map }), metadata: map }));
    const [node] = valid?.graph.tasks ?? [];
    expect(node?.process).toMatchObject({ env: map, files: map });
    expect(node?.metadata).toEqual(map);
  });

  it('says what else is wrong with a name, and shows the name', () => {
    const messages = ['1 a', 'TEMPOGRAPH_X', 'NODE_OPTIONS'].map(
      (name) => validateGraph(graph(process({ env: named(name) }))).faults[0]?.message,
    );
    expect(messages).toEqual([
      'must be a name of a variable: letters, digits and _, got "1 a"',
      'must not begin with TEMPOGRAPH_, got "TEMPOGRAPH_X"',
      'is read before the program begins; give args, or set it within the program, got "NODE_OPTIONS"',
    ]);
  });

  it('has the JSON Schema of a record', () => {
    const of = (schema: z.ZodType): unknown => z.toJSONSchema(schema, { io: 'input' });
    expect(of(byName(z.string(), z.int()))).toEqual(of(z.record(z.string(), z.int())));
  });
});

describe('joinPath', () => {
  it.each([
    [['a b'], 'tasks[0].graph["a b"]'],
    [['params', 'x'], 'tasks[0].graph.params.x'],
    [[], 'tasks[0].graph'],
  ])('puts %j below another place', (below, whole) => {
    expect(joinPath(['tasks', 0, 'graph'], formatPath(below))).toBe(whole);
  });
});
