/**
 * Where a server of the HTTP API is, and the key for it.
 *
 * A1. A key goes to the address that was given and to no other: redirects are not followed.
 * A2. A key goes over plain HTTP to this machine alone, unless that is asked for.
 * A3. A key comes from the environment or a file, never from the command line, which every process can read.
 */
import { readFileSync } from 'node:fs';
import { TaskError } from '../domain/errors.js';

export interface ServerAddress {
  /** With everything before `/api/v1`, and no slash at its end. */
  url: string;
  key: string | undefined;
}

export interface ServerAddressInput {
  url: string;
  /** The key itself, from the environment. */
  key?: string | undefined;
  /** A file that holds the key, and nothing else; stronger than `key`. */
  keyFile?: string | undefined;
  /** Whether a key may travel over plain HTTP to another machine. Default false. */
  plainHttp?: boolean;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;

/** @throws TaskError CONFIGURATION */
export function serverAddress({
  url: text,
  key: given,
  keyFile,
  plainHttp = false,
}: ServerAddressInput): ServerAddress {
  const url = parsedUrl(text);
  const key = keyFile === undefined ? given?.trim() || undefined : keyOf(keyFile);
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key))
    throw refused('the API key: expected one line of printable ASCII, without spaces');
  if (key !== undefined && url.protocol === 'http:' && !LOOPBACK.test(url.hostname) && !plainHttp)
    throw refused(
      `${url.origin} is plain HTTP, over which anybody on the way can read the key; use https, or say --plain-http`,
    );
  return { url: `${url.origin}${url.pathname.replace(/(\/api\/v1)?\/*$/, '')}`, key };
}

function parsedUrl(text: string): URL {
  const expected = (got: string): TaskError =>
    refused(`--server: expected a URL such as https://tempograph.example.com, got ${got}`);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw expected(JSON.stringify(text));
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw expected(JSON.stringify(text));
  if (url.username !== '' || url.password !== '')
    throw expected('one with a user or a password; a key comes from TEMPOGRAPH_API_KEY or a file');
  if (url.search !== '' || url.hash !== '') throw expected(`${JSON.stringify(text)} with ? or #`);
  return url;
}

function keyOf(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw refused(`--api-key-file ${file}: ${(error as Error).message}`);
  }
  if (text === '') throw refused(`--api-key-file ${file}: expected a key, got an empty file`);
  return text;
}

const refused = (message: string): TaskError => new TaskError('CONFIGURATION', message);
