import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { connect, createServer as createTcp, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AllowList, targetOf } from '../../src/sandbox/allow-list.js';
import { AllowProxy } from '../../src/sandbox/proxy.js';
import { describeSandbox, openScene, type Scene } from './support/scene.js';

describe('targetOf', () => {
  it.each([
    ['example.com:443', { host: 'example.com', port: 443 }],
    ['EXAMPLE.com.:80', { host: 'example.com', port: 80 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['[::ffff:127.0.0.1]:80', { host: '127.0.0.1', port: 80 }],
    ['example.com', undefined],
    ['example.com:0', undefined],
    ['example.com:70000', undefined],
    ['user@example.com:80', undefined],
    ['http://example.com:80', undefined],
    ['', undefined],
  ])('reads %s', (text, expected) => expect(targetOf(text)).toEqual(expected));
});

describe('AllowList', () => {
  const targets = ['api.example.com:443', '*.cdn.example.com:80', '10.0.0.7:5432', '*:8443'];
  const list = new AllowList(targets, true);

  it('opens nothing that is private by itself, also what is on it', () => {
    const closed = new AllowList(targets);
    expect(closed.allowsAddress('10.0.0.7', 5432)).toBe(false);
    expect(closed.allowsAddress('93.184.216.34', 443)).toBe(true);
  });

  it.each([
    ['api.example.com', 443, true],
    ['api.example.com', 80, false],
    ['example.com', 443, false],
    ['evil-api.example.com', 443, false],
    ['api.example.com.evil.org', 443, false],
    ['a.b.cdn.example.com', 80, true],
    ['cdn.example.com', 80, false],
    ['evilcdn.example.com', 80, false],
    ['anything.org', 8443, true],
  ])('knows %s:%i: %s', (host, port, allowed) => expect(list.allows({ host, port })).toBe(allowed));

  it.each([
    ['93.184.216.34', 443, true],
    ['2606:2800:220:1::1', 443, true],
    ['10.0.0.7', 5432, true], // it is on the list itself
    ['10.0.0.7', 443, false],
    ['10.0.0.8', 5432, false],
    ['127.0.0.1', 443, false],
    ['127.9.9.9', 8443, false],
    ['::1', 443, false],
    ['::ffff:127.0.0.1', 443, false],
    ['64:ff9b::7f00:1', 443, false],
    ['169.254.169.254', 8443, false],
    ['fe80::1', 443, false],
    ['fd00:ec2::254', 443, false],
    ['192.168.1.1', 443, false],
    ['172.16.0.1', 443, false],
    ['100.64.0.1', 443, false],
    ['0.0.0.0', 443, false],
    ['255.255.255.255', 443, false],
    ['224.0.0.1', 443, false],
    ['not an address', 443, false],
  ])('lets %s:%i be connected to: %s', (address, port, allowed) =>
    expect(list.allowsAddress(address, port)).toBe(allowed),
  );
});

/** Servers that stand for the world: on the loopback, so its literal address has to be on the list. */
let web: Server;
let webPort: number;
let folder: string;
const seen: { url: string; headers: IncomingMessage['headers'] }[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'proxy-'));
  web = createServer((from, to) => {
    seen.push({ url: from.url ?? '', headers: from.headers });
    if (from.url === '/away') to.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    else from.pipe(to.writeHead(200, { 'x-web': 'yes' }));
  }).listen(0, '127.0.0.1');
  await once(web, 'listening');
  webPort = (web.address() as AddressInfo).port;
});
afterAll(async () => {
  web.closeAllConnections();
  web.close();
  await rm(folder, { recursive: true, force: true });
});

