/** Who may call what: every route, by every kind of caller; with keys and tokens as they are in production. */
import { z } from 'zod';
import { includes, SCOPES } from '../../src/domain/access.js';
import { OidcSchema } from '../../src/domain/oidc.js';
import { authenticator } from '../../src/http/authenticate.js';
import { oidcVerifier } from '../../src/http/oidc.js';
import { ROUTES } from '../../src/http/routes.js';
import type { Route } from '../../src/http/route.js';
import { openStore } from '../../src/store/store.js';
import { startHarness, type Harness } from '../support/engine.js';
import { startHttp, type HttpScene } from '../support/http.js';
import { startIssuer, type Issuer } from '../support/issuer.js';

const HOUR_MS = 3_600_000;
let harness: Harness;
let issuer: Issuer;
let http: HttpScene;
let mine: string;
/** What each parameter names: of project `ours`, where it is of one. */
let ids: Record<string, string>;
/** By what a caller is called here: the bearer token. */
const TOKENS: Record<string, string> = {};

beforeAll(async () => {
  harness = await startHarness();
  issuer = await startIssuer('tempograph', Date.now);
  const roles = Object.fromEntries(SCOPES.map((scope) => [scope, scope]));
  const oidc = OidcSchema.parse({ issuer: issuer.url, audience: 'tempograph', roles });
  http = await startHttp(harness, {
    authenticate: authenticator({
      ...{ keys: harness.engine.keys, open: false, oidc: oidcVerifier(oidc) },
    }),
    audit: async (who, change) =>
      void (await harness.engine.audit.append({ who, ...given(change) })),
  });
  await makeTokens();
  const handle = await harness.engine.scheduleTask({ task: 'noop', project: 'ours' });
  await handle.result();
  mine = handle.executionId;
  const { schedules, catalogue } = harness.engine;
  const id = harness.taskQueue;
  await schedules.create({ id, task: 'noop', project: 'ours', cron: '0 0 1 1 *' });
  const project = await catalogue.projects.create({ name: 'ours' });
  const task = await catalogue.tasks.create({ projectId: project.id, name: 'task' });
  ids = { executionId: mine, scheduleId: id, projectId: project.id, taskId: task.id };
});
afterAll(async () => {
  await harness.engine.schedules.delete(harness.taskQueue);
  await http.stop();
  await issuer.down();
  await harness.stop();
});

const given = (change: { what: string; target: string; reason?: string | undefined }) => ({
  ...{ what: change.what, target: change.target },
  ...(change.reason === undefined ? {} : { reason: change.reason }),
});

/** Keys of every scope, of two projects, and such as are good no more or never were; tokens of the issuer beside them. */
async function makeTokens(): Promise<void> {
  const { keys } = harness.engine;
  const make = async (name: string, scope: (typeof SCOPES)[number], projects?: string[]) =>
    await keys.create({ name, scope, by: 'test', ...(projects ? { projects } : {}) });
  for (const scope of SCOPES) {
    TOKENS[scope] = (await make(scope, scope)).token;
    TOKENS[`oidc ${scope}`] = await issuer.sign({ roles: [scope] });
  }
  TOKENS['ours'] = (await make('ours', 'operate', ['ours'])).token;
  TOKENS['theirs'] = (await make('theirs', 'operate', ['theirs'])).token;
  const revoked = await make('revoked', 'admin');
  TOKENS['revoked'] = revoked.token;
  await keys.revoke(revoked.key.id, { by: 'test' });
  const rotated = await make('rotated', 'admin');
  TOKENS['rotated'] = rotated.token;
  await keys.rotate(rotated.key.id, { by: 'test', grace: 0 });
  TOKENS['expired'] = await expiredKey();
  TOKENS['forged'] = `${TOKENS['admin']?.slice(0, -8)}${'A'.repeat(8)}`;
  TOKENS['no key at all'] = 'admin';
  TOKENS['expired of the issuer'] = await issuer.sign({ roles: ['admin'], exp: 1_000 });
  TOKENS['of another audience'] = await issuer.sign({ roles: ['admin'], aud: 'other' });
  const [header = '', , signature = ''] = TOKENS['oidc read']?.split('.') ?? [];
  const [, claims = ''] = (await issuer.sign({ roles: ['admin'] })).split('.');
  TOKENS['changed after it was signed'] = [header, claims, signature].join('.');
}

/** A key that was made two hours ago, for one. */
async function expiredKey(): Promise<string> {
  const store = await openStore({ url: `${harness.dataDir}/store.db` });
  try {
    const then = Date.now() - 2 * HOUR_MS;
    const key = { name: 'expired', scope: 'admin' as const, projects: null };
    const made = { ...key, expiresAt: then + HOUR_MS };
    return (await store.apiKeys.create(made, { by: 'test' }, then)).token;
  } finally {
    await store.close();
  }
}

/** A call that is refused for its body or answered, but not for who makes it: nothing is to be changed by it. */
const path = ({ path }: Route): string =>
  path.replace(/:(\w+)/g, (_all, name: string) => encodeURIComponent(ids[name] ?? 'nope'));
