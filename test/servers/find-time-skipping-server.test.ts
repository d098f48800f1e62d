import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { cacheEntry } from '../../src/servers/cache.js';
import {
  findTimeSkippingServer,
  TEST_SERVER_VERSION,
  type TimeSkippingServerParts,
} from '../../src/servers/find-time-skipping-server.js';
import { ServerUnavailableError } from '../../src/servers/unavailable.js';
import { script, tempFolder } from './fakes.js';

function setup() {
  const cacheDir = tempFolder();
  const bin = tempFolder();
  const name = 'temporal-test-server';
  const entry = cacheEntry(cacheDir, name, TEST_SERVER_VERSION, name);
  const parts: TimeSkippingServerParts = {
    ways: [{ source: 'maven', name: 'a fake', make: async (path) => void script(path, 'exit') }],
    check: async () => ({ version: 'checked' }),
  };
  return { cacheDir, bin, entry, parts, env: { PATH: bin, TEMPOGRAPH_NO_DOWNLOAD: '1' } };
}

describe('findTimeSkippingServer', () => {
  it('gives a server that skips time', async () => {
    const { path } = await findTimeSkippingServer();
    const env = await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path } },
    });

    const before = await env.currentTimeMs();
    await env.sleep('1 day');
    const after = await env.currentTimeMs();
    await env.teardown();

    expect(after - before).toBeGreaterThanOrEqual(24 * 3_600_000);
  });

  it('prefers TEMPORAL_TEST_SERVER_PATH to the cache', async () => {
    const { cacheDir, entry, env, parts } = setup();
    script(entry.executable, 'exit');
    const given = script(join(tempFolder(), 'mine'), 'exit');

    expect(
      await findTimeSkippingServer(
        { cacheDir, env: { ...env, TEMPORAL_TEST_SERVER_PATH: given } },
        parts,
      ),
    ).toEqual({ path: given, source: 'TEMPORAL_TEST_SERVER_PATH' });
  });

  it('refuses a TEMPORAL_TEST_SERVER_PATH that is no executable', async () => {
    const { cacheDir, bin, env, parts } = setup();

    await expect(
      findTimeSkippingServer({ cacheDir, env: { ...env, TEMPORAL_TEST_SERVER_PATH: bin } }, parts),
    ).rejects.toThrow(`TEMPORAL_TEST_SERVER_PATH cannot be used: ${bin} is not a file`);
  });

  it('makes one once, and then has it in the cache', async () => {
    const { cacheDir, entry, env, parts } = setup();

    expect(await findTimeSkippingServer({ cacheDir, env }, parts)).toEqual({
      path: entry.executable,
      source: 'maven',
    });
    expect(await findTimeSkippingServer({ cacheDir, env }, { ...parts, ways: [] })).toEqual({
      path: entry.executable,
      source: 'cache',
    });
  });

  it('names every way, why it failed and what to do, when none works', async () => {
    const { cacheDir, env } = setup();

    const error: unknown = await findTimeSkippingServer({ cacheDir, env }).catch(
      (thrown: unknown) => thrown,
    );

    expect(error).toBeInstanceOf(ServerUnavailableError);
    const { message } = error as ServerUnavailableError;
    expect(message.replaceAll(cacheDir, '<cache>')).toMatchInlineSnapshot(`
     "No time-skipping test server could be found or made. Tried, in this order:
       1. TEMPORAL_TEST_SERVER_PATH: not set
       2. the cache in <cache>/temporal-test-server/1.38.0: nothing there
       3. the Temporal SDK's download: switched off by TEMPOGRAPH_NO_DOWNLOAD
       4. Maven, io.temporal:temporal-test-server:1.38.0: \`mvn\` (Apache Maven) is not on PATH
     Do one of these, then try again:
       - Set TEMPORAL_TEST_SERVER_PATH to the path of a Temporal test server (its releases are with the Temporal Java SDK).
       - Install Java (17 was tried) and Apache Maven, and let Maven reach a repository: then io.temporal:temporal-test-server:1.38.0 is fetched for you.
       - If the cache folder is the trouble, set TEMPOGRAPH_CACHE_DIR to a folder that you may write to."
    `);
  });

  it('says that Java is missing where Maven is not', async () => {
    const { cacheDir, bin, env } = setup();
    script(join(bin, 'mvn'), 'exit');

    await expect(findTimeSkippingServer({ cacheDir, env })).rejects.toThrow(
      '`java` is not on PATH',
    );
  });

  it('carries the end of what a server that does not start has written', async () => {
    const { cacheDir, entry, env } = setup();
    script(entry.executable, 'echo no more memory >&2; exit 1');

    await expect(findTimeSkippingServer({ cacheDir, env })).rejects.toThrow('no more memory');
    expect(existsSync(entry.dir)).toBe(false);
  });
});