describe('AllowProxy', () => {
  const open = async (targets: readonly string[], names: Record<string, string[]> = {}) => {
    const refused: string[] = [];
    const asked: string[] = [];
    const socket = join(folder, `${Math.random()}.sock`);
    const proxy = await AllowProxy.open({
      privateToo: true,
      ...{ targets, socket, tcp: false },
      onRefused: (text) => void refused.push(text),
      lookup: async (host) => {
        asked.push(host);
        const addresses = names[host] ?? (/^[\d.]+$/.test(host) ? [host] : undefined);
        if (!addresses) throw new Error(`${host} is not known`);
        return addresses;
      },
    });
    return { proxy, refused, asked, socket };
  };
  const get = async (socketPath: string, url: string, body = ''): Promise<[number, string]> => {
    const asking = request({
      socketPath,
      path: url,
      method: 'POST',
      headers: { 'proxy-authorization': 'x' },
    });
    asking.end(body);
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of answer.setEncoding('utf8')) text += chunk;
    return [answer.statusCode ?? 0, text.trim()];
  };
  const tunnel = (socketPath: string, target: string): Promise<[number, Socket]> =>
    new Promise((resolve, reject) => {
      request({ socketPath, method: 'CONNECT', path: target })
        .on('connect', (answer, socket) => resolve([answer.statusCode ?? 0, socket]))
        .on('error', reject)
        .end();
    });

  it('lets through what is on the list, without what is for the proxy', async () => {
    const { proxy, socket, refused } = await open([`127.0.0.1:${webPort}`]);
    expect(await get(socket, `http://127.0.0.1:${webPort}/a?b=1`, 'hello')).toEqual([200, 'hello']);
    expect(seen.at(-1)?.url).toBe('/a?b=1');
    expect(seen.at(-1)?.headers).toMatchObject({ host: `127.0.0.1:${webPort}` });
    expect(seen.at(-1)?.headers).not.toHaveProperty('proxy-authorization');
    const [status, tunnelled] = await tunnel(socket, `127.0.0.1:${webPort}`);
    expect(status).toBe(200);
    tunnelled.write('GET /t HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    const chunks: Buffer[] = [];
    for await (const chunk of tunnelled) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1.1 200 OK\r\nx-web: yes/i);
    expect(refused).toEqual([]);
    await proxy.close();
  });

  it.each([
    ['another host', 'http://other.org/', 'is not on the list'],
    ['another port', 'http://api.org:81/', 'is not on the list'],
    ['the metadata of a cloud', 'http://169.254.169.254/latest', 'is not on the list'],
    [
      'a name of a private address',
      'http://api.org/',
      'is 10.1.2.3, 169.254.169.254, which is private',
    ],
    ['another scheme', 'ftp://api.org/', 'is no http:'],
    ['an address in other digits', 'http://0x7f000001/', '127.0.0.1:80 is not on the list'],
  ])('refuses %s, and says so', async (_what, url, why) => {
    const { proxy, socket, refused } = await open(['api.org:80'], {
      'api.org': ['10.1.2.3', '169.254.169.254'],
    });
    expect(await get(socket, url)).toEqual([403, expect.stringContaining(why)]);
    expect(refused).toEqual([expect.stringContaining(why)]);
    await proxy.close();
  });

  it.each([
    ['other.org:443', 403],
    ['api.org:443', 403],
    ['nonsense', 403],
    ['unknown.org:443', 502],
  ])('tunnels to %s: %i', async (target, expected) => {
    const { proxy, socket } = await open(['api.org:443', 'unknown.org:443'], {
      'api.org': ['::1'],
    });
    const [status, tunnelled] = await tunnel(socket, target);
    expect(status).toBe(expected);
    tunnelled.destroy();
    await proxy.close();
  });

  it('resolves a name once, and connects to the address that was looked at', async () => {
    const target = createTcp((s) => s.once('data', () => s.end('raw'))).listen(0, '127.0.0.1');
    await once(target, 'listening');
    const { port } = target.address() as AddressInfo;
    const names = { 'rebinds.org': ['10.0.0.1', '127.0.0.1'] };
    const { proxy, socket, asked } = await open(
      [`rebinds.org:${port}`, `127.0.0.1:${port}`],
      names,
    );
    const [status, tunnelled] = await tunnel(socket, `rebinds.org:${port}`);
    expect(status).toBe(200);
    tunnelled.write('?');
    const [said] = (await once(tunnelled, 'data')) as [Buffer];
    expect([said.toString(), asked]).toEqual(['raw', ['rebinds.org']]);
    target.close();
    await proxy.close();
  });

  it('follows no redirect itself', async () => {
    const { proxy, socket } = await open([`127.0.0.1:${webPort}`]);
    expect((await get(socket, `http://127.0.0.1:${webPort}/away`))[0]).toBe(302);
    await proxy.close();
  });

  it('bears who speaks no HTTP, and ends open connections when it closes', async () => {
    const { proxy, socket } = await open([]);
    const rude = connect(socket);
    rude.on('error', () => undefined).write('\0\0\0 nonsense\r\n\r\n');
    const silent = connect(socket);
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    const closed = new Promise((resolve) => silent.once('close', resolve));
    await Promise.all([proxy.close(), closed]);
  });
});

