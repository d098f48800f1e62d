/** `doctor --server`: what a person learns who has nothing but an address and a key. */
import type { Check } from '../../src/cli/doctor-check.js';
import { authenticator } from '../../src/http/authenticate.js';
import { buildCli, documentOf, runCli } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';
import { startHttp, type HttpScene } from '../support/http.js';

describe('tempograph doctor --server', () => {
  let harness: Harness;
  let http: HttpScene;
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
    http = await startHttp(harness, {
      authenticate: authenticator({ keys: harness.engine.keys, open: false }),
    });
  });
  afterAll(async () => {
    await http.stop();
    await harness.stop();
  });

  const doctor = async (key?: string, url = http.url) => {
    const env = { TEMPOGRAPH_SERVER: url, ...(key ? { TEMPOGRAPH_API_KEY: key } : {}) };
    const result = await runCli(['doctor', '--json'], { env });
    const { checks } = documentOf<{ checks: Check[] }>(result);
    return { ...result, check: (name: string) => checks.find((one) => one.name === name) };
  };
  const keyOf = async (scope: 'read' | 'run', projects?: string[]): Promise<string> =>
    (
      await harness.engine.keys.create({
        name: scope,
        scope,
        by: 'test',
        ...(projects ? { projects } : {}),
      })
    ).token;

  it('finds all well with a key that may run things: server, key, workers', async () => {
    const { check, code } = await doctor(await keyOf('run'));
    expect(check('server')).toMatchObject({ status: 'ok' });
    expect(check('key')).toEqual({
      ...{ name: 'key', status: 'ok', message: 'taken, as key:run: scope run, all projects' },
    });
    expect(check('worker')?.message).toBe(`1 worker polls the task queue ${harness.taskQueue}`);
    expect(check('versions')).toMatchObject({ status: 'ok' });
    expect(code).toBe(0);
  });

  it('warns of a key that may only look', async () => {
    const { check, code } = await doctor(await keyOf('read', ['ours']));
    expect(check('key')).toMatchObject({
      status: 'warn',
      message:
        'taken, as key:read: scope read, the projects ours; it may look and not start or change anything',
      fix: expect.stringContaining('--scope run') as string,
    });
    expect(code).toBe(0);
  });

  it.each([
    [undefined, 'set TEMPOGRAPH_API_KEY'],
    ['tg_nobody_knows', 'use another key'],
  ])('says what to do where the key is %s', async (key, fix) => {
    const { check, code } = await doctor(key);
    expect(check('server')).toMatchObject({ status: 'ok' });
    expect(check('key')).toMatchObject({ status: 'fail' });
    expect(check('key')?.fix).toContain(fix);
    expect(code).toBe(1);
  });

  it('ends with 3 where nobody answers', async () => {
    const { check, code } = await doctor(undefined, 'http://127.0.0.1:9');
    expect(check('server')).toMatchObject({
      status: 'fail',
      message: expect.stringContaining('http://127.0.0.1:9') as string,
    });
    expect(code).toBe(3);
  });
});
