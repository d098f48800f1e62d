import { startHarness, type Harness } from '../support/engine.js';

describe('taskGraph', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness()));
  afterAll(() => harness.stop());

  it('runs nodes in dependency order and passes outputs along', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'flow',
      tasks: [
        { id: 'a', task: 'echo', input: { n: 1 } },
        { id: 'b', task: 'echo', dependsOn: ['a'], input: '${{ tasks.a.output.n + 1 }}' },
      ],
    });
    const result = await handle.result();
    expect(result).toMatchObject({ status: 'COMPLETED', output: { b: 2 } });
  });
});
