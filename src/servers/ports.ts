/** TCP ports of this machine: a free one, or a wanted one if nobody has it. */
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import getPort from 'get-port';

/** A port that was free just now. Another process may take it before it is used. */
export function freePort(ip: string): Promise<number> {
  return getPort({ host: ip });
}

/**
 * @param what the server's name for the port, such as `the Temporal server`
 * @param option how the caller sets it, such as `port`
 * @throws Error naming the port and what to do, when it cannot be listened on
 */
export async function assertPortFree(
  ip: string,
  port: number,
  what: string,
  option: string,
): Promise<void> {
  const probe = createServer();
  try {
    probe.listen(port, ip);
    await once(probe, 'listening');
  } catch (error) {
    throw new Error(whyNot(ip, port, what, option, error as NodeJS.ErrnoException), {
      cause: error,
    });
  } finally {
    await new Promise<void>((resolve) => probe.close(() => resolve()));
  }
}

function whyNot(
  ip: string,
  port: number,
  what: string,
  option: string,
  error: NodeJS.ErrnoException,
): string {
  const place = `port ${port} on ${ip}, wanted for ${what},`;
  if (error.code === 'EADDRINUSE') {
    return `${place} is taken by another program. Stop that program (\`lsof -i :${port}\` names it), or choose another ${option}.`;
  }
  return `${place} cannot be listened on (${error.code ?? error.message}). Choose another ${option} or address.`;
}

/** Whether something accepts connections there. */
export async function accepts(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** The address that clients on this machine use for a server bound to `ip`. */
export function clientHost(ip: string): string {
  if (ip === '0.0.0.0') return '127.0.0.1';
  return ip === '::' ? '::1' : ip;
}

/** `host:port`, with the brackets that an IPv6 host needs. */
export function hostPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
