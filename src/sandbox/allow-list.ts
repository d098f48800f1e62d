/**
 * Which hosts and addresses a program may reach. Pure.
 *
 * The list is the pipeline's, so it does not open what is private: an address of this host, of its networks or of a
 * cloud's metadata is reached only where that very address is on the list and the worker lets its tasks reach such ones.
 */
import ipaddr from 'ipaddr.js';
import { isPublicAddress } from '../net/safe-http.js';

export interface Target {
  host: string;
  port: number;
}

/** `host:port`, an IPv6 address in brackets. @returns undefined for what is none */
export function targetOf(text: string): Target | undefined {
  const [, v6, name, digits] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([^:/@[\]\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = (v6 ?? name)?.toLowerCase().replace(/\.$/, '');
  const port = Number(digits);
  return host === undefined || host === '' || port < 1 || port > 65_535
    ? undefined
    : { host: ipaddr.isValid(host) ? ipaddr.process(host).toString() : host, port };
}

export class AllowList {
  private readonly targets: readonly Target[];

  /**
   * @param targets `<host>:<port>`; the host may be `*`, or `*.example.com` for all below it
   * @param privateToo private addresses that are on it may be reached
   */
  constructor(
    targets: readonly string[],
    private readonly privateToo = false,
  ) {
    this.targets = targets.flatMap((text) => targetOf(text) ?? []);
  }

  allows({ host, port }: Target): boolean {
    return this.targets.some((target) => target.port === port && matches(target.host, host));
  }

  /** Whether that address may be connected to for a host that is allowed. */
  allowsAddress(address: string, port: number): boolean {
    if (!ipaddr.isValid(address)) return false;
    if (isPublicAddress(address)) return true;
    if (!this.privateToo) return false;
    const literal = ipaddr.process(address).toString(); // ::ffff:127.0.0.1 is 127.0.0.1
    return this.targets.some((target) => target.host === literal && target.port === port);
  }
}

function matches(pattern: string, host: string): boolean {
  if (pattern === '*') return true;
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;
}
