/** Whether `dev` and `serve` get the ports that they take without being told. */
import { accepts } from '../servers/ports.js';
import { ok, warn, type Check } from './doctor-check.js';

export interface WantedPort {
  port: number;
  /** Whose port it is, such as `the HTTP API`. */
  what: string;
  /** The option of `dev` that names another. */
  flag: string;
  /** Whether what listens there is just that, started before. */
  isOurs: (address: string) => Promise<boolean>;
}

const HOST = '127.0.0.1';
const PATIENCE_MS = 2_000;

export const WANTED_PORTS: readonly WantedPort[] = [
  { port: 7233, what: 'Temporal', flag: '--port', isOurs: isTemporal },
  { port: 8080, what: 'the HTTP API', flag: '--http-port', isOurs: isOurApi },
];

/** Never throws. */
export async function portCheck(wanted: readonly WantedPort[] = WANTED_PORTS): Promise<Check> {
  const name = 'ports';
  const found = await Promise.all(wanted.map(async (one) => ({ ...one, is: await stateOf(one) })));
  const taken = found.filter(({ is }) => is === 'taken');
  if (taken.length === 0)
    return ok(
      name,
      found
        .map(({ port, what, is }) => (is === 'free' ? `${port} is free` : `${what} has ${port}`))
        .join(', '),
    );
  return warn(
    name,
    taken.map(({ port, what }) => `${port}, for ${what}, is taken by another program`).join('; '),
    `${taken.map(({ port, flag }) => `"lsof -i :${port}" names it; stop it, or give dev another ${flag}`).join('; ')}`,
  );
}

async function stateOf({ port, isOurs }: WantedPort): Promise<'free' | 'ours' | 'taken'> {
  if (!(await accepts(HOST, port))) return 'free';
  return (await isOurs(`${HOST}:${port}`).catch(() => false)) ? 'ours' : 'taken';
}

async function isTemporal(address: string): Promise<boolean> {
  const { Connection } = await import('@temporalio/client');
  const connection = await Connection.connect({ address, connectTimeout: PATIENCE_MS });
  await connection.close();
  return true;
}

/** It answers with its facts, or says that it wants a key. */
async function isOurApi(address: string): Promise<boolean> {
  const answer = await fetch(`http://${address}/api/v1/meta`, {
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const told = (await answer.json()) as Record<string, unknown>;
  return 'namespace' in told || told['code'] === 'UNAUTHENTICATED';
}
