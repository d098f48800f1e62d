/**
 * What a program is granted of what it asks for.
 *
 * G1. Nothing is there that was not asked for: no network, no variable of the worker, no secret, no path.
 * G2. At LOW what the program's own description asks for is granted with it. From MEDIUM up it needs a permission too,
 *     so that whoever sets the level sees in one list what the program may do.
 */
import { networkJoined } from './container-network.js';
import { programSecrets, type Program, type SecurityLevel } from './program.js';

export interface Grants {
  /** `<host>:<port>` that it may reach. The network that a container joins stands in its own description. */
  network: string[];
  /** Names of secrets, which become its variables. */
  secrets: string[];
  /** Names of the worker's variables that it gets; the worker's setting `env` has to list them, too. */
  env: string[];
}

/** The first of the permissions that asks for a path of the worker's host. */
export const pathAsked = (permissions: readonly string[]): string | undefined =>
  permissions.find((one) => /^(read|write):/.test(one));

export const NO_PATHS = (permission: string): string =>
  `no worker grants paths of its host (${permission}); give files, or container.mounts`;

/** What is granted, or one sentence that says what is missing. */
export function grantsOf(
  program: Program,
  level: SecurityLevel,
  permissions: readonly string[],
): Grants | { refused: string } {
  const granted = (prefix: string): string[] =>
    permissions.flatMap((one) => (one.startsWith(prefix) ? [one.slice(prefix.length)] : []));
  const path = pathAsked(permissions);
  if (path !== undefined) return { refused: `security.permissions: ${NO_PATHS(path)}` };
  const asked = { network: networkOf(program), secrets: programSecrets(program) };
  const given = { network: granted('network:'), secrets: granted('secret:') };
  if (level !== 'LOW') {
    for (const [kind, prefix] of [
      ['network', 'network'],
      ['secrets', 'secret'],
    ] as const) {
      const missing = asked[kind].find((one) => !given[kind].includes(one));
      if (missing !== undefined)
        return {
          refused: `security.level ${level}: ${kind} asks for ${missing}, which no permission grants; add ${JSON.stringify(`${prefix}:${missing}`)} to security.permissions`,
        };
    }
  }
  // Hosts are for a proxy, which a container has none of: those that a graph's defaults grant to all open nothing there.
  const hosts = program.kind === 'container' ? asked.network : [...asked.network, ...given.network];
  return {
    network: [...new Set(hosts)].filter(isTarget),
    secrets: [...new Set([...asked.secrets, ...given.secrets])],
    env: granted('env:'),
  };
}

function hostOf(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
}

/** A network's name grants to join it where a container says so, and nothing by itself: a name has no colon. */
const isTarget = (one: string): boolean => one.includes(':');

function networkOf(program: Program): string[] {
  if (program.kind === 'faas')
    return program.faas.url === undefined ? [] : [hostOf(program.faas.url)];
  const { network } = program.kind === 'process' ? program.process : program.container;
  if (Array.isArray(network)) return network;
  const joined = networkJoined({ network });
  return joined === 'none' ? [] : [joined];
}
