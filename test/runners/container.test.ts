import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerRunner } from '../../src/runners/container.js';
import { ran, type Ask, type Ran } from '../support/container-request.js';
import { ContainerScene, WAITS } from '../support/container-scene.js';
import { describeWithDocker } from '../support/docker-suite.js';
import { BUSYBOX, importImage } from '../support/docker.js';

describeWithDocker('a program in a container', (engine) => {
  const scene = new ContainerScene(engine);
  let runner: ContainerRunner;
  const run = (ask: Ask): Promise<Ran> => ran(runner, ask);
  beforeAll(() => void (runner = scene.runner()));
  afterAll(() => runner.close());
  // Whatever became of it.
  afterEach(() => scene.expectNothingLeft());

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

  it('finds files of other nodes where its input says, and may only read them', async () => {
    const content = Buffer.alloc(3_000_000, 'zero\u0000');
    const files = {
      list: [
        {
          path: '0/deep/a.bin',
          bytes: content.byteLength,
          save: (to: string) => writeFile(to, content),
        },
        { path: '1/b.txt', bytes: 3, save: (to: string) => writeFile(to, 'one') },
      ],
      input: (folder: string) => [`${folder}/0/deep/a.bin`, `${folder}/1/b.txt`],
    };
    const { outcome, stdout } = await run({
      program: { files },
      script: `
        cat $TEMPOGRAPH_INPUT > $TEMPOGRAPH_OUTPUT
        sha256sum < /tempograph/in/0/deep/a.bin; cat /tempograph/in/1/b.txt
        (echo x > /tempograph/in/1/b.txt) 2>/dev/null || echo " and no more"`,
    });
    expect(outcome?.output).toEqual(['/tempograph/in/0/deep/a.bin', '/tempograph/in/1/b.txt']);
    const sum = createHash('sha256').update(content).digest('hex');
    expect(stdout).toBe(`${sum}  -\none and no more\n`);
  });

  it('that cannot be brought its files has not run', async () => {
    const broken = new Error('no such blob');
    const files = {
      list: [{ path: '0/a', bytes: 1, save: () => Promise.reject(broken) }],
      input: () => null,
    };
    const { error, stdout } = await run({ program: { files }, script: 'echo ran' });
    expect(error).toMatchObject({ message: expect.stringContaining('no such blob') as string });
    expect(stdout).toBe('');
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
    const one = await scene.runningId();
    const sampled = engine().docker.getContainer(one).stats({ stream: true });
    // The engine samples for all who listen at once.
    await new Promise(
      (resolve) => void sampled.then((s) => s.once('data', () => s.once('data', resolve))),
    );
    await scene.letGo(one);
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
    expect(stdout).toMatch(/^(y\n)+y?$/);
    expect(stdout.length).toBeLessThanOrEqual(10_000);
    const under = await run({ script: 'yes | head -n 100', limits: { logBytes: 10_000 } });
    expect(under.stdout).toBe('y\n'.repeat(100));
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
    const own = scene.runner();
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
    const own = scene.runner({ mounts: [{ source: join(folder, 'allowed') }] });
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

  it('needs no registry for an image that is there', async () => {
    expect(
      (await run({ script: 'true', spec: { image: BUSYBOX, pull: 'never' } })).error,
    ).toBeUndefined();
  });
});
