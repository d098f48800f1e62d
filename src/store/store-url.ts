/** Which database a url means. */
import { TaskError } from '../domain/errors.js';
import { preview } from '../domain/json.js';

export type StoreUrl = { dialect: 'sqlite'; path: string } | { dialect: 'postgres'; url: string };

const EXPECTED = 'expected sqlite:<path>, a path, or postgres://user:password@host:port/database';

/**
 * Reads `sqlite:<path>`, `sqlite://<path>`, a bare path or `postgres://…`.
 *
 * @throws TaskError CONFIGURATION for anything else
 */
export function parseStoreUrl(url: string): StoreUrl {
  const text = typeof url === 'string' ? url.trim() : '';
  if (/^postgres(ql)?:\/\//i.test(text)) {
    if (URL.canParse(text) && new URL(text).pathname.length > 1)
      return { dialect: 'postgres', url: text };
    // Not the url itself: it may hold a password.
    throw new TaskError('CONFIGURATION', `store url: no host and database in it; ${EXPECTED}`);
  }
  const path = /^(?:sqlite|file):(?:\/\/)?(.*)$/i.exec(text)?.[1] ?? text;
  // `C:\data` is a path, `mysql://host` is none.
  if (path === '' || path.includes('\0') || /^[a-z][\w+.-]+:/i.test(path))
    throw new TaskError('CONFIGURATION', `store url: got ${preview(url)}; ${EXPECTED}`);
  return { dialect: 'sqlite', path };
}
