/** Who calls: the Authorization header of a request as a principal. */
import { isApiToken, type KeyRefusal, type Keys } from '../client.js';
import type { Principal } from '../domain/access.js';
import { TaskError } from '../domain/errors.js';
import type { Authenticate } from './services.js';

/** The ways in that a server has. */
export interface Doors {
  keys: Pick<Keys, 'verify'>;
  /** Whose token of OpenID Connect it is. @throws TaskError UNAUTHENTICATED | FORBIDDEN | UNREACHABLE */
  oidc?: ((token: string) => Promise<Principal>) | undefined;
  /** Who sends nothing may do everything: only on loopback. */
  open: boolean;
}

/** Who sends nothing to a server without authentication. */
export const OPEN: Principal = { kind: 'open', name: 'open', scope: 'admin', projects: null };

const KEY_REFUSED: Record<KeyRefusal, string> = {
  malformed: 'this is no API key: it begins as one and is not whole; copy it again',
  unknown: 'there is no such API key; ask for one, or make it with "tempograph key create"',
  revoked: 'this API key was revoked; ask for another',
  expired: 'this API key has expired, or was rotated; ask for the new one',
};

/**
 * A header that is there has to be right, on an open server too: nobody is taken for less than they believe to be.
 *
 * @returns throws TaskError UNAUTHENTICATED, whose details say `why`, or what a door throws
 */
export function authenticator({ keys, oidc, open }: Doors): Authenticate {
  const authenticate = async (header: string | undefined): Promise<Principal> => {
    if (header === undefined) {
      if (open) return OPEN;
      throw refused(
        'missing',
        'no Authorization header; send "Authorization: Bearer" with an API key',
      );
    }
    const token = bearerOf(header);
    if (isApiToken(token)) {
      const { principal, refused: why } = await keys.verify(token);
      if (principal) return principal;
      throw refused(why, KEY_REFUSED[why]);
    }
    if (oidc) return await oidc(token);
    throw refused('unknown', 'the bearer token is no API key of this server: those begin with tg_');
  };
  return Object.assign(authenticate, { open });
}

/** The scheme in any case, as RFC 9110 has it. @throws TaskError UNAUTHENTICATED */
function bearerOf(header: string): string {
  const [, scheme = '', token = ''] = /^\s*(\S+)(?:\s+(\S+))?\s*$/.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer' && token !== '') return token;
  // Of what was sent only the scheme is told, and only where one stands before something: alone it may be the token.
  const got = token !== '' && /^[A-Za-z]{1,20}$/.test(scheme) ? `scheme ${scheme}` : 'no scheme';
  throw refused(
    'scheme',
    `the Authorization header has ${got}, expected "Bearer", a space and a token`,
  );
}

const refused = (why: string, message: string): TaskError =>
  new TaskError('UNAUTHENTICATED', message, { details: { why } });
