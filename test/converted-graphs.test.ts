/** Converted graphs run: every Argo and GitHub Actions file of the shared data, its steps as `noop`. */
import type { ExecutionResult } from '../src/client.js';
import { convert } from '../src/index.js';
import { startHarness, type Harness } from './support/engine.js';
import { foreignFiles, unlessThere } from './support/foreign-files.js';

const files = [
  ...foreignFiles('argo-workflows').map((file) => ({ ...file, from: 'argo' as const })),
  ...foreignFiles('github-actions').map((file) => ({ ...file, from: 'github' as const })),
];
const suite = files.length > 0 ? describe : describe.skip;

suite(`converted graphs${unlessThere}`, () => {
  let harness: Harness;
  let results: Map<string, ExecutionResult>;

  beforeAll(async () => {
    harness = await startHarness({ maxConcurrentActivities: 100 });
    const ran = files.map(async ({ name, text, from }) => {
      const { pipeline } = convert(text, { from, name: 'converted', task: 'noop' });
      const handle = await harness.engine.scheduleTaskGraph(pipeline);
      return [name, await handle.result()] as const;
    });
    results = new Map(await Promise.all(ran));
  });
  afterAll(() => harness.stop());

  it.each(files)(
    '$name runs to its end, every node COMPLETED or SKIPPED',
    ({ name, text, from }) => {
      const { status, nodes, error } = results.get(name) ?? { nodes: {} };
      const ends = Object.entries(nodes).map(([id, node]) => [id, node.status] as const);
      const wrong = ends.filter(([, one]) => one !== 'COMPLETED' && one !== 'SKIPPED');
      // An execution of one node takes that one's status.
      const expected = ends.every(([, one]) => one === 'SKIPPED') ? 'SKIPPED' : 'COMPLETED';
      expect({ status, error, wrong }).toEqual({ status: expected, error: null, wrong: [] });
      const { pipeline } = convert(text, { from, task: 'noop' });
      expect(ends.map(([id]) => id).sort()).toEqual(pipeline.tasks.map(({ id }) => id).sort());
    },
  );

  const endsOf = (file: string): Record<string, string> => {
    const [, result] = [...results].find(([name]) => name.endsWith(file)) ?? [];
    return Object.fromEntries(
      Object.entries(result?.nodes ?? {}).map(([id, { status }]) => [id, status]),
    );
  };

  it('a condition on an output that noop does not give is false, so its node is skipped', () => {
    expect(endsOf('dag-conditional-artifacts.yaml')).toEqual({
      'flip-coin': 'COMPLETED',
      heads: 'SKIPPED',
      tails: 'SKIPPED',
    });
  });

  it('a task after one that is skipped runs where Argo lets it', () => {
    expect(endsOf('producer-output-default.yaml')).toEqual({
      producer: 'SKIPPED',
      consumer: 'COMPLETED',
    });
  });

  it('an always() job runs although others are skipped', () => {
    expect(endsOf('tektoncd+pipeline/.github/workflows/ci.yaml')).toMatchObject({
      build: 'SKIPPED',
      tests: 'SKIPPED',
      'ci-summary': 'COMPLETED',
    });
  });

  it('an exit handler runs, and knows how the others ended', async () => {
    const handler = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: { name: handled }
spec:
  entrypoint: main
  onExit: handler
  templates:
    - { name: main, container: { image: a } }
    - name: handler
      steps:
        - - { name: cry, template: main, when: '{{workflow.status}} != Succeeded' }
          - { name: cheer, template: main, when: '{{workflow.status}} == Succeeded' }
`;
    const after = async (task: string) => {
      const { pipeline } = convert(handler, { from: 'argo', task: 'noop' });
      const [main] = pipeline.tasks;
      if (main) Object.assign(main, { task, input: null });
      const { status, nodes } = await (await harness.engine.scheduleTaskGraph(pipeline)).result();
      return { status, handler: nodes['handler']?.status, output: nodes['handler']?.output };
    };
    expect(await after('noop')).toMatchObject({ status: 'COMPLETED', handler: 'COMPLETED' });
    expect(await after('fail')).toMatchObject({ status: 'FAILED', handler: 'COMPLETED' });
  });
});
