/** Calls as CloudEvents, read by the package's own receiver. */
import { CloudEvent, HTTP } from 'cloudevents';
import type { Json } from '../../src/domain/json.js';
import type { FaasSpec } from '../../src/domain/program.js';
import { thrownBy, type RequestParts } from '../support/faas-request.js';
import { FaasTarget, says, type Received } from '../support/faas-target.js';

interface AnswerParts {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}

let target: FaasTarget;
beforeAll(async () => void (target = await FaasTarget.start()));
afterAll(() => target.stop());
beforeEach(() => target.reset());

const call = async (faas: Partial<FaasSpec> = {}, parts: RequestParts = {}): Promise<unknown> =>
  (await target.call({ protocol: 'cloudevents', ...faas }, parts)).output;

describe('an event', () => {
  it.each<[string, Json]>([
    ['an object', { rows: [1, 'ž'] }],
    ['a text', 'a text'],
    ['null', null],
    ['a list', [1]],
  ])('has the input as its data, and the idempotency key as its id: %s', async (_name, input) => {
    await call({}, { input });
    const [{ headers, body }] = target.received as [Received];
    expect(JSON.parse(body)).toEqual(input);
    expect(headers).toMatchObject({
      ...{ 'ce-specversion': '1.0', 'ce-id': 'order-7/charge', 'ce-source': '/tempograph' },
      ...{ 'ce-type': 'tempograph.task.invoked', 'ce-subject': 'order-7/charge' },
      ...{ 'content-type': 'application/json', 'idempotency-key': 'order-7/charge' },
    });
    expect(HTTP.isEvent({ headers, body })).toBe(true);
  });

  it('has the type that is given, and an id of any characters', async () => {
    await call({ type: 'shop.paid' }, { context: { idempotencyKey: 'žluť 7%' } });
    expect(target.received[0]?.headers).toMatchObject({
      ...{ 'ce-type': 'shop.paid', 'ce-id': '%C5%BElu%C5%A5%207%25' },
    });
  });
});

describe('an answer', () => {
  const event = new CloudEvent({ source: '/f', type: 't', data: { done: 'ž' } });
  const structured = HTTP.structured(event) as { headers: Record<string, string>; body: string };
  const binary = HTTP.binary(event) as { headers: Record<string, string>; body: string };
  const text = { 'content-type': 'text/html; charset=utf-8' };
  const json = { 'content-type': 'application/cloudevents+json' };

  it.each<[string, AnswerParts, Json]>([
    ['nothing', { status: 204 }, null],
    ['plain JSON', { body: '{"done": 1}' }, { done: 1 }],
    ['a text that only says it has arrived', { headers: text, body: 'OK' }, null],
    ['an event, structured', structured, { done: 'ž' }],
    ['an event, binary', binary, { done: 'ž' }],
    ['an event without data', { headers: json, body: '{"specversion":"1.0","id":"1"}' }, null],
    [
      'an event with its data in base64',
      { headers: json, body: `{"specversion":"1.0","data_base64":"${btoa('[1]')}"}` },
      [1],
    ],
  ])('may be %s', async (_name, { status = 200, body = '', headers }, output) => {
    target.answer = says(status, body, headers);
    expect(await call()).toEqual(output);
  });

  it.each<[string, AnswerParts]>([
    ['a text without a type', { body: 'done' }],
    ['no JSON although it says so', { headers: { 'content-type': 'application/json' }, body: 'x' }],
    ['an event with a text', { headers: { ...text, 'ce-specversion': '1.0' }, body: 'done' }],
    ['a batch', { headers: { 'content-type': 'application/cloudevents-batch+json' }, body: '[]' }],
    ['no event although it says so', { headers: json, body: '{"data": 1}' }],
    ['data that is no JSON', { headers: json, body: '{"specversion":"1.0","data_base64":"eA=="}' }],
  ])('is refused where it is %s', async (_name, { body, headers }) => {
    target.answer = says(200, body ?? '', headers);
    expect(await thrownBy(call())).toMatchObject({ code: 'OUTPUT_INVALID' });
  });

  it('that fails is an error as of any function', async () => {
    target.answer = says(503, '', { 'retry-after': '2' });
    expect(await thrownBy(call())).toMatchObject({ code: 'HTTP_503', retryAfterMs: 2_000 });
  });
});
