/** Which addresses a function may be at. Names are looked up by a resolver of the test's own. */
import dns from 'node:dns';
import { isPublicAddress } from '../../src/net/safe-http.js';
import { FaasRunner } from '../../src/runners/faas.js';
import { faasRequest, thrownBy } from '../support/faas-request.js';
import { startLoopback, type Loopback } from '../support/loopback.js';

let target: Loopback;
let requests = 0;
beforeAll(async () => {
  target = await startLoopback((_request, response) => {
    requests++;
    // Each call connects anew.
    response.setHeader('connection', 'close');
    response.end('"reached"');
  });
});
afterAll(() => target.close());
beforeEach(() => (requests = 0));

const runners: FaasRunner[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const runner of runners.splice(0)) await runner.close();
});
const call = async (url: string, allowPrivate?: () => boolean): Promise<unknown> => {
  const runner = new FaasRunner(allowPrivate ? { allowPrivate } : {});
  runners.push(runner);
  const { output } = await runner.run(faasRequest({ url }), {
    signal: new AbortController().signal,
  });
  return output;
};
const port = (): string => new URL(target.origin).port;

/** Has every name resolve to these, one list after the other, the last for ever. */
function resolveTo(...answers: string[][]): () => number {
  let asked = 0;
  jest.spyOn(dns, 'lookup').mockImplementation(((
    _name: string,
    _options: unknown,
    done: (error: null, addresses: dns.LookupAddress[]) => void,
  ) => {
    const list = answers[Math.min(asked++, answers.length - 1)] ?? [];
    const found = list.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    process.nextTick(() => done(null, found));
  }) as unknown as typeof dns.lookup);
  return () => asked;
}

describe('an address in a url', () => {
  it.each([
    ...['127.0.0.1', '127.1', '2130706433', '0x7f.1', '127.0.0.1.', '0.0.0.0', '10.0.0.8'],
    ...['172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '224.0.0.1'],
    ...['[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:a9fe:a9fe]', '[::7f00:1]', '[fe80::1]'],
    ...['[fd00:ec2::254]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[ff02::1]'],
  ])('is refused where it is not public: %s', async (host) => {
    const error = await thrownBy(call(`http://${host}:${port()}/`));
    expect(error).toMatchObject({ code: 'CONFIGURATION' });
    expect(String(error)).toMatch(/no public address.*TEMPOGRAPH_HTTP_ALLOW_PRIVATE=1/);
    expect(requests).toBe(0);
  });

  it('is reached where the worker allows it', async () => {
    expect(await call(target.origin, () => true)).toBe('reached');
    expect(await call(`http://[::ffff:127.0.0.1]:${port()}/`, () => true)).toBe('reached');
  });

  it('is reached where the environment of the worker allows it', async () => {
    process.env['TEMPOGRAPH_HTTP_ALLOW_PRIVATE'] = '1';
    try {
      expect(await call(target.origin)).toBe('reached');
    } finally {
      delete process.env['TEMPOGRAPH_HTTP_ALLOW_PRIVATE'];
    }
    expect(await thrownBy(call(target.origin))).toMatchObject({ code: 'CONFIGURATION' });
  });
});

describe('a name in a url', () => {
  it.each([
    [['127.0.0.1']],
    [['169.254.169.254']],
    [['::ffff:127.0.0.1']],
    [['8.8.8.8', '127.0.0.1']],
    [['::1']],
  ])('is refused where it resolves to %j', async (addresses) => {
    const asked = resolveTo(addresses);
    const error = await thrownBy(call(`http://function.test:${port()}/`));
    expect(error).toMatchObject({ code: 'CONFIGURATION' });
    expect(String(error)).toContain('function.test is');
    expect([asked(), requests]).toEqual([1, 0]);
  });

  it('is reached there where the worker allows it', async () => {
    resolveTo(['127.0.0.1']);
    expect(await call(`http://function.test:${port()}/`, () => true)).toBe('reached');
  });

  it('is connected to where it was looked up: one that changes its mind is not asked again', async () => {
    const asked = resolveTo(['127.0.0.1'], ['169.254.169.254']);
    expect(await call(`http://function.test:${port()}/`, () => true)).toBe('reached');
    expect(asked()).toBe(1);
  });

  it('that changes its mind between two calls is looked up again, and refused', async () => {
    const asked = resolveTo(['127.0.0.1'], ['10.0.0.1']);
    let lenient = true;
    const runner = new FaasRunner({ allowPrivate: () => lenient });
    runners.push(runner);
    const request = faasRequest({ url: `http://function.test:${port()}/` });
    const run = () => runner.run(request, { signal: new AbortController().signal });
    expect((await run()).output).toBe('reached');
    lenient = false;
    expect(await thrownBy(run())).toMatchObject({ code: 'CONFIGURATION' });
    expect([asked(), requests]).toEqual([2, 1]);
  });
});

describe('isPublicAddress', () => {
  it.each(['8.8.8.8', '::ffff:8.8.8.8', '2606:4700::1111'])('takes %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
  it.each(['nonsense', '', '::127.0.0.1', '255.255.255.255', '198.18.0.1', '192.0.2.1'])(
    'does not take %j',
    (address) => {
      expect(isPublicAddress(address)).toBe(false);
    },
  );
});
