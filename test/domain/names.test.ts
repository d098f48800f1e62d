import { nodeNames } from '../../src/convert/ids.js';
import { validateGraph } from '../../src/domain/validate.js';
import { defineTask } from '../../src/task-definition.js';

const node = { id: 'a', task: 'noop' };
const graph = (more: object, of: object = node): object => ({ name: 'x', tasks: [of], ...more });
const first = (spec: object, submission?: object): string => {
  const [one] = validateGraph(spec, submission).faults;
  return one === undefined ? 'nothing' : `${one.path}: ${one.message}`;
};

/** A name as it is written, and as it is shown. */
const UNCLEAN = [
  ['a NUL', 'a\0b', '"a\\u0000b"'],
  ['a line break', 'a\nb', '"a\\nb"'],
  ['half a character', 'a\ud800b', '"a\\ud800b"'],
  ['a mark that turns the text', 'a\u202eb', '"a\\u202eb"'],
] as const;

describe('names of tasks in a spec', () => {
  const WORDS = 'expected 1 to 128 characters without spaces, control characters or "/"';
  it.each([...UNCLEAN, ['a blank', 'a b', '"a b"'], ['a slash', 'a/b', '"a/b"']] as const)(
    'with %s are refused, since no worker can have such a task',
    (_what, task, shown) => {
      const said = `no task can have this name: ${WORDS}, got ${shown}`;
      expect(first(graph({}, { id: 'a', task }))).toBe(`tasks[0].task: ${said}`);
      expect(first(graph({}, { ...node, compensate: task }))).toBe(`tasks[0].compensate: ${said}`);
      expect(first(graph({}, { ...node, onUnknown: { verify: task } }))).toBe(
        `tasks[0].onUnknown.verify: ${said}`,
      );
      expect(() => defineTask({ name: task, run: () => 1 })).toThrow(/control characters or "\/"/);
    },
  );

  it.each(['load', 'größe', '日本語', '🙂', 'a:b', 'constructor'])('take %j', (task) => {
    expect(first(graph({}, { id: 'a', task }))).toBe('nothing');
    expect(defineTask({ name: task, run: () => 1 }).name).toBe(task);
  });
});

describe('ids of nodes', () => {
  it.each(['.', '..'])('are not %j, which an address over HTTP would lose', (id) => {
    expect(first(graph({}, { ...node, id }))).toBe(
      `tasks[0].id: must be another: no address over HTTP holds it, got "${id}"`,
    );
  });

  it.each(['...', '.a', '-', '__proto__'])('may be %j', (id) => {
    expect(first(graph({}, { ...node, id }))).toBe('nothing');
  });
});

describe('nodeNames', () => {
  it('makes another id of one or two dots', () => {
    const names = nodeNames();
    expect([names.of('.'), names.of('..'), names.of('...')]).toEqual(['node', 'node-2', '...']);
  });
});

describe('other names in a spec', () => {
  it.each(UNCLEAN)('with %s are refused, with the place', (_what, name, shown) => {
    const places: [string, object][] = [
      ['name', graph({ name })],
      ['version', graph({ version: name })],
      ['tags[0]', graph({ tags: [name] })],
      ['hooks.post[0]', graph({ hooks: { post: [name] } })],
      ['defaults.circuit', graph({ defaults: { circuit: name } })],
      ['tasks[0].tags[0]', graph({}, { ...node, tags: [name] })],
      ['tasks[0].circuit', graph({}, { ...node, circuit: name })],
      ['tasks[0].circuit.name', graph({}, { ...node, circuit: { name } })],
      ['tasks[0].graph', graph({}, { id: 'a', graph: name })],
    ];
    expect(places.map(([, spec]) => first(spec))).toEqual(
      places.map(([place]) => `${place}: expected no control characters, got ${shown}`),
    );
  });

  it('may hold blanks', () => {
    const of = { ...node, tags: ['a b'], circuit: 'the crm' };
    expect(first(graph({ name: 'Every night', version: '1 b' }, of))).toBe('nothing');
  });

  it('stay as they were in a rerun of an execution that is older than the rule', () => {
    const rerun = { of: 'before', run: ['a'], reason: 'x' };
    expect(first(graph({ name: 'a\tb' }), { rerun })).not.toMatch(/^name/);
  });
});
