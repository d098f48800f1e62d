import { planGraph } from '../../src/domain/forecast.js';
import { NO_FACTS, type PlanFacts } from '../../src/domain/plan-facts.js';
import {
  MOST_PROGRAMS,
  notesOf,
  programsOf,
  toldOf,
  withinLimits,
  type AskedProgram,
} from '../../src/domain/program-looks.js';
import { validateGraph } from '../../src/domain/validate.js';

const facts = (pipelines: PlanFacts['pipelines'] = {}): PlanFacts => ({ ...NO_FACTS, pipelines });
const of = (
  tasks: object[],
  more: object = {},
  known: PlanFacts = facts(),
  submission: object = {},
) => {
  const { valid, faults } = validateGraph({ name: 'g', tasks, ...more }, submission);
  if (!valid) throw new Error(JSON.stringify(faults));
  return programsOf(valid, known);
};
const image = (name: string) => ({ container: { image: name } });
const places = ({ programs }: { programs: AskedProgram[] }): string[][] =>
  programs.map((one) => one.places.map(({ node }) => node));

describe('the programs of a graph', () => {
  it('are all of them once, those of maps and sub-graphs too', () => {
    const inner = { name: 'inner', tasks: [{ id: 'x', ...image('b') }] };
    const found = of(
      [
        { id: 'a', ...image('a') },
        { id: 'again', container: { image: 'a', command: ['other'] } },
        { id: 'm', map: { over: [1, 2] }, ...image('c') },
        { id: 's', graph: inner },
        { id: 'p', graph: 'named' },
        { id: 'q', graph: 'named' },
        { id: 'h', task: 'noop' },
      ],
      {},
      facts({ named: { name: 'named', tasks: [{ id: 'y', faas: { url: 'https://f.example' } }] } }),
    );
    expect(places(found)).toEqual([['a', 'again'], ['m'], ['s/x'], ['p/y']]);
    expect(found.programs[2]?.places[0]?.path).toEqual(['tasks', 3, 'graph', 'tasks', 0]);
    expect(found.programs[3]?.ask).toMatchObject({
      ...{ runner: 'faas', program: { faas: { url: 'https://f.example' } } },
    });
  });

  it('are those that undo, too, on their own queue and held as their node is', () => {
    const { programs } = of([
      {
        id: 'a',
        task: 'noop',
        resources: { cpu: 2 },
        compensate: { ...image('undoer'), queue: 'far', input: '${{ output }}' },
      },
      { id: 'b', task: 'noop', compensate: 'noop' },
    ]);
    expect(programs).toMatchObject([
      {
        queue: 'far',
        ask: { runner: 'container', limits: { cpu: 2 } },
        places: [{ node: 'a~undo', path: ['tasks', 0, 'compensate'] }],
      },
    ]);
  });

  it('are asked for the secrets of their node where they undo it and say no input of their own', () => {
    const node = { input: { token: '${{ secrets.TOKEN }}', name: 'x' }, task: 'noop' };
    const own = { ...image('b'), input: '${{ output }}' };
    const { programs } = of([
      { id: 'a', ...node, compensate: image('a') },
      { id: 'b', ...node, compensate: own },
      { id: 'c', ...node, map: { over: [1] }, compensate: image('c') },
    ]);
    expect(programs.map(({ ask: { late } }) => late)).toEqual([
      [{ kind: 'secrets', name: 'TOKEN' }],
      [],
      [],
    ]);
  });

  it('are asked for with what holds them, and without what they do', () => {
    const code = 'x'.repeat(100_000);
    const { programs } = of(
      [
        {
          id: 'a',
          process: { runtime: 'node', code, args: ['--x'], files: { 'a.txt': code } },
          input: { token: '${{ secrets.TOKEN }}', home: 'in ${{ env.HOME }}' },
          resources: { cpu: 2 },
        },
        { id: 'b', process: { command: ['sh', '-c', code.slice(0, 9_000)] }, queue: 'gpu' },
      ],
      { defaults: { security: { level: 'MEDIUM', permissions: ['secret:TOKEN', 'env:HOME'] } } },
    );
    const [a, b] = programs;
    expect(a?.ask).toEqual({
      program: { kind: 'process', process: { runtime: 'node', code: '', files: { 'a.txt': '' } } },
      ...{ runner: 'process', level: 'MEDIUM', permissions: ['secret:TOKEN', 'env:HOME'] },
      limits: expect.objectContaining({ cpu: 2 }) as object,
      late: [
        { kind: 'secrets', name: 'TOKEN' },
        { kind: 'env', name: 'HOME' },
      ],
    });
    expect(b).toMatchObject({ queue: 'gpu', ask: { program: { process: { command: ['sh'] } } } });
  });

  it('take the options of a submission and of the graph around them', () => {
    const tasks = [{ id: 's', graph: { name: 'i', tasks: [{ id: 'x', ...image('a') }] } }];
    const options = { security: { level: 'MEDIUM' }, queue: 'gpu' };
    const { programs } = of(tasks, {}, facts(), { options });
    expect(programs[0]).toMatchObject({ queue: 'gpu', ask: { level: 'MEDIUM' } });
  });

  it('that no runner takes are faults with their place, below a sub-graph as well', () => {
    const node = { id: 'x', isolation: 'process', ...image('a') };
    const { faults, programs } = of([{ id: 's', graph: { name: 'i', tasks: [node] } }]);
    expect(programs).toEqual([]);
    expect(faults).toMatchObject([{ path: 'tasks[0].graph.tasks[0]', code: 'INVALID_VALUE' }]);
  });

  it('are walked once where pipelines name each other in many places', () => {
    const four = (graph: string) => ['a', 'b', 'c', 'd'].map((id) => ({ id, graph }));
    const last = { name: 'p4', tasks: [{ id: 'x', ...image('a') }] };
    const named = ['p1', 'p2', 'p3'].map((name, at) => [name, { name, tasks: four(`p${at + 2}`) }]);
    const pipelines = { ...Object.fromEntries(named), p4: last } as PlanFacts['pipelines'];
    expect(places(of(four('p1'), {}, facts(pipelines)))).toEqual([['a/a/a/a/x']]);
  });

  it('are asked of up to a bound', () => {
    const many = of(
      Array.from({ length: 300 }, (_, at) => ({ id: `n${at}`, ...image(`i${at}`) })),
    ).programs;
    expect(withinLimits(many).asked).toHaveLength(MOST_PROGRAMS);
    expect(withinLimits(many).left).toHaveLength(100);
    const hosts = Array.from({ length: 100 }, (_, at) => `${'h'.repeat(200)}${at}.example:443`);
    const large = of(
      Array.from({ length: 50 }, (_, at) => ({
        id: `n${at}`,
        process: { command: [`c${at}`], network: hosts },
      })),
    ).programs;
    const { asked, left } = withinLimits(large);
    expect(JSON.stringify(asked.map(({ ask }) => ask)).length).toBeLessThan(600_000);
    expect(asked.length + left.length).toBe(50);
    expect(left.length).toBeGreaterThan(0);
  });
});

