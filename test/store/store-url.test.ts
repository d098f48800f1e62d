import { describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseStoreUrl } from '../../src/store/store-url.js';
import { openSqlite } from '../../src/store/sqlite.js';
import { openStore } from '../../src/store/store.js';

describe('parseStoreUrl', () => {
  it.each([
    ['sqlite:data/a.db', 'data/a.db'],
    ['sqlite:///var/a.db', '/var/a.db'],
    ['file:a.db', 'a.db'],
    ['./a.db', './a.db'],
    ['C:\\data\\a.db', 'C:\\data\\a.db'],
  ])('takes %s for a file', (url, path) => {
    expect(parseStoreUrl(url)).toEqual({ dialect: 'sqlite', path });
  });

  it.each(['postgres://u:p@h:1/d', 'postgresql://h/d'])('takes %s for PostgreSQL', (url) => {
    expect(parseStoreUrl(url)).toEqual({ dialect: 'postgres', url });
  });

  it.each([
    '',
    'sqlite:',
    'mysql://host/db',
    'http://x',
    'postgres://',
    'postgres://h',
    7 as unknown as string,
  ])('refuses %j and says what it wants', (url) => {
    expect(() => parseStoreUrl(url)).toThrow(expect.objectContaining({ code: 'CONFIGURATION' }));
    expect(() => parseStoreUrl(url)).toThrow('expected sqlite:<path>, a path, or postgres://');
  });

  it('never repeats a password', () => {
    expect(() => parseStoreUrl('postgres://me:secret@host')).toThrow(/^(?!.*secret)/s);
  });
});

describe('openStore', () => {
  it('says of a server that is not there where it looked, without the password', async () => {
    // Port 9 discards, where anything listens at all.
    const opening = openStore({ url: 'postgres://me:secret@127.0.0.1:9/db' });
    await expect(opening).rejects.toMatchObject({ code: 'UNREACHABLE', retriable: true });
    await expect(opening).rejects.toThrow(
      /^the store postgres:\/\/me@127\.0\.0\.1:9\/db does not answer/,
    );
  });

  it('refuses tables that a newer version has made', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tempograph-store-'));
    const file = join(folder, 'store.db');
    await (await openStore({ url: file })).close();
    const { sql: newer } = openSqlite(file);
    await sql`insert into tempograph_migrations values ('0999-later', '2030-01-01')`.execute(newer);
    await newer.destroy();
    const opening = openStore({ url: file });
    await expect(opening).rejects.toMatchObject({ code: 'CONFIGURATION' });
    await expect(opening).rejects.toThrow(
      'was made by a newer version: it has migration 0999-later',
    );
    rmSync(folder, { recursive: true, force: true });
  });

  it('says of a file that is no database which one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tempograph-store-'));
    const file = join(folder, 'notes.txt');
    writeFileSync(file, 'no database, but long enough to be looked at '.repeat(100));
    const opening = openStore({ url: file });
    await expect(opening).rejects.toMatchObject({ code: 'CONFIGURATION' });
    await expect(opening).rejects.toThrow(`cannot open the store sqlite:${file}`);
    rmSync(folder, { recursive: true, force: true });
  });
});
