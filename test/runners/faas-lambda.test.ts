/**
 * AWS's own SDK against the Invoke API, in front of AWS's own runtime for Python; and the answers of the service that
 * need no runtime.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRetriable } from '../../src/domain/classify.js';
import type { FaasSpec } from '../../src/domain/program.js';
import { FaasRunner } from '../../src/runners/faas.js';
import { LambdaFunctions } from '../../src/runners/faas-lambda.js';
import { sdkError } from '../../src/runners/faas-lambda-errors.js';
import { StoppedError, type RunOutcome } from '../../src/runners/runner.js';
import { DEADLINE, faasRequest, thrownBy, type RequestParts } from '../support/faas-request.js';
import { LambdaEmulator, type ServiceError } from '../support/lambda-runtime.js';
import { until } from '../support/until.js';

const python = process.env['TEMPOGRAPH_TEST_FAAS_PYTHON'];
const folder = mkdtempSync(join(tmpdir(), 'tempograph-lambda-'));
const events = join(folder, 'events');
const idle = new AbortController().signal;
const ARN = 'arn:aws:lambda:eu-west-1:123456789012:function:orders';

/** A worker's environment, and nothing of the machine's own. */
const AWS = {
  ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'eu-central-1' },
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: join(folder, 'none'),
  AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
};

let lambda: LambdaEmulator;
let runner: FaasRunner;

beforeAll(async () => {
  Object.assign(process.env, AWS);
  lambda = await LambdaEmulator.start({
    name: 'orders',
    command: [python ?? 'python3', '-m', 'awslambdaric', 'main.handler'],
    cwd: join(__dirname, '..', 'fixtures', 'faas', 'python'),
    env: { EVENTS: events, PYTHONDONTWRITEBYTECODE: '1' },
  });
  runner = new FaasRunner({ lambdaEndpoint: lambda.endpoint });
});
afterAll(async () => {
  await runner.close();
  await lambda.stop();
  rmSync(folder, { recursive: true, force: true });
  for (const name of Object.keys(AWS)) delete process.env[name];
});
beforeEach(() => void lambda.asked.splice(0));

const call = (
  faas: Partial<FaasSpec> = {},
  parts: RequestParts = {},
  options: { signal?: AbortSignal; onOutput?: (stream: string, text: string) => void } = {},
): Promise<RunOutcome> =>
  runner.run(faasRequest({ function: 'orders', ...faas }, parts), { signal: idle, ...options });
const worthRetry = (error: unknown) =>
  isRetriable(error, { neverRetryOn: [], unknownErrors: 'fail' });

(python ? describe : describe.skip)('a function of Lambda', () => {
  it('gets its input and what the call is about, and gives its output', async () => {
    const { output, metrics } = await call({}, { input: { text: 'žluť 👩‍👩‍👧' } });
    expect(output).toEqual({
      got: { text: 'žluť 👩‍👩‍👧' },
      custom: {
        ...{ 'idempotency-key': 'order-7/charge', 'tempograph-attempt': '2' },
        ...{ 'tempograph-task-id': 'order-7/charge', 'tempograph-workflow-id': 'order-7' },
        'tempograph-deadline': DEADLINE.toISOString(),
      },
      ...{ left: true, python: 3 },
    });
    expect(metrics.environmentId).toBe('orders:7');
  });

  it('tells what it said', async () => {
    const said: string[] = [];
    await call({}, {}, { onOutput: (stream, text) => void said.push(stream, text) });
    expect(said).toEqual(['stderr', expect.stringContaining('said žluť')]);
  });

  it('fails with its type, message and stack', async () => {
    const error = await thrownBy(call({}, { input: { do: 'fail' } }));
    expect(error).toMatchObject({ code: 'ValueError', message: 'negative: ž' });
    expect((error as Error).stack).toMatch(/^ValueError: negative: ž\n.*main\.py", line \d+/);
    expect((error as { retriable?: boolean }).retriable).toBeUndefined(); // its policy's to say
  });

  it('fails where its process ends, and runs again', async () => {
    expect(await thrownBy(call({}, { input: { do: 'exit' } }))).toMatchObject({
      code: 'Runtime.ExitError',
    });
    expect((await call({}, { input: 1 })).output).toMatchObject({ got: 1 });
  });

  it('fails where what it gives is no JSON', async () => {
    expect(await thrownBy(call({}, { input: { do: 'set' } }))).toMatchObject({
      code: 'Runtime.MarshalError',
    });
  });

  it('gives 5 MB, where it may', async () => {
    const input = { do: 'big', length: 5_000_000 };
    expect((await call({}, { input })).output).toHaveLength(5_000_000);
    expect(await thrownBy(call({}, { input, maxOutputBytes: 1_000 }))).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      details: { resource: 'output' },
    });
  });

  it('goes on where its call is given up, as the error says', async () => {
    const stop = new AbortController();
    const run = thrownBy(call({}, { input: { do: 'wait' } }, { signal: stop.signal }));
    await until(() => existsSync(events), 'the beginning of the function');
    stop.abort();
    const error = await run;
    expect(error).toBeInstanceOf(StoppedError);
    expect(String(error)).toContain('the function may go on');
    writeFileSync(`${events}.go`, '');
    await until(() => readFileSync(events, 'utf8').includes('went on'), 'its end');
  });
});

