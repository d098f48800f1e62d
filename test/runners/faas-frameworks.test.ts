/** Functions as people deploy them: behind the functions frameworks of Node and Python, in processes of their own. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FaasSpec } from '../../src/domain/program.js';
import { FaasRunner } from '../../src/runners/faas.js';
import { StoppedError, type RunOutcome } from '../../src/runners/runner.js';
import { faasRequest, thrownBy, type RequestParts } from '../support/faas-request.js';
import { startFunction, type FunctionProcess } from '../support/function-process.js';
import { until } from '../support/until.js';

const root = join(__dirname, '..', '..');
const fixtures = join(root, 'test', 'fixtures', 'faas');
const python = process.env['TEMPOGRAPH_TEST_FAAS_PYTHON'];
const folder = mkdtempSync(join(tmpdir(), 'tempograph-faas-'));
const events = join(folder, 'events');
const idle = new AbortController().signal;
type Signature = 'http' | 'cloudevent';

const framework = join(root, 'node_modules', '@google-cloud', 'functions-framework');
const START = {
  node: (target: string, signature: Signature) =>
    startFunction(
      (port) =>
        [
          ...[process.execPath, join(framework, 'build', 'src', 'main.js')],
          ...[`--target=${target}`, `--signature-type=${signature}`, `--port=${port}`],
        ] as [string, ...string[]],
      { cwd: join(fixtures, 'node'), env: { EVENTS: events } },
    ),
  python: (target: string, signature: Signature) =>
    startFunction(
      (port) =>
        [
          ...[String(python), '-m', 'functions_framework', '--source=main.py', '--host=127.0.0.1'],
          ...[`--target=${target}`, `--signature-type=${signature}`, `--port=${port}`],
        ] as [string, ...string[]],
      {
        cwd: join(fixtures, 'python'),
        env: { EVENTS: events, PYTHONDONTWRITEBYTECODE: '1' },
      },
    ),
};
const lines = (): string[] =>
  existsSync(events) ? readFileSync(events, 'utf8').split('\n').filter(Boolean) : [];

afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => rmSync(events, { force: true }));

describe.each(['node', 'python'] as const)('a function in %s', (language) => {
  const here = language === 'node' || python ? describe : describe.skip;
  here('behind its functions framework', () => {
    let http: FunctionProcess;
    let event: FunctionProcess;
    const runner = new FaasRunner({ allowPrivate: () => true });
    beforeAll(async () => {
      [http, event] = await Promise.all([
        START[language]('work', 'http'),
        START[language]('take', 'cloudevent'),
      ]);
    });
    afterAll(async () => {
      await runner.close();
      await Promise.all([http, event].map((one) => one.stop()));
    });

    const call = (faas: FaasSpec, parts: RequestParts = {}, signal = idle): Promise<RunOutcome> =>
      runner.run(faasRequest(faas, parts), { signal });

    it('gets its input and gives its output', async () => {
      const input = { text: 'žluť 👩‍👩‍👧', n: [1.5] };
      const { output, metrics } = await call({ url: http.origin }, { input });
      expect(output).toMatchObject({ got: input, key: 'order-7/charge' });
      expect(metrics.environmentId).toBe(http.origin);
    });

    it('may give nothing', async () => {
      expect((await call({ url: http.origin }, { input: { do: 'nothing' } })).output).toBeNull();
    });

    it('fails as it says', async () => {
      const error = await thrownBy(call({ url: http.origin }, { input: { do: 'fail' } }));
      expect(error).toMatchObject({ code: 'NO_STOCK', message: 'no stock', retriable: false });
    });

    it('fails with its status where it says nothing', async () => {
      const error = await thrownBy(call({ url: http.origin }, { input: { do: 'throw' } }));
      expect(error).toMatchObject({ code: 'HTTP_500', retriable: true });
    });

    it('takes a CloudEvent', async () => {
      const faas = { url: event.origin, protocol: 'cloudevents' as const, type: 'shop.paid' };
      const { output } = await call(faas, { input: { rows: ['ž'] } });
      expect(output).toBeNull();
      const [seen = ''] = lines();
      expect(JSON.parse(seen)).toMatchObject({
        ...{ id: 'order-7/charge', subject: 'order-7/charge', type: 'shop.paid' },
        data: { rows: ['ž'] },
      });
    });

    it('may refuse a CloudEvent', async () => {
      const faas = { url: event.origin, protocol: 'cloudevents' as const };
      expect(await thrownBy(call(faas, { input: { do: 'throw' } }))).toMatchObject({
        code: 'HTTP_500',
      });
    });
  });
});

describe('a call that is given up', () => {
  it('is seen by the function, which may go on', async () => {
    const target = await START.node('work', 'http');
    const runner = new FaasRunner({ allowPrivate: () => true });
    const stop = new AbortController();
    const request = faasRequest({ url: target.origin }, { input: { do: 'wait' } });
    const run = thrownBy(runner.run(request, { signal: stop.signal }));
    await until(() => lines().includes('waiting'), 'the beginning of the function');
    stop.abort();
    expect(await run).toBeInstanceOf(StoppedError);
    await until(() => lines().includes('left'), 'the end of the connection');
    await runner.close();
    await target.stop();
  });

  it('is lost where the function is killed: worth a retry', async () => {
    const target = await START.node('work', 'http');
    const runner = new FaasRunner({ allowPrivate: () => true });
    const request = faasRequest({ url: target.origin }, { input: { do: 'wait' } });
    const run = thrownBy(runner.run(request, { signal: idle }));
    await until(() => lines().includes('waiting'), 'the beginning of the function');
    await target.stop();
    expect(await run).toMatchObject({ code: 'ECONNRESET', retriable: true });
    await runner.close();
  });
});
