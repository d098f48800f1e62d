import { spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerRunner, type ContainerRunnerOptions } from '../../src/runners/container.js';
import { ran, request, type Ask, type Ran } from '../support/container-request.js';
import { describeWithDocker } from '../support/docker-suite.js';
import { BUSYBOX, importImage } from '../support/docker.js';
import { until } from '../support/until.js';
import { tarOf } from '../engine/fake-engine.js';

const WAITS = 'echo started; until [ -e $TEMPOGRAPH_OUTPUT.go ]; do sleep 0.1; done;';

describeWithDocker('a program in a container', (engine) => {
  let runner: ContainerRunner;
  const make = (options: Partial<ContainerRunnerOptions> = {}): ContainerRunner =>
    new ContainerRunner({
      maxContainers: 4,
      graceMs: 300,
      engine: { socketPath: engine().socketPath },
      ...options,
    });
  const run = (ask: Ask): Promise<Ran> => ran(runner, ask);
  const containers = () => engine().docker.listContainers({ all: true });
  const letGo = async (id: string): Promise<void> => {
    const archive = await tarOf([{ name: 'output.json.go', content: '' }]);
    await engine().docker.getContainer(id).putArchive(archive, { path: '/tempograph/out' });
  };
  beforeAll(() => void (runner = make()));
  afterAll(() => runner.close());
  afterEach(async () => {
    // Whatever became of it: nothing is left, its volume neither.
    expect(await containers()).toEqual([]);
    expect((await engine().docker.listVolumes()).Volumes).toEqual([]);
  });

  it('finds its input and environment, and gives output and artifacts', async () => {
    const input = { text: 'žluť 中文 👩‍👧', n: 1.5 };
    const { outcome, stdout, stderr, kept } = await run({
      input,
      spec: { files: { 'a/b.txt': 'beside' } },
      program: { env: { TASK_ID: 'mine', MORE: 'a b\nc' } },
      script: `
        cat $TEMPOGRAPH_INPUT > $TEMPOGRAPH_OUTPUT
        mkdir $TEMPOGRAPH_ARTIFACTS/plots && echo one > $TEMPOGRAPH_ARTIFACTS/plots/a.txt
        cat a/b.txt; echo " $TASK_ID $WORKFLOW_ID $TEMPOGRAPH_ATTEMPT $MORE"; echo žluť >&2`,
    });
    expect(outcome?.output).toEqual(input);
    expect({ stdout, stderr }).toEqual({
      stdout: 'beside mine graph-1 1 a b\nc\n',
      stderr: 'žluť\n',
    });
    expect([...kept.artifacts].map(([name, bytes]) => [name, bytes.toString()])).toEqual([
      ['plots/a.txt', 'one\n'],
    ]);
  });

  it('says what was in force and what it took', async () => {
    const { outcome } = await run({ script: 'true' });
    expect(outcome?.enforced).toMatchObject({
      ...{ memory: expect.stringMatching(/^cgroup[12]/) as string, network: 'none' },
      ...{ syscalls: 'seccomp', user: '65534:65534', root: 'read-only', capabilities: 'none' },
      // No registry knows this one: it is pinned by its own id.
      image: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
    });
    expect(outcome?.metrics).toMatchObject({
      environmentId: expect.stringMatching(/^[0-9a-f]{12}$/) as string,
      prepareMs: expect.any(Number) as number,
    });
  });

  it('measures memory and processor time, once the engine has looked', async () => {
    const waiting = run({ script: `i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; ${WAITS}` });
    const one = await runningId(containers);
    const sampled = engine().docker.getContainer(one).stats({ stream: true });
    // The engine samples for all who listen at once.
    await new Promise(
      (resolve) => void sampled.then((s) => s.once('data', () => s.once('data', resolve))),
    );
    await letGo(one);
    const { outcome } = await waiting;
    expect(outcome?.metrics.peakMemoryBytes).toBeGreaterThan(100_000);
    expect(outcome?.metrics.cpuMs).toBeGreaterThan(0);
  });

  it('gives an output of 5 MB', async () => {
    const script =
      'f=$TEMPOGRAPH_OUTPUT; printf \'"\' > $f; head -c 5000000 /dev/zero | tr "\\0" x >> $f; printf \'"\' >> $f';
    expect(((await run({ script })).outcome?.output as string).length).toBe(5_000_000);
  });

  it('takes an input of 5 MB', async () => {
    const { stdout } = await run({
      input: 'x'.repeat(5_000_000),
      script: 'wc -c < $TEMPOGRAPH_INPUT',
    });
    expect(stdout.trim()).toBe('5000002');
  });

  it('gives null where it writes nothing', async () => {
    expect((await run({ script: 'true' })).outcome).toMatchObject({ output: null });
  });

  it.each<[string, Ask, object]>([
    [
      'an exit code',
      { script: 'echo why >&2; exit 3' },
      { code: 'PROGRAM_FAILED', details: { exitCode: 3, signal: null, stderr: 'why' } },
    ],
    [
      'a signal',
      { script: 'sleep 1000 & kill -SEGV $!; wait $!' },
      { code: 'PROGRAM_FAILED', details: { signal: 'SIGSEGV' } },
    ],
    [
      'an output that is no JSON',
      { script: 'echo nonsense > $TEMPOGRAPH_OUTPUT' },
      { code: 'OUTPUT_INVALID' },
    ],
    [
      'an output over its cap',
      { script: 'head -c 2000 /dev/zero > $TEMPOGRAPH_OUTPUT', program: { maxOutputBytes: 1_000 } },
      { code: 'RESOURCE_EXHAUSTED', details: { resource: 'output' } },
    ],
    [
      'an output that is a link',
      { script: 'ln -s /etc/hostname $TEMPOGRAPH_OUTPUT' },
      { code: 'OUTPUT_INVALID' },
    ],
    [
      'an artifact that is a link',
      { script: 'ln -s /etc/hostname $TEMPOGRAPH_ARTIFACTS/a' },
      { code: 'ARTIFACT_INVALID' },
    ],
    [
      'an artifact that is a pipe',
      { script: 'mkfifo $TEMPOGRAPH_ARTIFACTS/a' },
      { code: 'ARTIFACT_INVALID' },
    ],
    [
      'an artifact over its cap',
      {
        script: 'head -c 2000 /dev/zero > $TEMPOGRAPH_ARTIFACTS/a',
        program: { maxArtifactBytes: 1_000 },
      },
      { code: 'TOO_LARGE' },
    ],
    [
      'a command that is not there',
      { spec: { command: ['nope'] } },
      { code: 'CONFIGURATION', message: expect.stringContaining('"nope"') as string },
    ],
    [
      'an image that is not there',
      { spec: { image: 'nope:1', pull: 'never' } },
      { code: 'CONFIGURATION', message: expect.stringContaining('nope:1') as string },
    ],
    [
      'a registry that does not answer',
      { spec: { image: '127.0.0.1:1/a:1' } },
      { code: 'ENVIRONMENT', retriable: true },
    ],
    [
      'a network',
      { script: 'true', program: { network: ['a.example:443'] } },
      { code: 'CONFIGURATION', message: expect.stringContaining('no filtered network') as string },
    ],
    [
      'a second wall that the engine lacks',
      { script: 'true', program: { level: 'HIGH' } },
      { code: 'CONFIGURATION', message: expect.stringContaining('second wall') as string },
    ],
    [
      'less memory than the engine takes',
      { script: 'true', limits: { memoryBytes: 4 * 2 ** 20 } },
      { code: 'CONFIGURATION', message: expect.stringMatching(/memory/) as string },
    ],
  ])('ends by %s', async (_name, ask, expected) => {
    expect((await run(ask)).error).toMatchObject(expected);
  });

  it('is ended when it says too much, and what it said up to there is kept', async () => {
    const { error, stdout } = await run({ script: 'yes', limits: { logBytes: 10_000 } });
    expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED', details: { resource: 'logs' } });
    expect(stdout).toBe('y\n'.repeat(5_000));
    const under = await run({ script: 'yes | head -n 5000', limits: { logBytes: 10_000 } });
    expect(under.stdout).toBe(stdout);
  });

  it.each([
    [
      'its folder for output, in one file',
      'dd if=/dev/zero of=/tempograph/out/a bs=1M count=20; exit 1',
    ],
    [
      'its folder for output, in many',
      'for i in 1 2 3 4 5; do dd if=/dev/zero of=/tempograph/out/$i bs=1M count=4 2>/dev/null; done; sleep 1000',
    ],
    ['/tmp', 'dd if=/dev/zero of=/tmp/a bs=1M count=20'],
  ])('is out of disk when it fills %s', async (_name, script) => {
    const { error } = await run({ script, limits: { diskBytes: 10 * 2 ** 20 } });
    expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED', details: { resource: 'disk' } });
    if (!script.includes('sleep'))
      expect(
        (
          await run({
            script: script.replace('exit 1', 'true'),
            limits: { memoryBytes: 128 * 2 ** 20 },
          })
        ).error,
      ).toBeUndefined();
  });

  it.each([
    [
      'stops when asked',
      'trap "echo bye; exit 0" TERM; echo started; while :; do sleep 0.1; done',
      /asked to stop \(SIGTERM\), and ended/,
    ],
    [
      'goes on',
      'trap "" TERM; echo started; while :; do sleep 0.1; done',
      /went on for .* and was ended/,
    ],
  ])('that %s is stopped by its signal', async (_name, script, message) => {
    const stop = new AbortController();
    const { error, stdout } = await ran(
      runner,
      { script },
      {
        signal: stop.signal,
        onOutput: (_stream, text) => text.includes('started') && stop.abort(),
      },
    );
    expect(error).toMatchObject({
      name: 'StoppedError',
      message: expect.stringMatching(message) as string,
    });
    expect(stdout).toBe(script.includes('bye') ? 'started\nbye\n' : 'started\n');
  });

  it('is not begun when its signal was aborted before', async () => {
    const { error } = await ran(runner, { script: 'true' }, { signal: AbortSignal.abort() });
    expect(error?.name).toBe('StoppedError');
  });

  it('ends with its runner', async () => {
    const own = make();
    const { error } = await ran(
      own,
      { script: `${WAITS}` },
      {
        onOutput: () => void own.close(),
      },
    );
    expect(error?.name).toBe('StoppedError');
    await own.close();
    expect((await ran(own, { script: 'true' })).error?.name).toBe('StoppedError');
  });

  it('writes nowhere but where it may, also not where its image declares a volume', async () => {
    const { docker, folder } = engine();
    await importImage(docker, join(folder, 'rootfs'), 'with/volume:1', ['VOLUME /data']);
    const { outcome, stdout } = await run({
      spec: { image: 'with/volume:1' },
      limits: { diskBytes: 2 ** 20 },
      script: `for f in / /etc /dev /proc /sys /tempograph /tempograph/out /tmp /data; do
          (echo x > $f/new) 2>/dev/null && echo $f; done
        (echo x > $TEMPOGRAPH_INPUT) 2>/dev/null && echo input
        (dd if=/dev/zero of=/data/a bs=1k count=900 && dd if=/dev/zero of=/data/b bs=1k count=900) 2>/dev/null || echo full`,
    });
    expect(stdout).toBe('/tempograph/out\n/tmp\n/data\nfull\n');
    expect(outcome).toBeDefined();
    await docker.getImage('with/volume:1').remove();
  });

  it('can write to /tmp also where its image has none', async () => {
    const { docker, folder } = engine();
    const root = join(folder, 'bare');
    await mkdir(join(root, 'bin'), { recursive: true });
    await copyFile(join(folder, 'rootfs/bin/busybox'), join(root, 'bin/sh'));
    await importImage(docker, root, 'bare/image:1');
    const { stdout } = await run({
      spec: { image: 'bare/image:1' },
      script: 'echo text > /tmp/a && read line < /tmp/a && echo $line',
    });
    expect(stdout).toBe('text\n');
    await docker.getImage('bare/image:1').remove();
  });

  it('sees the folders that the worker allows, and no link out of them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tempograph-mounts-'));
    await mkdir(join(folder, 'allowed/below'), { recursive: true });
    await writeFile(join(folder, 'allowed/below/text'), 'seen');
    await symlink(folder, join(folder, 'allowed/out'));
    const own = make({ mounts: [{ source: join(folder, 'allowed') }] });
    const mounted = (source: string, readOnly?: boolean): Promise<Ran> =>
      ran(own, {
        script: 'cat /m/text; echo x > /m/new || echo read-only',
        spec: {
          mounts: [
            {
              source: join(folder, source),
              target: '/m',
              ...(readOnly === undefined ? {} : { readOnly }),
            },
          ],
        },
      });
    expect((await mounted('allowed/below')).stdout).toBe('seenread-only\n');
    for (const refused of [
      mounted('allowed/below', false),
      mounted('allowed/out'),
      mounted('allowed/../x'),
      mounted(''),
    ])
      expect((await refused).error).toMatchObject({ code: 'CONFIGURATION' });
    await own.close();
    await rm(folder, { recursive: true });
  });

  describe('whose worker is lost', () => {
    /** Starts it in a process of its own, and kills that once the program runs. */
    const lose = async (ask: Ask, deadline = Date.now() + 300_000): Promise<string> => {
      const file = join(__dirname, 'container-lost-runner.ts');
      const said = JSON.stringify({ ...ask, deadline: new Date(deadline).toISOString() });
      const worker = spawn(process.execPath, ['--import', 'tsx', file, engine().socketPath, said], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await new Promise((resolve) => worker.stdout.once('data', resolve));
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      worker.kill('SIGKILL');
      await ended;
      return (await containers())[0]?.Id ?? '';
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
      const next = ran(make(), asked(script, 2), { onOutput: () => void letGo(id) });
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
      await letGo(id);
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
      expect((await containers()).map(({ Id }) => Id)).toEqual([id]);
      await engine().docker.getContainer(id).remove({ force: true, v: true });
      await lose(asked(`${WAITS} # late`), Date.now() - 1);
      await runner.sweep();
      expect(await containers()).toEqual([]);
    });
  });

  it('is taken over from a runner that lives, which then leaves it alone', async () => {
    const stop = new AbortController();
    const context = { idempotencyKey: 'taken' };
    const script = `${WAITS} echo '"both"' > $TEMPOGRAPH_OUTPUT`;
    let second: Promise<Ran> | undefined;
    const other = make();
    const first = await ran(
      runner,
      { script, context },
      {
        signal: stop.signal,
        onOutput: () => {
          second ??= ran(
            other,
            { script, context: { ...context, attempt: 2 } },
            {
              // The first is told to stop, and does not: the program is the second's.
              onOutput: () => {
                stop.abort();
                void containers().then(([one]) => letGo(one?.Id ?? ''));
              },
            },
          );
        },
      },
    );
    expect((await second)?.outcome?.output).toBe('both');
    expect(first.outcome ?? first.error).toBeDefined();
    await other.close();
  });

  it('leaves the sweep of one runner alone while another lives', async () => {
    const other = make();
    const running = ran(other, { script: WAITS, context: { deadline: new Date(0) } });
    const id = await runningId(containers);
    expect(await runner.sweep()).toEqual([]);
    await until(async () => (await engine().docker.getContainer(id).inspect()).State.Running);
    await letGo(id);
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

  it('needs no registry for an image that is there', async () => {
    expect(
      (await run({ script: 'true', spec: { image: BUSYBOX, pull: 'never' } })).error,
    ).toBeUndefined();
  });
});

/** The id of the only container, once it runs. */
async function runningId(list: () => Promise<{ Id: string; State: string }[]>): Promise<string> {
  let id = '';
  await until(async () => {
    const [one] = await list();
    id = one?.State === 'running' ? one.Id : '';
    return id !== '';
  }, 'the container');
  return id;
}
