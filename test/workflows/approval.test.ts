import type { GraphSpec } from '../../src/domain/spec.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

describe('an approval', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness()));
  afterAll(() => harness.stop());

  const ask = async (approval: object, more: object[] = []) => {
    const tasks = [
      { id: 'n', task: 'echo', input: 3 },
      { id: 'go', dependsOn: ['n'], approval },
      { id: 'after', task: 'echo', dependsOn: ['go'], input: '${{ tasks.go.output }}' },
      ...more,
    ];
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'asks',
      tasks: tasks as GraphSpec['tasks'],
    });
    return handle;
  };
  const asked = async (handle: Awaited<ReturnType<typeof ask>>) => {
    await until(async () => (await handle.node('go').status()).approval !== undefined);
    return await handle.node('go').status();
  };

  it('asks its question, waits, and gives the answer to what follows', async () => {
    const handle = await ask({
      message: 'Delete ${{ tasks.n.output }} files?',
      by: ['ada', 'bob'],
    });
    expect(await asked(handle)).toMatchObject({
      status: 'RUNNING',
      reason: 'approval',
      approval: { message: 'Delete 3 files?', by: ['ada', 'bob'] },
    });
    const id = `${handle.executionId}/go`;
    expect(await harness.engine.approve(id, { by: 'eve' })).toMatchObject({
      success: false,
      message: expect.stringContaining('asked of ada, bob, and not of eve') as string,
    });
    expect(await harness.engine.approve(id, { by: 'ada', note: 'fine' })).toEqual({
      success: true,
      message: 'go is approved',
    });
    const { output, nodes } = await handle.resultOrThrow();
    expect(output).toMatchObject({ after: { approved: true, by: 'ada', note: 'fine' } });
    expect(nodes['go']?.statusHistory).toContainEqual(
      expect.objectContaining({ by: 'ada', note: 'approved: fine' }),
    );
    expect((await harness.engine.approve(id, { by: 'ada' })).success).toBe(false);
  });

  it('that is denied fails its node', async () => {
    const handle = await ask({ message: 'Go on?' });
    await asked(handle);
    await handle.node('go').deny({ by: 'ada', note: 'tests are red' });
    const { nodes } = await handle.result();
    expect(nodes['go']).toMatchObject({ status: 'FAILED', error: { code: 'DENIED' } });
    expect(nodes['go']?.error?.message).toBe('denied by ada: tests are red');
    expect(nodes['after']).toMatchObject({ status: 'SKIPPED' });
  });

  it('that is denied completes where the graph goes on either way', async () => {
    const handle = await ask({ message: 'Go on?', onDeny: 'complete' });
    await asked(handle);
    await handle.node('go').deny({ by: 'ada' });
    expect((await handle.result()).output).toMatchObject({ after: { approved: false } });
  });

  it('refuses a payload that is not what it asks for', async () => {
    const payload = {
      type: 'object',
      properties: { region: { type: 'string' } },
      required: ['region'],
    };
    const handle = await ask({ message: 'Where?', payload });
    await asked(handle);
    const refused = await handle.node('go').approve({ payload: { region: 7 } });
    expect(refused).toMatchObject({ success: false });
    expect(refused.message).toMatch(/payload is not what go asks for: .*region/);
    await handle.node('go').approve({ payload: { region: 'eu' } });
    expect((await handle.result()).output).toMatchObject({ after: { payload: { region: 'eu' } } });
  });

  it.each([
    ['fail', 'TIMEOUT', undefined],
    ['approve', 'COMPLETED', true],
    ['deny', 'FAILED', undefined],
  ])('that nobody answers: %s', async (onTimeout, status, approved) => {
    const handle = await ask({ message: 'Go on?', timeout: '300ms', onTimeout });
    const { nodes } = await handle.result();
    expect(nodes['go']?.status).toBe(status);
    const output = nodes['go']?.output as { approved?: boolean } | null;
    expect(output?.approved).toBe(approved);
  });

  it('is answered once where two people answer at the same time', async () => {
    const handle = await ask({ message: 'Go on?' });
    await asked(handle);
    const answers = await Promise.all([
      handle.node('go').approve({ by: 'ada' }),
      handle.node('go').deny({ by: 'bob' }),
    ]);
    expect(answers.filter(({ success }) => success)).toHaveLength(1);
    await handle.result();
  });

  it('is cancelled with its graph', async () => {
    const handle = await ask({ message: 'Go on?' });
    await asked(handle);
    await handle.cancel();
    const { status, nodes } = await handle.result();
    expect({ status, go: nodes['go']?.status }).toEqual({ status: 'CANCELLED', go: 'CANCELLED' });
  });

  it('is still asked while its graph is paused, and takes no place in the window', async () => {
    const handle = await ask({ message: 'Go on?' });
    await asked(handle);
    await handle.pause();
    expect(await handle.node('go').approve({ by: 'ada' })).toMatchObject({ success: true });
    expect((await handle.node('after').status()).status).toBe('PAUSED');
    await handle.resume();
    expect((await handle.result()).status).toBe('COMPLETED');
  });
});
