import { buildCli, envOf, runCli, startCli, type CliProcess } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';

describe('tempograph serve', () => {
  let harness: Harness;
  const started: CliProcess[] = [];
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
  });
  afterEach(async () => {
    for (const serve of started.splice(0)) {
      serve.child.kill('SIGTERM');
      await serve.ended;
    }
  });
  afterAll(() => harness.stop());

  const cli = (args: string[], env: Record<string, string> = {}) =>
    runCli(args, { env: { ...envOf(harness), ...env } });
  const startServe = async (...args: string[]) => {
    const serve = startCli(['serve', '--http-port', '0', ...args], { env: envOf(harness) });
    started.push(serve);
    const [, url = ''] = /serves (http:\S+)/.exec(await serve.saw('stdout', /\n/)) ?? [];
    return { serve, url };
  };
  const post = async (url: string, authorization?: string) => {
    const response = await fetch(`${url}/api/v1/executions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(authorization === undefined ? {} : { authorization }),
      },
      body: '{"task":"noop"}',
    });
    return { status: response.status, json: (await response.json()) as { executionId: string } };
  };

  it('lets in who has a key, which may be made while it runs, and nobody else', async () => {
    const { serve, url } = await startServe();
    await serve.saw('stderr', /there is no API key yet: make one with "tempograph key create"/);
    expect(await post(url)).toMatchObject({
      status: 401,
      json: { code: 'UNAUTHENTICATED', detail: expect.stringContaining('API key') as string },
    });
    expect((await fetch(`${url}/`)).status).toBe(200); // the page, which asks for a key itself

    const { stdout } = await cli(['key', 'create', 'deploy', '--scope', 'run']);
    const { status, json } = await post(url, `Bearer ${stdout.trim()}`);
    expect(status).toBe(201);
    expect((await cli(['audit', '--target', json.executionId])).stdout).toMatch(
      /key:deploy +execution\.submit/,
    );
  });

  it('is open with --no-auth, to who sends nothing and not to who sends what is wrong', async () => {
    const { serve, url } = await startServe('--no-auth');
    await serve.saw('stderr', /without authentication, on this machine alone/);
    expect((await post(url)).status).toBe(201);
    expect((await post(url, 'Bearer tg_0123456789ab_nonsense')).status).toBe(401);
  });

  it('is never open to other machines', async () => {
    const { code, stderr } = await cli(['serve', '--no-auth', '--host', '0.0.0.0']);
    expect(code).toBe(2);
    expect(stderr).toContain('expected a loopback address where there is no authentication');
  });

  it('does not start over a data folder that it cannot write, and says what to do', async () => {
    // As a folder that is read-only, also for who may write everywhere.
    const { code, stderr } = await cli(['serve', '--no-auth', '--data-dir', '/proc/self']);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /dataDir: \/proc\/self cannot be written: E\w+: .+; let this user write there, choose another with --data-dir/,
    );
  });

  it('does not start where nobody could have a key', async () => {
    const { code, stderr } = await cli(['serve'], { TEMPOGRAPH_STORE_URL: 'none' });
    expect(code).toBe(2);
    expect(stderr).toContain('API keys are kept in the store; name a store, set "oidc"');
  });
});
