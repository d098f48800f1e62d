/** Programs that are refused before anything of them runs, and what is told of those that fail. */
import { existsSync } from 'node:fs';
import { startHarness, type Harness } from '../support/engine.js';

const here = existsSync('/usr/bin/bwrap') && process.getuid?.() === 0;
if (!here)
  process.stderr.write('programs that are refused are skipped: they need bubblewrap and root\n');

(here ? describe : describe.skip)('a program', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({
      programs: ['process'],
      maxResources: { memory: '1Gi', disk: '1Gi' },
      secrets: () => 'kept-between-us-4711',
      stopGrace: '1m',
    });
  });
  afterAll(() => harness.stop());

  const run = async (node: object) => {
    const spec = { name: 'g', tasks: [{ id: 'p', retry: 'NONE', ...node }] };
    const { nodes } = await (await harness.engine.scheduleTaskGraph(spec as never)).result();
    return nodes['p'];
  };
  const sh = (script: string) => ({ process: { command: ['sh', '-c', script] } });

  it('is refused where it asks for more than the worker gives', async () => {
    const node = await run({ ...sh('true'), resources: { memory: '2Gi' } });
    expect(node).toMatchObject({
      status: 'REJECTED',
      error: { code: 'CONFIGURATION' },
      environment: null,
    });
    expect(node?.error?.message).toContain('2Gi is more than this worker gives to a program, 1Gi');
  });

  it('is refused a secret by its input that no permission grants, from MEDIUM up', async () => {
    const asks = { ...sh('true'), input: '${{ secrets.TOKEN }}' };
    const security = { level: 'MEDIUM' };
    const refused = await run({ ...asks, security });
    expect(refused).toMatchObject({ status: 'REJECTED', error: { code: 'CONFIGURATION' } });
    expect(refused?.error?.message).toContain('add "secret:TOKEN" to security.permissions');
    const granted = await run({
      ...asks,
      security: { ...security, permissions: ['secret:TOKEN'] },
    });
    expect(granted?.status).toBe('COMPLETED');
  });

  it('is refused where it is not there, without another try', async () => {
    const retry = { strategy: 'IMMEDIATE', maxRetries: 3 };
    const node = await run({ process: { command: ['no-such-program'] }, retry });
    expect(node).toMatchObject({
      status: 'REJECTED',
      attempts: 1,
      error: { code: 'CONFIGURATION' },
    });
  });

  it('that failed tells where it ran, and its last words', async () => {
    const node = await run(
      sh('i=0; while [ $i -lt 200 ]; do i=$((i+1)); echo "line $i" >&2; done; exit 4'),
    );
    expect(node).toMatchObject({
      environment: { runner: 'process', enforced: { network: 'none' } },
      error: { code: 'PROGRAM_FAILED', message: 'the program ended with exit code 4: line 200' },
    });
    const { details, stack } = node?.error ?? {};
    expect(details).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(/^line \d+\n.*line 200$/s) as string,
    });
    expect(stack).toMatch(/^line \d+\n[^]*line 1\d\d\n/);
  });

  it('that heeds no SIGTERM has ended when its next attempt begins, whatever grace there is', async () => {
    const before = harness.lines.length;
    const node = await run({
      ...sh("trap '' TERM; while :; do echo tick; sleep 0.05; done"),
      timeout: '3s',
      retry: { strategy: 'IMMEDIATE', maxRetries: 1 },
    });
    expect(node).toMatchObject({ status: 'TIMEOUT', attempts: 2 });
    const ticks = harness.lines
      .slice(before)
      .flatMap(({ msg, attempt }) => (msg === 'tick' ? [attempt as number] : []));
    expect(new Set(ticks)).toEqual(new Set([1, 2]));
    expect(ticks).toEqual([...ticks].sort()); // none of the first comes after one of the second
  });
});
