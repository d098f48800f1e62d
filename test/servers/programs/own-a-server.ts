/** Starts a process as our servers are started, prints its id, and waits to be killed; with `exit` it exits. */
import { spawnOwned } from '../../../src/servers/owned-process.js';

const server = await spawnOwned('/bin/sh', ['-c', 'exec sleep 600'], { env: process.env });
process.stdout.write(`${server.pid}\n`, () => {
  if (process.argv[2] === 'exit') process.exit(0);
});
