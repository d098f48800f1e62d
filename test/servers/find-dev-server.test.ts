import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { type CacheEntry, cacheEntry } from '../../src/servers/cache.js';
import {
  CLI_VERSION,
  type DevServerParts,
  findDevServer,
} from '../../src/servers/find-dev-server.js';
import type { ServerProgress } from '../../src/servers/progress.js';
import { ServerUnavailableError } from '../../src/servers/unavailable.js';
import { fakeCli, isRunning, script, tempFolder, until } from './fakes.js';

function setup() {
  const cacheDir = tempFolder();
  const bin = tempFolder();
  const entry = cacheEntry(cacheDir, 'temporal-cli', CLI_VERSION, 'temporal');
  const env = { PATH: bin, TEMPOGRAPH_NO_DOWNLOAD: '1' };
  return { cacheDir, bin, entry, env };
}

/** A builder and a check that count their calls. */
function fakeParts(make = async (executable: string) => void fakeCli(executable)) {
  const calls = { made: 0, checked: 0 };
  const parts: DevServerParts = {
    ways: [
      {
        source: 'build',
        name: 'the fake build',
        make: async (executable) => {
          calls.made++;
          await make(executable);
        },
      },
    ],
    check: async () => {
      calls.checked++;
      return { version: 'checked' };
    },
  };
  return { parts, calls };
}

/** A lock as a killed process leaves it, after its time. */
function staleLock({ lockPath }: CacheEntry): void {
  mkdirSync(lockPath, { recursive: true });
  utimesSync(lockPath, new Date(0), new Date(0));
}

function everythingIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map(String).sort();
}