describe('a call', () => {
  const refuse = (error: ServiceError): void => void lambda.errors.push(error);

  it('names the version, asks in the region of the ARN, and is made once', async () => {
    refuse({ type: 'ServiceException', status: 500 });
    await thrownBy(call({ function: ARN, qualifier: 'live' }));
    expect(lambda.asked).toHaveLength(1);
    const [asked] = lambda.asked;
    expect(asked?.query.get('Qualifier')).toBe('live');
    expect(asked?.headers['x-amz-invocation-type']).toBe('RequestResponse');
    expect(asked?.headers['authorization']).toContain('/eu-west-1/lambda/');
  });

  it.each<[string, number, Record<string, string>, object]>([
    ['TooManyRequestsException', 429, { 'retry-after': '3' }, { retryAfterMs: 3_000 }],
    ['ServiceException', 500, {}, {}],
    ['EC2ThrottledException', 502, {}, {}],
    ['ResourceConflictException', 409, {}, {}],
    ['SomethingNew', 503, {}, {}],
  ])('is worth a retry after %s', async (type, status, headers, expected) => {
    refuse({ type, status, headers });
    const error = await thrownBy(call());
    expect(error).toMatchObject({ code: type, retriable: true, ...expected });
    expect(worthRetry(error)).toBe(true);
  });

  it.each<[string, number, string]>([
    ['AccessDeniedException', 403, 'CONFIGURATION'],
    ['UnrecognizedClientException', 403, 'CONFIGURATION'],
    ['InvalidParameterValueException', 400, 'CONFIGURATION'],
    ['RequestTooLargeException', 413, 'TOO_LARGE'],
    ['RecursiveInvocationException', 400, 'RecursiveInvocationException'],
  ])('is final after %s', async (type, status, code) => {
    refuse({ type, status });
    const error = await thrownBy(call());
    expect(error).toMatchObject({ code, retriable: false });
    expect(String(error)).toContain('orders');
  });

  it('waits for credentials that have expired', async () => {
    refuse({ type: 'ExpiredTokenException', status: 403 });
    expect(await thrownBy(call())).toMatchObject({ code: 'ENVIRONMENT', retriable: true });
  });

  it('finds no function of that name', async () => {
    const error = await thrownBy(call({ function: 'missing' }));
    expect(error).toMatchObject({ code: 'CONFIGURATION' });
    expect(String(error)).toContain('there is no such function');
  });

  it('refuses a region that is no name', async () => {
    for (const region of ['evil.example/x', 'a@b', 'eu-central-1#', '-'])
      expect(await thrownBy(call({ region }))).toMatchObject({ code: 'CONFIGURATION' });
    expect(lambda.asked).toEqual([]);
  });

  it('keeps its key where the ids are too long for Lambda, and refuses a key that is', async () => {
    refuse({ type: 'ServiceException', status: 500 });
    await thrownBy(call({}, { context: { graphId: 'g'.repeat(3_000) } }));
    const sent = String(lambda.asked[0]?.headers['x-amz-client-context']);
    const { custom } = JSON.parse(Buffer.from(sent, 'base64').toString()) as { custom: object };
    expect(Object.keys(custom).sort()).toEqual([
      ...['idempotency-key', 'tempograph-attempt', 'tempograph-deadline'],
    ]);
    const idempotencyKey = 'k'.repeat(3_000);
    expect(await thrownBy(call({}, { context: { idempotencyKey } }))).toMatchObject({
      code: 'TOO_LARGE',
    });
  });

  it.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE'])('is worth a retry after %s', (code) => {
    // As the SDK throws it; within jest it does not know Node's errors for errors, and wraps them.
    const thrown = Object.assign(new Error(`connect ${code}`), {
      code,
      $metadata: { attempts: 1 },
    });
    expect(sdkError(thrown, 'faas: the function orders')).toMatchObject({ code, retriable: true });
  });

  it('asks where AWS_ENDPOINT_URL_LAMBDA says', async () => {
    process.env['AWS_ENDPOINT_URL_LAMBDA'] = lambda.endpoint;
    const own = new FaasRunner();
    refuse({ type: 'ServiceException', status: 500 });
    await thrownBy(own.run(faasRequest({ function: 'orders' }), { signal: idle }));
    expect(lambda.asked).toHaveLength(1);
    await own.close();
    delete process.env['AWS_ENDPOINT_URL_LAMBDA'];
  });

  it('without a region is a matter of configuration', async () => {
    delete process.env['AWS_REGION'];
    const own = new FaasRunner({ lambdaEndpoint: lambda.endpoint });
    const error = await thrownBy(own.run(faasRequest({ function: 'orders' }), { signal: idle }));
    expect(error).toMatchObject({ code: 'CONFIGURATION' });
    expect(String(error)).toContain('AWS_REGION');
    await own.close();
    Object.assign(process.env, AWS);
  });

  it('says what to install where the SDK is missing', async () => {
    const missing = Object.assign(new Error('Cannot find package'), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    const functions = new LambdaFunctions(undefined, () => Promise.reject(missing));
    const faas = { function: 'orders' };
    const error = await thrownBy(functions.call({ ...faasRequest(faas), faas }, { signal: idle }));
    expect(error).toMatchObject({ code: 'CONFIGURATION' });
    expect(String(error)).toContain('npm install @aws-sdk/client-lambda');
  });
});