describe('what workers found', () => {
  const { programs } = of([
    { id: 'a', ...image('a') },
    { id: 'b', ...image('a') },
    { id: 'c', ...image('c') },
  ]);
  const at = ['container', 'image'];

  it('is a fault for each place of what is refused, and says who looked', () => {
    const { faults, looks } = toldOf(programs, [
      {
        worker: 'w1',
        findings: [{ at, state: 'refused', message: 'image a: unknown', hint: 'name another' }],
      },
      { worker: 'w1', findings: [{ at, state: 'found', message: 'image c' }] },
    ]);
    const hint = 'name another; looked up by the worker w1';
    const rest = { code: 'PROGRAM', message: 'image a: unknown', hint };
    expect(faults).toEqual([
      { path: 'tasks[0].container.image', ...rest },
      { path: 'tasks[1].container.image', ...rest },
    ]);
    expect(looks[1]).toEqual({
      ...{ nodes: ['c'], runner: 'container', worker: 'w1', found: ['image c'], unchecked: [] },
    });
  });

  it('is a note where it is not known, one for all nodes with the same reason', () => {
    const silent = { worker: 'w1', findings: [{ at, state: 'unknown', message: 'no answer' }] };
    const { faults, looks } = toldOf(programs, [silent, silent] as never);
    expect(faults).toEqual([]);
    expect(notesOf(looks)).toEqual(['a, b, c: not checked: no answer']);
  });

  it('is told of up to a bound', () => {
    const many = of(Array.from({ length: 500 }, (_, at) => ({ id: `n${at}`, ...image('a') })));
    const refused = { at, state: 'refused' as const, message: 'no' };
    const { faults } = toldOf(many.programs, [{ worker: 'w', findings: [refused] }]);
    expect(faults).toHaveLength(201);
    expect(faults.at(-1)?.message).toBe('300 more of programs that cannot run');
  });

  it('is in no plan that asked no worker', () => {
    const { plan } = planGraph({ name: 'g', tasks: [{ id: 'a', ...image('a') }] });
    expect(plan?.programs).toBeUndefined();
  });
});
