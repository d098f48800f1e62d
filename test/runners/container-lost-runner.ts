/** Runs one program in a container and says what it says, until it is killed: a worker that is lost. */
import { ContainerRunner } from '../../src/runners/container.js';
import { request, type Ask } from '../support/container-request.js';

const [socketPath = '', asked = '{}'] = process.argv.slice(2);
const { deadline, ...ask } = JSON.parse(asked) as Ask & { deadline: string };
const runner = new ContainerRunner({ maxContainers: 1, graceMs: 500, engine: { socketPath } });
const { request: it } = request({
  ...ask,
  context: { ...ask.context, deadline: new Date(deadline) },
});
const { signal } = new AbortController();
await runner.run(it, { signal, onOutput: (_stream, text) => process.stdout.write(text) });
