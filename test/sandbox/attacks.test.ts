import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LateSources } from '../../src/activities/late-sources.js';
import { limitsOf } from '../../src/domain/program.js';
import { TaskRegistry } from '../../src/registry.js';
import { RunnerSet } from '../../src/runners/runner-set.js';
import { Sandboxes } from '../../src/sandbox/sandbox.js';
import type { SandboxEnd, SandboxSpec } from '../../src/sandbox/sandbox-spec.js';
import { describeSandbox } from './support/scene.js';

describeSandbox('attacks on the host by what a pipeline says', () => {
  let sandboxes: Sandboxes;
  beforeAll(async () => void (sandboxes = await Sandboxes.open()));
  afterAll(() => sandboxes.close());

  const run = (
    spec: Partial<SandboxSpec>,
    signal = new AbortController().signal,
  ): Promise<SandboxEnd> =>
    sandboxes.run(
      {
        ...{ argv: ['/bin/true'], gate: 'shell', env: {}, files: {}, input: '{}', level: 'LOW' },
        ...{ limits: limitsOf({ cpu: 1 }), network: [], cpuSeconds: 60 },
        ...{ maxOutputBytes: 1_000, maxArtifactBytes: 1_000, ...spec },
      },
      { signal, graceMs: 0 },
    );

  it('writes no file outside of the folder, whatever the schema let through', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'tempograph-outside-'));
    try {
      const name = `\r/../../../../../${basename(outside)}/written`;
      await run({ files: { [name]: 'by root' } }).catch(() => undefined);
      expect(existsSync(join(outside, 'written'))).toBe(false);
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  it('a NUL in a variable does not become an argument of bwrap', async () => {
    const TASK_ID = 'x\0--ro-bind\0.\0host\0--setenv\0A\0b';
    const argv = ['/usr/bin/test', '-e', '/host'];
    await expect(run({ argv, env: { TASK_ID } })).rejects.toMatchObject({ code: 'CONFIGURATION' });
  });

  it('leaves no listener of one that was stopped while its proxy was made', async () => {
    const handles = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    const before = handles();
    for (let after = 60; after < 260; after += 8) {
      const stop = new AbortController();
      const running = run({ argv: ['/bin/sleep', '9'], network: ['a.example:1'] }, stop.signal);
      setTimeout(() => stop.abort(), after);
      await running;
    }
    await delay(2_000); // helpers that were still on their way
    expect(handles()).toBe(before);
  });
});

it('a secret is not read beside the folder of secrets', async () => {
  const late = new LateSources({ env: [], secretsDir: '/etc/ssl' }, {});
  const request = { node: { id: 'a', task: 't' }, execution: { id: 'e', graph: 'g' } } as never;
  const names = [{ kind: 'secrets', name: '../hostname' } as const];
  await expect(late.values({ names }, request)).rejects.toMatchObject({ code: 'CONFIGURATION' });
});

describeSandbox('a worker that cannot start while its programs are looked at', () => {
  it('leaves no folder behind', async () => {
    const root = join(tmpdir(), 'tempograph-sandboxes-0');
    const ours = async (): Promise<string[]> =>
      (await readdir(root).catch(() => [])).filter(
        (name) => name.split('-')[2] === `${process.pid}`,
      );
    const before = await ours();
    const settings = {
      ...{ maxThreads: 1, maxProcesses: 1, isolatedMemoryMb: 64, stopGraceMs: 0, maxPrograms: 1 },
      ...{ programs: ['process'] as const, cgroupParent: null, containerEngine: null },
      ...{ containerRuntime: null, images: {}, warm: [], warmBudget: 0 },
      ...{ containerMounts: [], containerNetworks: [] },
    };
    const runners = new RunnerSet(new TaskRegistry([]), settings);
    const opening = runners.open();
    await runners.close();
    await opening;
    await delay(100);
    expect(await ours()).toEqual(before);
  });
});