async function answered(
  one: Route,
  caller: string | undefined,
  query = '',
): Promise<{ status: number; text: string }> {
  const gone = new AbortController();
  const faulty = one.method === 'DELETE' ? '?nonsense=true' : query;
  const response = await fetch(`${http.url}/api/v1${path(one)}${faulty}`, {
    method: one.method,
    headers: {
      ...(caller === undefined ? {} : { authorization: `Bearer ${TOKENS[caller]}` }),
      ...(one.body ? { 'content-type': 'application/json' } : {}),
    },
    ...(one.body ? { body: '{"nonsense":true}' } : {}),
    signal: gone.signal,
  });
  const text = response.ok ? '' : await response.text();
  gone.abort();
  return { status: response.status, text };
}
const statusOf = async (one: Route, caller: string | undefined, query = ''): Promise<number> =>
  (await answered(one, caller, query)).status;

const NOBODY = [
  ...['revoked', 'rotated', 'expired', 'forged', 'no key at all'],
  ...['expired of the issuer', 'of another audience', 'changed after it was signed'],
];

describe.each(ROUTES.map((one) => [one.id, one] as const))('%s', (_id, one) => {
  it.each(SCOPES)(`is ${one.scope}'s, and asks scope %s for it`, async (scope) => {
    for (const caller of [scope, `oidc ${scope}`]) {
      const status = await statusOf(one, caller);
      if (includes(scope, one.scope)) expect([401, 403]).not.toContain(status);
      else expect(status).toBe(403);
    }
  });

  it('is refused to who sends nothing', async () => {
    expect(await statusOf(one, undefined)).toBe(401);
  });

  it.each(NOBODY)('is refused to a token that is %s, which is not repeated', async (caller) => {
    const { status, text } = await answered(one, caller);
    expect(status).toBe(401);
    expect(JSON.parse(text)).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(text).not.toContain(TOKENS[caller]?.slice(-20) ?? '?');
  });

  it('keeps those who are bound to a project to it', async () => {
    const status = await statusOf(one, one.of === 'projects' ? 'ours' : 'theirs');
    const named = one.path.includes(':') ? [404] : [];
    if (!includes('operate', one.scope) || one.of === 'system') expect(status).toBe(403);
    else if (one.of === 'projects') expect([200, 422, ...named]).toContain(status);
    else expect(status).toBe(404);
    if (one.query instanceof z.ZodObject && 'project' in one.query.shape)
      expect(await statusOf(one, 'ours', '?project=theirs')).toBe(403);
  });
});

it('writes who has changed what into the audit log', async () => {
  const authorization = `Bearer ${TOKENS['ours']}`;
  const id = encodeURIComponent(mine);
  const body = { reason: 'to see it written' };
  await http.call('POST', `/executions/${id}/cancel`, body, { authorization });
  const { entries } = await harness.engine.audit.list({ target: mine });
  expect(entries).toMatchObject([
    { who: 'key:ours', what: 'execution.cancel', target: mine, reason: body.reason },
  ]);
});

describe('a project', () => {
  const get = (at: string, token: string) =>
    http.call('GET', at, undefined, { authorization: `Bearer ${TOKENS[token]}` });

  it('is all that a key bound to it sees', async () => {
    const id = `/executions/${encodeURIComponent(mine)}`;
    expect((await get(id, 'ours')).status).toBe(200);
    expect((await get(id, 'theirs')).json).toMatchObject({
      ...{
        status: 404,
        code: 'NOT_FOUND',
        detail: expect.not.stringContaining('project') as string,
      },
    });
    const listed = async (token: string): Promise<unknown> =>
      (await get('/executions?limit=1000', token)).json['executions'];
    expect(await listed('ours')).toContainEqual(expect.objectContaining({ executionId: mine }));
    expect(await listed('theirs')).toEqual([]);
    expect((await get('/executions?project=ours', 'theirs')).status).toBe(403);
  });

  it('takes what is submitted with its key, and no other project does', async () => {
    const authorization = `Bearer ${TOKENS['theirs']}`;
    const own = await http.call('POST', '/executions', { task: 'noop' }, { authorization });
    const id = own.json['executionId'] as string;
    await harness.engine.handle(id).result();
    expect(await harness.engine.getExecution(id)).toMatchObject({ project: 'theirs' });
    const other = { task: 'noop', project: 'ours' };
    expect((await http.call('POST', '/executions', other, { authorization })).status).toBe(403);
  });
});

describe('a plan whose programs are looked up', () => {
  const tasks = [{ id: 'a', process: { command: ['ls'] } }];
  const plan = (token: string, more: object) =>
    http.call(
      'POST',
      '/pipelines/plan',
      { graph: { name: 'g', tasks }, askWorker: true, ...more },
      { authorization: `Bearer ${TOKENS[token]}` },
    );

  it('has workers ask around only for who may run it', async () => {
    const { status, json } = await plan('read', {});
    expect(status).toBe(200);
    expect(json).not.toHaveProperty('programs');
    expect(json['notes']).toContain(
      'programs were not looked up: that needs scope run, key:read has read',
    );
    expect((await plan('read', { lookUp: true })).status).toBe(403);
    const refused = await plan('run', {});
    expect(refused.status).toBe(422);
    expect(refused.json['faults']).toMatchObject([{ path: 'tasks[0].process', code: 'PROGRAM' }]);
    expect((await plan('run', { lookUp: false })).status).toBe(200);
  });
});
