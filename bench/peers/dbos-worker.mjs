/** A process of DBOS that runs graphs of steps that do nothing, as they are posted: `dbos-worker.mjs PORT URL`. */
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { DBOS } from '@dbos-inc/dbos-sdk';

const noop = () => DBOS.runStep(async () => null, { name: 'noop' });

const graph = DBOS.registerWorkflow(
  async (dependsOn) => {
    const ends = [];
    for (const before of dependsOn)
      ends.push(Promise.all(before.map((index) => ends[index])).then(noop));
    await Promise.all(ends);
  },
  { name: 'graph' },
);

const [, , port, systemDatabaseUrl] = process.argv;
DBOS.setConfig({ name: 'bench', systemDatabaseUrl, logLevel: 'error', runAdminServer: false });
await DBOS.launch();
const server = createServer(async (request, response) => {
  try {
    const { id, dependsOn } = await json(request);
    const handle = await DBOS.startWorkflow(graph, { workflowID: id })(dependsOn);
    await handle.getResult();
    response.end();
  } catch (error) {
    response.writeHead(500).end(String(error?.stack));
  }
});
server.listen(Number(port), '127.0.0.1', () => console.log('ready'));
process.once('SIGTERM', async () => {
  server.close();
  await DBOS.shutdown();
  process.exit(0);
});