describeSandbox('a program with a list of hosts', () => {
  // What is to be reached is on this machine.
  beforeAll(() => void (process.env['TEMPOGRAPH_HTTP_ALLOW_PRIVATE'] = '1'));
  afterAll(() => void delete process.env['TEMPOGRAPH_HTTP_ALLOW_PRIVATE']);

  let scene: Scene;
  beforeAll(async () => void (scene = await openScene()));
  afterAll(() => scene.sandboxes.close());

  it('reaches what is on it by HTTP_PROXY, and nothing else', async () => {
    const code = `
import urllib.request, urllib.error
def get(url):
  try: return urllib.request.urlopen(url, data=b'hi', timeout=30).read().decode()
  except urllib.error.HTTPError as error: return error.code
print(get('http://127.0.0.1:${webPort}/'), get('http://127.0.0.1:1/'), get('http://169.254.169.254/'), get('http://[::1]:${webPort}/'))`;
    const { stdout, stderr, refused, end } = await scene.python(code, {
      network: [`127.0.0.1:${webPort}`],
    });
    expect({ stdout, stderr }).toEqual({ stdout: 'hi 403 403 403\n', stderr: '' });
    expect(refused).toHaveLength(3);
    expect(end.enforced).toMatchObject({ network: 'proxy (tcp)' });
  });

  it('finds the proxy at a socket too', async () => {
    const { stdout } = await scene.python(
      `
s = socket.socket(socket.AF_UNIX)
s.connect(os.environ['TEMPOGRAPH_PROXY_SOCKET'])
s.sendall(b'CONNECT 127.0.0.1:${webPort} HTTP/1.1\\r\\n\\r\\n')
print(s.recv(100).decode().splitlines()[0])`,
      { network: [`127.0.0.1:${webPort}`] },
    );
    expect(stdout).toBe('HTTP/1.1 200 Connection Established\n');
  });

  it('finds it also where the folder of sandboxes has a long path', async () => {
    const root = join(folder, 'x'.repeat(120));
    await chmod(folder, 0o711);
    const long = await openScene({ root });
    const { stdout } = await long.run(
      ['sh', '-c', 'test -S "$TEMPOGRAPH_PROXY_SOCKET" && echo there'],
      {
        network: ['example.com:443'],
      },
    );
    expect(stdout).toBe('there\n');
    await long.sandboxes.close();
  });

  it('has neither without a list', async () => {
    const { stdout } = await scene.run(['sh', '-c', 'env | grep -ic proxy; ls /net 2>&1']);
    expect(stdout).toMatch(/^0\n.*No such file/);
  });

  it('keeps its neighbours out', async () => {
    const network = [`127.0.0.1:${webPort}`];
    const code = `
import urllib.request, urllib.error
try: print(urllib.request.urlopen('http://127.0.0.1:${webPort}/', data=b'hi').read().decode())
except urllib.error.HTTPError as error: print(error.code)`;
    const ran = await Promise.all([
      scene.python(code, { network }),
      scene.python(code, { network: ['example.com:80'] }),
    ]);
    expect(ran.map(({ stdout }) => stdout)).toEqual(['hi\n', '403\n']);
  });
});
