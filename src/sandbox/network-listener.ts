/**
 * A socket that listens in another network namespace, and is accepted from here.
 *
 * A socket stays in the network that it was made in, whoever holds it. So a helper enters the sandbox's network, makes
 * one, hands it to us and ends: nothing of ours remains inside.
 */
import { spawn } from 'node:child_process';
import { Server } from 'node:net';

/** 127.0.0.1 alone: `lo` of a sandbox is up, as bwrap brings it. */
const HELPER = `
const server = require('node:net').createServer();
server.on('error', (error) => process.send({ error: error.message }, () => process.exit()));
server.listen(Number(process.argv[1]), '127.0.0.1', 256, () => {
  process.send({}, server, () => process.disconnect());
  server.unref();
});
`;

/** @throws Error when the network cannot be entered, or the port is taken there */
export function listenInNetworkOf(pid: number, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const helper = spawn(
      '/usr/bin/nsenter',
      [`--net=/proc/${pid}/ns/net`, '--', process.execPath, '-e', HELPER, String(port)],
      { env: {}, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] },
    );
    let stderr = '';
    helper.stderr?.setEncoding('utf8').on('data', (chunk: string) => void (stderr += chunk));
    helper.on('error', reject);
    helper.on('message', ({ error }: { error?: string }, server) => {
      if (server instanceof Server) resolve(server);
      else reject(new Error(`the proxy cannot listen inside: ${error ?? 'no socket came'}`));
    });
    helper.on('close', () =>
      reject(new Error(`the sandbox's network cannot be entered: ${stderr.trim()}`)),
    );
  });
}
