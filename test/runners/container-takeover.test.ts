import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { ContainerRunner } from '../../src/runners/container.js';
import { ran, request, type Ask, type Ran } from '../support/container-request.js';
import { ContainerScene, WAITS } from '../support/container-scene.js';
import { describeWithDocker } from '../support/docker-suite.js';
import { until } from '../support/until.js';

describeWithDocker('a container', (engine) => {
  const scene = new ContainerScene(engine);
  let runner: ContainerRunner;
  const run = (ask: Ask): Promise<Ran> => ran(runner, ask);
  beforeAll(() => void (runner = scene.runner()));
  afterAll(() => runner.close());
  // Whatever became of it.
  afterEach(() => scene.expectNothingLeft());

  describe('whose worker is lost', () => {
    /** Starts it in a process of its own, and kills that once the program runs. */
    const lose = async (ask: Ask, deadline = Date.now() + 300_000): Promise<string> => {
      const file = join(__dirname, 'container-lost-runner.ts');
      const said = JSON.stringify({ ...ask, deadline: new Date(deadline).toISOString() });
      const worker = spawn(process.execPath, ['--import', 'tsx', file, engine().socketPath, said], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await new Promise((resolve) => worker.stdout.once('data', resolve));
      // It may speak before the engine lists it as running.
      const id = await scene.runningId();
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      worker.kill('SIGKILL');
      await ended;
      return id;
    };
    let node = 0;
    const asked = (script: string, attempt = 1): Ask => ({
      script,
      context: { idempotencyKey: `lost-${node}`, attempt },
    });
    beforeEach(() => void node++);

    it('is found running by the next attempt, and heard from its beginning', async () => {
      const script = `${WAITS} echo '{"n":1}' > $TEMPOGRAPH_OUTPUT; echo ended`;
      const id = await lose(asked(script));
      const next = ran(scene.runner(), asked(script, 2), { onOutput: () => void scene.letGo(id) });
      const { outcome, stdout } = await next;
      expect(outcome?.output).toEqual({ n: 1 });
      expect(stdout).toBe('started\nended\n');
      expect(outcome?.metrics.environmentId).toBe(id.slice(0, 12));
      expect(outcome?.metrics.prepareMs).toBeUndefined();
    });

    it.each([
      ['output', `echo '{"n":2}' > $TEMPOGRAPH_OUTPUT`, { output: { n: 2 } }, undefined],
      ['failure', 'exit 4', undefined, { code: 'PROGRAM_FAILED', details: { exitCode: 4 } }],
    ])('is found ended, and its %s taken', async (_name, then, outcome, error) => {
      const script = `${WAITS} ${then}`;
      const id = await lose(asked(script));
      await scene.letGo(id);
      await until(async () => !(await engine().docker.getContainer(id).inspect()).State.Running);
      const result = await run(asked(script, 2));
      if (outcome) expect(result.outcome).toMatchObject(outcome);
      if (error) expect(result.error).toMatchObject(error);
      expect(result.stdout).toBe('started\n');
      // Attempts after that begin anew.
      expect((await run(asked('echo anew', 3))).stdout).toBe('anew\n');
    });

    it('is not taken for another program of the same node, but ended', async () => {
      await lose(asked(WAITS));
      expect((await run(asked('echo other', 2))).stdout).toBe('other\n');
    });

    it('stays until its deadline, and is swept away then', async () => {
      const id = await lose(asked(WAITS));
      expect(await runner.sweep()).toEqual([]);
      expect((await scene.containers()).map(({ Id }) => Id)).toEqual([id]);
      await engine().docker.getContainer(id).remove({ force: true, v: true });
      await lose(asked(`${WAITS} # late`), Date.now() - 1);
      await runner.sweep();
      expect(await scene.containers()).toEqual([]);
    });
  });

  it('is taken over from a runner that lives, which then leaves it alone', async () => {
    const stop = new AbortController();
    const context = { idempotencyKey: 'taken' };
    const script = `${WAITS} echo '"both"' > $TEMPOGRAPH_OUTPUT`;
    const other = scene.runner();
    const first = ran(runner, { script, context }, { signal: stop.signal });
    await scene.runningId();
    const second = ran(
      other,
      { script, context: { ...context, attempt: 2 } },
      // The first is told to stop: it ends, and the program, which is the second's, does not.
      { onOutput: () => stop.abort() },
    );
    const { error } = await first;
    expect(error).toMatchObject({
      name: 'StoppedError',
      message: expect.stringContaining('another attempt') as string,
    });
    await scene.letGo(await scene.runningId());
    expect((await second).outcome?.output).toBe('both');
    await other.close();
  });

  it('leaves the sweep of one runner alone while another lives', async () => {
    const other = scene.runner();
    const running = ran(other, { script: WAITS, context: { deadline: new Date(0) } });
    const id = await scene.runningId();
    expect(await runner.sweep()).toEqual([]);
    await until(async () => (await engine().docker.getContainer(id).inspect()).State.Running);
    await scene.letGo(id);
    expect((await running).error).toBeUndefined();
    await other.close();
  });

  it('of the same node waits for the one before on the same worker', async () => {
    const context = { idempotencyKey: 'one-by-one' };
    const order: string[] = [];
    const say = (name: string) => (_stream: unknown, text: string) =>
      void order.push(`${name} ${text}`);
    const stop = new AbortController();
    const { request: first } = request({
      script: 'trap "echo bye; exit" TERM; echo hello; while :; do sleep 0.1; done',
      context,
    });
    let second: Promise<Ran> | undefined;
    const one = runner.run(first, {
      signal: stop.signal,
      onOutput: (stream, text) => {
        say('1')(stream, text);
        second ??= ran(runner, { script: 'echo anew', context }, { onOutput: say('2') });
        stop.abort();
      },
    });
    await expect(one).rejects.toThrow(/asked to stop/);
    expect((await second)?.outcome).toBeDefined();
    expect(order).toEqual(['1 hello\n', '1 bye\n', '2 anew\n']);
  });
});