describe('findDevServer', () => {
  it('prefers TEMPORAL_CLI_PATH to everything', async () => {
    const { cacheDir, bin, entry, env } = setup();
    const given = fakeCli(join(tempFolder(), 'my-temporal'), '1.2.3 (Server 1.22.0, UI 2.0.0)');
    fakeCli(join(bin, 'temporal'));
    fakeCli(entry.executable);

    expect(await findDevServer({ cacheDir, env: { ...env, TEMPORAL_CLI_PATH: given } })).toEqual({
      path: given,
      version: '1.2.3 (Server 1.22.0, UI 2.0.0)',
      source: 'TEMPORAL_CLI_PATH',
    });
  });

  it('prefers `temporal` on PATH to the cache', async () => {
    const { cacheDir, bin, entry, env } = setup();
    const installed = fakeCli(join(bin, 'temporal'));
    fakeCli(entry.executable);

    expect(await findDevServer({ cacheDir, env })).toMatchObject({
      path: installed,
      source: 'PATH',
    });
  });

  it('prefers the cache to making one', async () => {
    const { cacheDir, entry, env } = setup();
    fakeCli(entry.executable);
    const { parts, calls } = fakeParts();

    expect(await findDevServer({ cacheDir, env }, parts)).toMatchObject({
      path: entry.executable,
      source: 'cache',
    });
    expect(calls.made).toBe(0);
  });

  it('makes one when there is none, and checks it once', async () => {
    const { cacheDir, entry, env } = setup();
    const { parts, calls } = fakeParts();

    expect(await findDevServer({ cacheDir, env }, parts)).toEqual({
      path: entry.executable,
      version: 'checked',
      source: 'build',
    });
    expect(await findDevServer({ cacheDir, env }, parts)).toMatchObject({ source: 'cache' });
    expect(calls).toEqual({ made: 1, checked: 1 });
  });

  it('takes the cache folder from TEMPOGRAPH_CACHE_DIR', async () => {
    const { cacheDir, entry, env } = setup();
    const { parts } = fakeParts();

    const found = await findDevServer({ env: { ...env, TEMPOGRAPH_CACHE_DIR: cacheDir } }, parts);

    expect(found.path).toBe(entry.executable);
  });

  it('passes over a `temporal` on PATH that is another program', async () => {
    const { cacheDir, bin, env } = setup();
    script(join(bin, 'temporal'), 'echo "temporal, a database of times, 3.1"');

    expect(await findDevServer({ cacheDir, env }, fakeParts().parts)).toMatchObject({
      source: 'build',
    });
  });

  it.each([
    ['is missing', () => join(tempFolder(), 'nothing'), 'does not exist'],
    ['is a folder', () => tempFolder(), 'is not a file'],
    ['fails', () => script(join(tempFolder(), 'bad'), 'echo out of order; exit 3'), 'out of order'],
    [
      'is another program',
      () => script(join(tempFolder(), 'other'), 'echo 1.0'),
      'is not a Temporal CLI',
    ],
  ])('refuses a TEMPORAL_CLI_PATH that %s', async (_, path, reason) => {
    const { cacheDir, bin, env } = setup();
    fakeCli(join(bin, 'temporal'));

    const found = findDevServer({ cacheDir, env: { ...env, TEMPORAL_CLI_PATH: path() } });

    await expect(found).rejects.toThrow(/^TEMPORAL_CLI_PATH cannot be used: /);
    await expect(found).rejects.toThrow(reason);
  });

  it('names every way, why it failed and what to do, when none works', async () => {
    const { cacheDir, bin, env } = setup();
    script(join(bin, 'temporal'), 'echo broken >&2; exit 1');
    script(join(bin, 'go'), 'echo "no such module" >&2; exit 1');

    const error: unknown = await findDevServer({ cacheDir, env }).catch(
      (thrown: unknown) => thrown,
    );

    expect(error).toBeInstanceOf(ServerUnavailableError);
    const { message } = error as ServerUnavailableError;
    expect(message.replaceAll(cacheDir, '<cache>').replaceAll(bin, '<bin>')).toMatchInlineSnapshot(`
     "No Temporal dev server could be found or made. Tried, in this order:
       1. TEMPORAL_CLI_PATH: not set
       2. \`temporal\` on PATH: \`<bin>/temporal --version\` ended with code 1
            broken
       3. the cache in <cache>/temporal-cli/1.5.1: nothing there
       4. the Temporal SDK's download: switched off by TEMPOGRAPH_NO_DOWNLOAD
       5. go install github.com/temporalio/cli/cmd/temporal@v1.5.1: \`<bin>/go install -v -ldflags -s -w -X github.com/temporalio/cli/temporalcli.Version=1.5.1 github.com/temporalio/cli/cmd/temporal@v1.5.1\` ended with code 1
            no such module
     Do one of these, then try again:
       - Install the Temporal CLI (docs.temporal.io/cli), so that \`temporal\` is on PATH.
       - Set TEMPORAL_CLI_PATH to the path of a Temporal CLI.
       - Install Go 1.25 or later and let it reach a module proxy (GOPROXY): then \`go install github.com/temporalio/cli/cmd/temporal@v1.5.1\` is run for you.
       - If the cache folder is the trouble, set TEMPOGRAPH_CACHE_DIR to a folder that you may write to.
       - Or use a Temporal server that runs elsewhere: set TEMPORAL_ADDRESS."
    `);
  });

  it('names the cache folder when it cannot be written', async () => {
    const { bin, env } = setup();
    const notAFolder = join(bin, 'file');
    writeFileSync(notAFolder, '');

    const found = findDevServer({ cacheDir: notAFolder, env }, fakeParts().parts);

    await expect(found).rejects.toThrow(/the cache in .*: (ENOTDIR|EEXIST)/);
    await expect(found).rejects.toThrow('set TEMPOGRAPH_CACHE_DIR');
  });

  it('builds once for two callers, and tells the second that it waits', async () => {
    const { cacheDir, env } = setup();
    const steps: ServerProgress[] = [];
    let finish = () => {};
    const gate = new Promise<void>((resolve) => (finish = resolve));
    const { parts, calls } = fakeParts(async (executable) => {
      await gate;
      fakeCli(executable);
    });

    const first = findDevServer({ cacheDir, env }, parts);
    await until('the first builds', () => calls.made === 1);
    const second = findDevServer({ cacheDir, env, onProgress: (step) => steps.push(step) }, parts);
    await until('the second waits', () => steps.some(({ step }) => step === 'wait'));
    finish();

    expect(await first).toMatchObject({ source: 'build' });
    expect(await second).toMatchObject({ source: 'cache' });
    expect(calls).toEqual({ made: 1, checked: 1 });
  });

  it('takes over the lock of a process that was killed', async () => {
    const { cacheDir, entry, env } = setup();
    staleLock(entry);

    expect(await findDevServer({ cacheDir, env }, fakeParts().parts)).toMatchObject({
      source: 'build',
    });
    expect(existsSync(entry.lockPath)).toBe(false);
  });

  it('leaves no half build when it is killed, and nothing at all after the next', async () => {
    const { cacheDir, bin, entry, env } = setup();
    const goPid = join(bin, 'go.pid');
    script(
      join(bin, 'go'),
      `echo half > "$GOBIN/temporal"; echo $$ > ${goPid}.tmp; mv ${goPid}.tmp ${goPid}; exec sleep 600`,
    );
    const program = fileURLToPath(new URL('./programs/find-dev-server.ts', import.meta.url));
    const finder = spawn(process.execPath, ['--import', 'tsx', program, cacheDir], {
      env,
      stdio: 'ignore',
    });
    await until('the build has written half a file', () => existsSync(goPid));

    finder.kill('SIGKILL');
    await once(finder, 'exit');
    await until('its build has ended too', () => !isRunning(Number(readFileSync(goPid, 'utf8'))));

    expect(existsSync(entry.dir)).toBe(false);
    staleLock(entry);
    expect(await findDevServer({ cacheDir, env }, fakeParts().parts)).toMatchObject({
      source: 'build',
    });
    expect(everythingIn(dirname(entry.dir))).toEqual([
      CLI_VERSION,
      `${CLI_VERSION}/checked.json`,
      `${CLI_VERSION}/temporal`,
    ]);
  });

  it('leaves nothing when a build fails halfway', async () => {
    const { cacheDir, entry, env } = setup();
    const { parts } = fakeParts(async (executable) => {
      fakeCli(executable);
      throw new Error('out of disk');
    });

    await expect(findDevServer({ cacheDir, env }, parts)).rejects.toThrow(
      'the fake build: out of disk',
    );
    expect(everythingIn(dirname(entry.dir))).toEqual([]);
  });

  it('goes on to the next way when what it got does not start', async () => {
    const { cacheDir, env } = setup();
    const { parts, calls } = fakeParts();
    const bad = {
      source: 'download',
      name: 'a bad download',
      make: async (path: string) => void script(path, '# bad'),
    } as const;

    const found = await findDevServer(
      { cacheDir, env },
      {
        ways: [bad, ...parts.ways],
        check: async (executable, report) => {
          if (readFileSync(executable, 'utf8').includes('# bad')) throw new Error('no answer');
          return parts.check(executable, report);
        },
      },
    );

    expect(found.source).toBe('build');
    expect(calls).toEqual({ made: 1, checked: 1 });
  });

  it('checks a cached server again when its file has changed', async () => {
    const { cacheDir, entry, env } = setup();
    const { parts, calls } = fakeParts();
    await findDevServer({ cacheDir, env }, parts);
    fakeCli(entry.executable, 'something longer than before');

    expect(await findDevServer({ cacheDir, env }, parts)).toMatchObject({ source: 'cache' });
    expect(calls).toEqual({ made: 1, checked: 2 });
  });

  it('really checks: a CLI that starts no server is not used', async () => {
    const { cacheDir, entry, env } = setup();
    fakeCli(entry.executable);

    await expect(findDevServer({ cacheDir, env })).rejects.toThrow('ended while starting (code 0)');
    expect(existsSync(entry.dir)).toBe(false);
  });
});
