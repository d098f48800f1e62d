/** What of a function is known before it is called. It never is. */
import dns from 'node:dns';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FaasSpec } from '../../src/domain/program.js';
import type { ProgramFinding } from '../../src/domain/program-looks.js';
import { limitsOf } from '../../src/domain/program.js';
import { FaasRunner } from '../../src/runners/faas.js';
import { LookUps } from '../../src/runners/look-ups.js';

let runner: FaasRunner;
let lambda: Server;
let asked: string[];
/** What the service says: a status with the error's type, or nothing for ever. */
let says: { status: number; type?: string } | 'nothing';
const AWS = {
  ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'eu-central-1' },
  ...{ AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/nowhere' },
  AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
};

beforeAll(async () => {
  Object.assign(process.env, AWS);
  lambda = createServer(({ method, url }, response) => {
    asked.push(`${method} ${url}`);
    if (says === 'nothing') return;
    const { status, type } = says;
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(type === undefined ? {} : { 'x-amzn-errortype': type }),
    });
    response.end(JSON.stringify(type === undefined ? { FunctionName: 'f' } : { message: type }));
  });
  await new Promise<void>((up) => lambda.listen(0, '127.0.0.1', up));
  const { port } = lambda.address() as AddressInfo;
  runner = new FaasRunner({
    allowPrivate: () => false,
    lambdaEndpoint: `http://127.0.0.1:${port}`,
  });
});
afterAll(async () => {
  await runner.close();
  lambda.closeAllConnections();
  lambda.close();
  for (const name of Object.keys(AWS)) delete process.env[name];
});
beforeEach(() => void (asked = []));
afterEach(() => jest.restoreAllMocks());

const look = async (faas: FaasSpec, looks = new LookUps()): Promise<ProgramFinding> => {
  const [found] = await runner.lookUp(
    {
      program: { kind: 'faas', faas },
      ...{ runner: 'faas', level: 'LOW', limits: limitsOf(), permissions: [], late: [] },
    },
    looks,
  );
  if (!found) throw new Error('nothing was looked up');
  return found;
};
const resolving = (
  error: NodeJS.ErrnoException | null,
  address = '93.184.216.34',
): jest.SpyInstance =>
  jest
    .spyOn(dns, 'lookup')
    .mockImplementation(((
      _name: string,
      _options: unknown,
      done: (error: Error | null, found: dns.LookupAddress[]) => void,
    ) => process.nextTick(() => done(error, [{ address, family: 4 }]))) as never);
const failing = (code: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`getaddrinfo ${code} f.example`), { code });

describe('the address of a function', () => {
  it('is found where its host resolves to one that may be reached, asked once for all', async () => {
    const lookup = resolving(null);
    const looks = new LookUps();
    const paths = ['a', 'b', 'a'];
    const found = await Promise.all(
      paths.map((path) => look({ url: `https://f.example/${path}?key=k` }, looks)),
    );
    expect(found[0]).toEqual({ at: ['faas', 'url'], state: 'found', message: 'host f.example' });
    expect(lookup).toHaveBeenCalledTimes(1);
  });

  it.each<[string, () => void, string]>([
    ['http://169.254.169.254/x', () => undefined, 'no public address'],
    ['https://f.example/x', () => void resolving(null, '10.0.0.1'), 'no public address'],
    ['https://f.example/x', () => void resolving(failing('ENOTFOUND')), 'no host of that name'],
    ['https://ann:pw@f.example/x', () => void resolving(null), 'secretHeaders'],
  ])('is refused: %s', async (url, given, says) => {
    given();
    const { state, message } = await look({ url });
    expect({ state, message }).toEqual({
      state: 'refused',
      message: expect.stringContaining(says) as string,
    });
    expect(message).not.toContain('pw');
  });

  it('is not known where the resolver cannot say, or never does', async () => {
    resolving(failing('EAI_AGAIN'));
    expect(await look({ url: 'https://f.example/x' })).toMatchObject({ state: 'unknown' });
    jest.spyOn(dns, 'lookup').mockImplementation(() => undefined);
    const found = await look({ url: 'https://f.example/x' }, new LookUps({ deadlineMs: 30 }));
    expect(found).toMatchObject({
      state: 'unknown',
      message: 'host https://f.example: no answer within 30 ms',
    });
  });
});

describe('a function of Lambda', () => {
  it('is found by its configuration, and not invoked', async () => {
    says = { status: 200 };
    expect(await look({ function: 'orders', qualifier: 'live' })).toEqual({
      ...{ at: ['faas', 'function'], state: 'found', message: 'function orders:live' },
    });
    expect(asked).toEqual(['GET /2015-03-31/functions/orders/configuration?Qualifier=live']);
  });

  it.each<[string, 'refused' | 'unknown']>([
    ['ResourceNotFoundException', 'refused'],
    ['UnrecognizedClientException', 'refused'],
    ['AccessDeniedException', 'unknown'], // of this question; to invoke is another permission
    ['TooManyRequestsException', 'unknown'],
  ])('that the service answers with %s is %s', async (type, state) => {
    says = { status: type === 'ResourceNotFoundException' ? 404 : 403, type };
    expect(await look({ function: 'orders' })).toMatchObject({ state });
  });

  it('is not known where the service never answers', async () => {
    says = 'nothing';
    const found = await look({ function: 'orders' }, new LookUps({ deadlineMs: 200 }));
    expect(found).toMatchObject({
      state: 'unknown',
      message: 'function orders: no answer within 200 ms',
    });
  });

  it('is refused in a region that is none', async () => {
    expect(await look({ function: 'orders', region: 'evil.example' })).toMatchObject({
      ...{ state: 'refused', message: expect.stringContaining('no region of AWS') as string },
    });
    expect(asked).toEqual([]);
  });
});
