/**
 * Whether a browser asks for a page that is not ours. A server without authentication trusts whoever reaches it, so no
 * other site's page may: neither by a request of its own (CSRF) nor by a name that it lets point here (DNS rebinding).
 */
import { HttpProblem } from './problem.js';

export interface Asking {
  host: string | undefined;
  origin: string | undefined;
  /** The header Sec-Fetch-Site, which pages cannot set. */
  site: string | undefined;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/** Whether a host listens on this machine alone. */
export const isLoopback = (host: string): boolean =>
  /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);

/** @param open whoever reaches the server may do everything @throws HttpProblem 403 */
export function assertOwnPage({ host = '', origin, site }: Asking, open: boolean): void {
  if (open && !LOOPBACK.test(host))
    throw new HttpProblem(
      403,
      'FORBIDDEN',
      `Host: expected localhost or a loopback address, got ${JSON.stringify(host.slice(0, 100))}; a server without authentication answers to no other name`,
    );
  const foreign = origin !== undefined && origin !== 'null' && hostOf(origin) !== host;
  if (foreign || origin === 'null' || site === 'cross-site')
    throw new HttpProblem(
      403,
      'FORBIDDEN',
      `Origin: a page of ${JSON.stringify((origin ?? 'another site').slice(0, 100))} may not use this server`,
    );
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}
