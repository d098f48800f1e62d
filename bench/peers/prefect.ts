/** Prefect with its own server on SQLite, tasks in threads of the flow's process. Python 3.10 or newer has to be there. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import getPort from 'get-port';
import { virtualEnvironment } from '../../scripts/virtual-environment.mjs';
import { descendantsOf, spawnProgram, startProgram } from '../graphs/processes.js';
import type { Stage } from '../graphs/stage.js';
import { listening, overHttp, type Peer, type Side } from './peer.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const VERSION = '3.9.1';

async function startPrefect({ folder, stops }: Stage): Promise<Side> {
  const installed = await virtualEnvironment({
    ...{ name: 'prefect', folder: VERSION, packages: [`prefect==${VERSION}`] },
    ...{ check: 'import prefect', log: console.log },
  });
  if ('unavailable' in installed) throw new Error(installed.unavailable);
  const [api, port] = [await getPort(), await getPort()];
  const env = {
    PREFECT_HOME: join(folder, 'prefect'),
    PREFECT_API_URL: `http://127.0.0.1:${api}/api`,
    PREFECT_LOGGING_LEVEL: 'ERROR',
    PREFECT_SERVER_ANALYTICS_ENABLED: 'false',
    DO_NOT_TRACK: '1',
  };
  const { python } = installed;
  const serverArgs = ['-m', 'prefect', 'server', 'start', '--host', '127.0.0.1'];
  const server = spawnProgram(python, [...serverArgs, '--port', String(api)], env);
  stops.push(() => server.stop());
  await listening(api);
  const flows = join(HERE, 'prefect_flows.py');
  const worker = await startProgram(flows, [String(port)], { command: [python, '-u'], env });
  stops.push(() => worker.stop());
  return { pids: () => [worker.pid, ...descendantsOf(server.pid)], run: overHttp(port) };
}

export const prefect: Peer = {
  name: 'Prefect',
  about: () => `Prefect ${VERSION}, its server on SQLite as it comes, tasks in 100 threads`,
  start: startPrefect,
};
