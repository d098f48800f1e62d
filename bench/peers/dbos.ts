/** DBOS Transact on a PostgreSQL that syncs every commit to its disk; steps by `DBOS.runStep`. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import getPort from 'get-port';
import { startPostgres } from '../../scripts/postgres.mjs';
import { descendantsOf, startProgram } from '../graphs/processes.js';
import type { Stage } from '../graphs/stage.js';
import { overHttp, type Peer, type Side } from './peer.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));

async function startDbos({ stops }: Stage): Promise<Side> {
  const settings = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };
  const postgres = await startPostgres({ settings, own: true, log: console.log });
  if ('unavailable' in postgres) throw new Error(postgres.unavailable);
  const { pid } = postgres;
  if (pid === undefined) throw new Error('this PostgreSQL says no process id');
  stops.push(() => postgres.stop());
  const port = await getPort();
  const worker = await startProgram(join(HERE, 'dbos-worker.mjs'), [String(port), postgres.url]);
  stops.push(() => worker.stop());
  return { pids: () => [worker.pid, ...descendantsOf(pid)], run: overHttp(port) };
}

export const dbos: Peer = {
  name: 'DBOS',
  about: () => 'DBOS Transact 5.3.0 on PostgreSQL with `synchronous_commit` and `fsync`',
  start: startDbos,
};
