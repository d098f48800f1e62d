/**
 * The way out of a sandbox: an HTTP proxy of ours that lets through what is on the program's list, and nothing else.
 *
 * A sandbox has no interface but its own loopback. There the proxy listens by a socket that a helper has made inside the
 * sandbox's network and handed to us, so ordinary programs find it by `HTTP_PROXY`; and, for those who look for it, by a
 * socket in the file system. Names are resolved here, once, and the address that was checked is the one connected to.
 */
import { lookup as lookupName } from 'node:dns/promises';
import { chmod, open, type FileHandle } from 'node:fs/promises';
import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, type Server as NetServer, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import { messageOf } from '../domain/errors.js';
import { privateAllowed } from '../net/safe-http.js';
import { AllowList, targetOf, type Target } from './allow-list.js';
import { listenInNetworkOf } from './network-listener.js';
import { INSIDE } from './sandbox-spec.js';

/** Of connections at once, both ways. */
const MAX_CONNECTIONS = 256;
const CONNECT_MS = 30_000;
/** In the sandbox's own network, so that it is always free. */
const PORT = 3128;
/** Refusals that are told. */
const TOLD = 50;
/** Between the program and its proxy only (RFC 9110, 7.6.1). */
const HOP_BY_HOP = ['connection', 'proxy-connection', 'proxy-authorization', 'keep-alive', 'te'];

export interface AllowProxyOptions {
  targets: readonly string[];
  /** Path of the host for the socket in the file system. */
  socket: string;
  /** {@link AllowProxy.listenIn} will be called: programs are told of `HTTP_PROXY`. */
  tcp: boolean;
  onRefused?: ((text: string) => void) | undefined;
  /** Private addresses on the list may be reached. Default: `TEMPOGRAPH_HTTP_ALLOW_PRIVATE=1`. */
  privateToo?: boolean;
  /** Addresses of a name. Default: as the host resolves it. */
  lookup?: (host: string) => Promise<readonly string[]>;
}

export class AllowProxy {
  private readonly sockets = new Set<Duplex>();
  private readonly told = new Set<string>();
  private readonly list: AllowList;
  private readonly server: Server;
  private inside: NetServer | undefined;
  private closed = false;

  private constructor(
    private readonly options: AllowProxyOptions,
    /** Held open for as long as the socket is. */
    private readonly folder: FileHandle,
  ) {
    this.list = new AllowList(options.targets, options.privateToo ?? privateAllowed());
    this.server = createServer((from, to) => void this.forward(from, to));
    this.server.on('connect', (from: IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.tunnel(from, socket, head);
    });
    this.server.on('connection', (socket) => this.hold(socket));
    this.server.maxConnections = MAX_CONNECTIONS;
  }

  static async open(options: AllowProxyOptions): Promise<AllowProxy> {
    const folder = await open(dirname(options.socket), 'r');
    const proxy = new AllowProxy(options, folder);
    const { server } = proxy;
    try {
      await new Promise<void>((resolve, reject) => {
        // By the folder's descriptor: a socket's path has at most 107 characters.
        const short = `/proc/self/fd/${folder.fd}/${basename(options.socket)}`;
        server.once('error', reject).listen(short, () => resolve());
      });
    } catch (error) {
      await folder.close();
      throw error;
    }
    // Who may get at it is decided by the folder that it lies in.
    await chmod(options.socket, 0o666);
    return proxy;
  }

  /** What programs are told. */
  get env(): Record<string, string> {
    const own = { TEMPOGRAPH_PROXY_SOCKET: INSIDE.proxySocket };
    if (!this.options.tcp) return own;
    const url = `http://127.0.0.1:${PORT}`;
    const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'];
    // Node's own fetch looks at these only when it is told to, from version 22.21 on.
    return {
      ...own,
      ...Object.fromEntries(names.map((name) => [name, url])),
      NODE_USE_ENV_PROXY: '1',
    };
  }

  /** Listens on the loopback of the network that this process of the host is in. @throws Error */
  async listenIn(pid: number): Promise<void> {
    if (!this.options.tcp) return;
    const inside = await listenInNetworkOf(pid, PORT);
    if (this.closed) return void inside.close(); // it was stopped meanwhile
    this.inside = inside;
    this.inside.on('connection', (socket: Socket) => {
      if (this.sockets.size < MAX_CONNECTIONS) this.server.emit('connection', socket);
      else socket.destroy();
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    const closing = [this.server, this.inside].map(
      (server) =>
        new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve())),
    );
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(closing);
    await this.folder.close();
  }

