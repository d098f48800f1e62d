import type { AuditRecord, KeyRecord } from '../../src/client.js';
import { buildCli, documentOf, envOf, runCli } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';

const TOKEN = /^tg_[0-9a-f]{12}_[\w-]{43}$/;
const TIME = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ';

describe('tempograph key and audit', () => {
  let harness: Harness;
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
  });
  afterAll(() => harness.stop());

  const cli = async (...args: string[]) => await runCli(args, { env: envOf(harness) });
  const create = async (...args: string[]) =>
    documentOf<{ key: KeyRecord; token: string }>(await cli('key', 'create', ...args, '--json'));
  const opens = async (token: string) => await harness.engine.keys.verify(token);

  it('makes a key: the token alone on standard output, all about it beside', async () => {
    const args = ['deploy', '--scope', 'run', '--project', 'shop', '--project', 'bank'];
    const { code, stdout, stderr } = await cli('key', 'create', ...args, '--expires', '90d');
    expect(code).toBe(0);
    expect(stdout.trimEnd()).toMatch(TOKEN);
    expect(stderr).toMatch(
      new RegExp(
        `^key deploy \\([0-9a-f]{12}\\): scope run, projects shop, bank, expires ${TIME}\nkeep the token now; it is not shown again\n$`,
      ),
    );
    expect(await opens(stdout.trimEnd())).toEqual({
      principal: { kind: 'key', name: 'key:deploy', scope: 'run', projects: ['shop', 'bank'] },
    });
    const again = await cli('key', 'create', ...args);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('key "deploy": a live key has this name');
  });

  it('lists, rotates and revokes, and never shows a token again', async () => {
    const { key, token } = await create('root', '--scope', 'admin', '--by', 'ann');
    expect(token).toMatch(TOKEN);
    expect(key).toMatchObject({ name: 'root', scope: 'admin', projects: null, createdBy: 'ann' });

    const listed = await cli('key', 'list');
    expect(listed.stdout).toMatch(/^ID +NAME +STATE +SCOPE +PROJECTS +EXPIRES +LAST USED/);
    expect(listed.stdout).toMatch(
      new RegExp(`^${key.id} +root +live +admin +all +never +never +ann$`, 'm'),
    );
    const { keys } = documentOf<{ keys: KeyRecord[] }>(await cli('key', 'list', '--json'));
    expect(keys).toContainEqual(key);
    expect(JSON.stringify(keys)).not.toMatch(/hash|secret|token/i);

    const rotated = await cli('key', 'rotate', key.id, '--grace', '1h');
    expect(rotated.stdout.trimEnd()).toMatch(TOKEN);
    expect(rotated.stderr).toMatch(new RegExp(`the old token is good until ${TIME}`));
    const last = documentOf<{ token: string }>(
      await cli('key', 'rotate', key.id, '--grace', '0', '--json'),
    );
    expect(await opens(rotated.stdout.trimEnd())).toEqual({ refused: 'expired' });
    expect(await opens(last.token)).toHaveProperty('principal');

    const revoked = await cli('key', 'revoke', key.id, '--reason', 'it was in a log');
    expect(revoked.stdout).toBe(`root (${key.id}) is revoked\n`);
    const after = documentOf<{ keys: KeyRecord[] }>(await cli('key', 'list', '--json'));
    expect(after.keys.map(({ id }) => id)).not.toContain(key.id);
    const all = await cli('key', 'list', '--revoked');
    expect(all.stdout).toMatch(new RegExp(`^${key.id} +root +revoked`, 'm'));
    expect((await cli('key', 'revoke', key.id, '--reason', 'again')).stderr).toContain(
      'was revoked at',
    );
  });

  it.each([
    [['create', 'x'], "required option '--scope <scope>' not specified"],
    [
      ['create', 'x', '--scope', 'reed'],
      '--scope: expected one of read, run, operate, admin, got "reed" (did you mean "read"?)',
    ],
    [['create', 'x', '--scope', 'run', '--expires', 'soon'], '--expires: expected a duration'],
    [['create', 'x', '--scope', 'admin', '--project', 'p'], 'leave them out, or take operate'],
    [['revoke', 'x'], '--reason: say why'],
    [['rotate', 'none'], 'no key has the id "none"; list the keys'],
  ])('refuses key %j and says why', async (args, message) => {
    const { code, stdout, stderr } = await cli('key', ...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it('lists the audit log by who, what and target, page by page', async () => {
    const { key } = await create('paged', '--scope', 'read', '--by', 'bob', '--reason', 'a test');
    for (const reason of ['one', 'two']) await cli('key', 'rotate', key.id, '--reason', reason);
    const page = async (...args: string[]) =>
      documentOf<{ entries: AuditRecord[]; nextCursor?: string }>(
        await cli('audit', '--target', key.id, ...args, '--json'),
      );
    const first = await page('--limit', '2');
    expect(first.entries.map(({ what, reason }) => [what, reason])).toEqual([
      ['key.rotate', 'two'],
      ['key.rotate', 'one'],
    ]);
    const second = await page('--limit', '2', '--cursor', first.nextCursor ?? '');
    expect(second).toEqual({
      entries: [
        {
          ...{ id: expect.any(Number) as number, at: key.createdAt, who: 'bob' },
          ...{ what: 'key.create', target: key.id, reason: 'a test' },
          details: { name: 'paged', scope: 'read', projects: null, expiresAt: null },
        },
      ],
    });
    expect((await page('--who', 'bob')).entries).toHaveLength(1);
    expect((await page('--what', 'key.rotate')).entries).toHaveLength(2);
    expect((await page('--until', key.createdAt)).entries).toEqual([]);
    expect((await page('--since', key.createdAt)).entries).toHaveLength(3);
    const shown = await cli('audit', '--target', key.id, '--limit', '1');
    expect(shown.stdout).toMatch(
      new RegExp(`^AT +WHO +WHAT +TARGET +REASON\n${TIME} +\\S+ +key.rotate +${key.id} +two\n$`),
    );
    expect(shown.stderr).toMatch(/^more: --cursor \S+\n$/);
    expect((await cli('audit', '--who', 'nobody')).stderr).toBe('no entries\n');
    expect((await cli('audit', '--until', 'x')).stderr).toContain('--until: expected a time');
  });

  it('writes all of the audit log, a line of JSON for each entry, over several pages', async () => {
    const { audit } = harness.engine;
    const target = 'everything';
    await Promise.all(
      Array.from({ length: 1_001 }, (_, n) =>
        audit.append({ who: 'test', what: 'test.done', target, details: { n } }),
      ),
    );
    const { code, stdout } = await cli('audit', '--target', target, '--all', '--json');
    expect(code).toBe(0);
    const entries = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditRecord);
    const seen = entries.map(({ details }) => (details as { n: number }).n).sort((a, b) => a - b);
    expect(seen).toEqual(Array.from({ length: 1_001 }, (_, n) => n));
    expect(entries.map(({ id }) => id)).toEqual(entries.map(({ id }) => id).sort((a, b) => b - a));
    const text = await cli('audit', '--target', target, '--all');
    expect(text.stdout.match(/^AT /gm)).toHaveLength(1);
    expect(text.stdout.trimEnd().split('\n')).toHaveLength(1_002);
    expect((await cli('audit', '--all', '--limit', '3')).code).toBe(2);
  });

  it('is refused an entry that says nothing', async () => {
    const append = harness.engine.audit.append({ who: '', what: 'x', target: 'y' });
    await expect(append).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: 'audit.who: got "", expected a text that is not empty',
    });
  });
});
