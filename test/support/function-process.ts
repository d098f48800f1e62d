/** A function in a process of its own, behind a port of loopback. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import getPort from 'get-port';
import { until } from './until.js';

export interface FunctionProcess {
  origin: string;
  stop(): Promise<void>;
}

/** @param command of the program, given the port; ready once something answers there */
export async function startFunction(
  command: (port: string) => readonly [program: string, ...args: string[]],
  { cwd, env }: { cwd: string; env: Record<string, string> },
): Promise<FunctionProcess> {
  const port = await getPort({ host: '127.0.0.1' });
  const [program, ...args] = command(String(port));
  const child = spawn(program, args, {
    ...{ cwd, env: { PATH: process.env['PATH'], ...env } },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream
      .setEncoding('utf8')
      .on('data', (text: string) => (said = `${said}${text}`.slice(-2_000)));
  const ended = once(child, 'close');
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the function's process ended: ${said}`);
    return await listens(port);
  }, `the function of ${program}`);
  return {
    origin: `http://127.0.0.1:${port}`,
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const answer = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return answer;
}
