/** Restate: its server as it comes, of its npm package, and a handler whose steps are `ctx.run`. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import getPort from 'get-port';
import { spawnProgram, startProgram } from '../graphs/processes.js';
import type { Stage } from '../graphs/stage.js';
import { listening, type Peer, type Side } from './peer.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** The program of this machine's package: what npm links is a script around it. */
function serverProgram(): string {
  const { resolve } = createRequire(join(HERE, 'package.json'));
  const place = `@restatedev/restate-server-${process.platform}-${process.arch}`;
  return resolve(`${place}/bin/restate-server`);
}

async function startRestate({ folder, stops }: Stage): Promise<Side> {
  const [ingress, admin, node, service] = [
    await getPort(),
    await getPort(),
    await getPort(),
    await getPort(),
  ];
  const at = (port: number): string => `127.0.0.1:${port}`;
  const server = spawnProgram(serverProgram(), ['--base-dir', join(folder, 'restate')], {
    RESTATE_INGRESS__BIND_ADDRESS: at(ingress),
    RESTATE_ADMIN__BIND_ADDRESS: at(admin),
    RESTATE_BIND_ADDRESS: at(node),
    RESTATE_ADVERTISED_ADDRESS: `http://${at(node)}`,
    RESTATE_LOG_FILTER: 'error',
    RESTATE_DISABLE_TELEMETRY: 'true',
  });
  stops.push(() => server.stop());
  await listening(admin);
  const worker = await startProgram(join(HERE, 'restate-worker.mjs'), [String(service)]);
  stops.push(() => worker.stop());
  const registered = await fetch(`http://${at(admin)}/deployments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ uri: `http://${at(service)}` }),
  });
  if (!registered.ok) throw new Error(`Restate took no handler: ${await registered.text()}`);
  return {
    pids: () => [server.pid, worker.pid],
    run: async (_key, { dependsOn, window }, id) => {
      const response = await fetch(`http://${at(ingress)}/bench/graph`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': id },
        body: JSON.stringify({ dependsOn, window }),
      });
      if (!response.ok) throw new Error(`Restate: ${response.status} ${await response.text()}`);
      await response.arrayBuffer();
    },
  };
}

export const restate: Peer = {
  name: 'Restate',
  about: () => 'Restate 1.7.12 with SDK 1.17.2, its server as it comes, steps by `ctx.run`',
  start: startRestate,
};
