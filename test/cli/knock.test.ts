import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { knock } from '../../src/cli/session.js';

describe('knock', () => {
  let server: Server;
  let address: string;
  beforeAll(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
  });

  it('finds open where something listens', async () => {
    expect(await knock(address)).toBe('open');
  });

  it.each(['127.0.0.1:1', 'localhost:1'])('is refused at %s, where nothing listens', async (at) => {
    expect(await knock(at)).toBe('refused');
  });

  it.each(['nobody.invalid:7233', 'dns:///nobody.invalid:7233', 'a b:1', '127.0.0.1:99999'])(
    'knows nothing of %j, which is no machine',
    async (at) => {
      expect(await knock(at)).toBe('silent');
    },
  );
});