  private async forward(from: IncomingMessage, to: ServerResponse): Promise<void> {
    try {
      const url = new URL(from.url ?? '');
      if (url.protocol !== 'http:') throw new Refused(`${url.protocol} is no http:`);
      const host = url.hostname.replace(/^\[|\]$/g, '');
      const { address, port } = await this.admit({ host, port: Number(url.port || 80) });
      const headers: IncomingHttpHeaders = { ...from.headers, host: url.host };
      for (const name of HOP_BY_HOP) delete headers[name];
      const onward = request(
        { host: address, port, method: from.method, path: url.pathname + url.search, headers },
        (answer) => {
          to.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(to);
        },
      );
      onward.on('socket', (socket) => this.hold(socket));
      onward.setTimeout(CONNECT_MS * 10, () => onward.destroy());
      onward.on('error', (error) => answer(to, 502, messageOf(error)));
      to.on('close', () => onward.destroy());
      from.pipe(onward);
    } catch (error) {
      answer(to, this.statusOf(error, from), messageOf(error));
    }
  }

  private async tunnel(from: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    try {
      const target = targetOf(from.url ?? '');
      if (!target) throw new Refused('no <host>:<port> was asked for');
      const { address, port } = await this.admit(target);
      const onward = connect({ host: address, port, timeout: CONNECT_MS });
      this.hold(onward);
      onward.on(
        'timeout',
        () => onward.connecting && onward.destroy(new Error('it took too long')),
      );
      onward.once('connect', () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        onward.write(head);
        socket.pipe(onward).pipe(socket);
      });
      onward.on('error', (error) => {
        if (onward.bytesRead === 0) refuse(socket, 502, messageOf(error));
        socket.destroy();
      });
      onward.on('close', () => socket.destroy());
      socket.on('close', () => onward.destroy());
    } catch (error) {
      refuse(socket, this.statusOf(error, from), messageOf(error));
    }
  }

  /** The address to connect to. @throws Refused; Error for a name that is not known */
  private async admit(asked: Target): Promise<{ address: string; port: number }> {
    const target = targetOf(
      asked.host.includes(':') ? `[${asked.host}]:${asked.port}` : `${asked.host}:${asked.port}`,
    );
    const shown = `${asked.host}:${asked.port}`;
    if (!target || !this.list.allows(target)) throw new Refused(`${shown} is not on the list`);
    const { lookup = addressesOf } = this.options;
    const addresses = await lookup(target.host);
    const address = addresses.find((one) => this.list.allowsAddress(one, target.port));
    if (address !== undefined) return { address, port: target.port };
    throw new Refused(
      `${shown} is ${addresses.join(', ')}, which is private; a worker with TEMPOGRAPH_HTTP_ALLOW_PRIVATE=1 lets programs reach such an address where it is on their list itself`,
    );
  }

  private statusOf(error: unknown, from: IncomingMessage): number {
    if (!(error instanceof Refused)) return error instanceof TypeError ? 400 : 502;
    this.tellOnce(`the proxy refused ${from.method ?? ''} ${from.url ?? ''}: ${error.message}`);
    return 403;
  }

  /** Whoever is refused may ask again without end: each answer is told once, and only so many. */
  private tellOnce(text: string): void {
    if (this.told.has(text) || this.told.size >= TOLD) return;
    this.told.add(text);
    this.options.onRefused?.(text);
  }

  private hold(socket: Duplex): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.sockets.delete(socket));
  }
}

/** It may not go there. */
class Refused extends Error {}

async function addressesOf(host: string): Promise<string[]> {
  return (await lookupName(host, { all: true })).map(({ address }) => address);
}

function answer(to: ServerResponse, status: number, text: string): void {
  if (to.headersSent) return void to.destroy();
  to.writeHead(status, { 'content-type': 'text/plain', connection: 'close' });
  to.end(`${text}\n`);
}

function refuse(socket: Duplex, status: number, text: string): void {
  const reason = status === 403 ? 'Forbidden' : 'Bad Gateway';
  socket.end(`HTTP/1.1 ${status} ${reason}\r\ncontent-type: text/plain\r\n\r\n${text}\n`);
}
