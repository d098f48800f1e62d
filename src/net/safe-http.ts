/**
 * Connections that are safe against server-side request forgery: an address is looked up here, and the connection goes
 * to what was looked up, so a name cannot change its mind in between.
 */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Agent } from 'undici';

/** All of IPv6 that is given out as public (RFC 4291, 2.4); beside it stand forms that only wrap an IPv4 address. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/** Public is what is neither this machine, nor in a private or link-local network, nor anything but unicast. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || (parsed as ipaddr.IPv6).match(GLOBAL_UNICAST);
}

/** `TEMPOGRAPH_HTTP_ALLOW_PRIVATE=1` on a worker lets its tasks reach private addresses. */
export function privateAllowed(env: NodeJS.ProcessEnv = process.env): boolean {
  return env['TEMPOGRAPH_HTTP_ALLOW_PRIVATE'] === '1';
}

/** Which addresses may be reached, and the error for one that may not. */
export interface AddressRule {
  allowed: (address: string) => boolean;
  refusal: (host: string, address: string) => Error;
}

/** An agent that connects only to allowed addresses. A host that is an address is never looked up: {@link checkHost}. */
export function guardedAgent(rule: AddressRule): Agent {
  return new Agent({ connect: { lookup: guardedLookup(rule) } });
}

/** @throws the refusal for a host that may not be reached, and what the resolver says of one that it does not know */
export async function checkResolves(url: string, rule: AddressRule): Promise<void> {
  checkHost(url, rule);
  const { hostname } = new URL(url);
  if (isIP(hostname.replace(/^\[|\]$/g, ''))) return;
  await new Promise<void>((resolve, reject) =>
    guardedLookup(rule)(hostname, { all: true }, (error) => (error ? reject(error) : resolve())),
  );
}

function guardedLookup({ allowed, refusal }: AddressRule): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, '', 0);
      const refused = addresses.find(({ address }) => !allowed(address));
      if (refused) return callback(refusal(hostname, refused.address), '', 0);
      const [first] = addresses;
      if (options.all) return callback(null, addresses, 0);
      return callback(null, first?.address ?? '', first?.family ?? 4);
    });
  };
}

/** @throws the refusal for an address whose host is one that may not be reached */
export function checkHost(url: string, { allowed, refusal }: AddressRule): void {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) && !allowed(host)) throw refusal(host, host);
}
