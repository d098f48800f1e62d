/** Incoming webhooks: who may send, what comes of it, and that nothing comes of it twice. */
import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { HooksSchema } from '../../src/domain/hook.js';
import { signed } from '../../src/notify/webhook.js';
import { signedBy } from '../../src/http/hook-signature.js';
import type { Change } from '../../src/http/services.js';
import { startHarness, type Harness } from '../support/engine.js';
import { startHttp, type HttpScene } from '../support/http.js';
import { until } from '../support/until.js';

const KEY = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
const GITHUB = 'a secret of some length';
const URL_NOWHERE = 'http://127.0.0.1:9/';
const HOOKS = HooksSchema.parse([
  {
    ...{ name: 'orders', secret: KEY, project: 'shop', pipeline: 'approved-call' },
    when: 'body.kind == "order"',
    params: { question: 'for ${{ body.customer.name }}?', url: URL_NOWHERE },
  },
  {
    ...{ name: 'answers', secret: KEY, project: 'shop' },
    approval: {
      ...{ execution: '${{ body.execution }}', node: 'ask', approved: 'body.yes' },
      note: 'by chat: ${{ body.who }}',
    },
  },
  {
    ...{ name: 'push', secret: GITHUB, signature: 'github', project: 'shop' },
    ...{ pipeline: 'approved-call', params: { question: 'go?', url: URL_NOWHERE } },
  },
]);
let harness: Harness;
let http: HttpScene;
const changes: (Change & { by: string })[] = [];
beforeAll(async () => {
  harness = await startHarness();
  http = await startHttp(harness, {
    ...{ hooks: HOOKS, authenticate: () => Promise.reject(new Error('no key is asked for')) },
    audit: async (by, change) => void changes.push({ by, ...change }),
  });
});
afterAll(async () => {
  await http.stop();
  await harness.stop();
});

const post = async (name: string, body: string, headers: Record<string, string>) =>
  http.call('POST', `/hooks/${name}`, body, headers);
const send = async (name: string, body: object, id: string = randomUUID(), now = Date.now()) => {
  const text = JSON.stringify(body);
  return await post(name, text, signed(KEY, id, text, now));
};
const ORDER = { kind: 'order', customer: { name: 'Ann' } };

describe('the documentation', () => {
  it('names the whole path of a hook in its text, and has it in the table of all routes', async () => {
    const text = readFileSync('docs/http.md', 'utf8');
    const [, path = ''] = /sent to `POST (\S+)<name>`/.exec(text) ?? [];
    const answer = await fetch(`${http.url}${path}orders`, { method: 'POST' });
    expect(answer.status).toBe(401);
    expect(text).toMatch(/^\| .*`POST \/hooks\/<name>`/m);
  });
});

describe('a signed delivery', () => {
  it('starts the pipeline in the project of the hook, once, however often it comes', async () => {
    const id = randomUUID();
    const first = await send('orders', ORDER, id);
    expect(first).toMatchObject({ status: 202, json: { success: true } });
    const executionId = first.json['executionId'] as string;
    expect((await send('orders', ORDER, id)).json['executionId']).toBe(executionId);
    expect((await send('orders', ORDER)).json['executionId']).not.toBe(executionId);
    expect(await harness.engine.getExecution(executionId)).toMatchObject({ project: 'shop' });
    expect(await harness.engine.graphOf(executionId)).toMatchObject({
      params: { question: 'for Ann?' },
    });
    expect(changes.filter(({ target }) => target === executionId)).toEqual([
      expect.objectContaining({ by: 'webhook:orders', what: 'hook.start' }),
    ]);
  });

  it('does nothing where the condition is not true', async () => {
    const { status, json } = await send('orders', { kind: 'ping' });
    expect([status, json['success']]).toEqual([202, false]);
    expect(json).not.toHaveProperty('executionId');
  });

  it('answers an approval of its project, and of no other', async () => {
    const graph = { name: 'asks', tasks: [{ id: 'ask', approval: { message: 'Go?' } }] };
    const start = (project: string) => harness.engine.scheduleTaskGraph(graph, { project });
    const [ours, theirs] = [await start('shop'), await start('bank')];
    const answer = (execution: string, yes: boolean) =>
      send('answers', { execution, yes, who: 'ann' });
    const waits = async (id: string): Promise<boolean> => {
      const { approval, status } = await harness.engine.handle(id).node('ask').status();
      return approval !== undefined && status === 'RUNNING';
    };
    await until(async () => (await waits(ours.executionId)) && (await waits(theirs.executionId)));
    expect((await answer(theirs.executionId, true)).status).toBe(404);
    expect((await answer(ours.executionId, true)).json).toMatchObject({ success: true });
    expect(await ours.result()).toMatchObject({ status: 'COMPLETED' });
    expect(await waits(theirs.executionId)).toBe(true);
    expect((await answer(ours.executionId, false)).json).toMatchObject({ success: false });
    expect(changes.map(({ what, target }) => [what, target])).toContainEqual([
      ...['node.approve', `${ours.executionId}/ask`],
    ]);
    expect(changes.filter(({ what }) => what === 'node.deny')).toEqual([]);
    await theirs.cancel();
  });

  it('of GitHub is taken by its signature, and is the same delivery with another id', async () => {
    const body = JSON.stringify({ ref: randomUUID() });
    const headers = (id: string) => ({
      'x-hub-signature-256': `sha256=${createHmac('sha256', GITHUB).update(body).digest('hex')}`,
      'x-github-delivery': id,
    });
    const first = await post('push', body, headers('1'));
    expect(first).toMatchObject({ status: 202, json: { success: true } });
    expect((await post('push', body, headers('2'))).json).toEqual(first.json);
  });
});

describe('a delivery is refused', () => {
  const text = JSON.stringify(ORDER);
  const other = `whsec_${Buffer.from('another key of thirty-two bytes!').toString('base64')}`;

  it.each<[string, string, string, Record<string, string>]>([
    ['without a signature', 'orders', text, {}],
    ['with that of another secret', 'orders', text, signed(other, 'a', text, Date.now())],
    ['with that of another body', 'orders', `${text} `, signed(KEY, 'a', text, Date.now())],
    ['that is six minutes old', 'orders', text, signed(KEY, 'a', text, Date.now() - 360_000)],
    ['that is of a time to come', 'orders', text, signed(KEY, 'a', text, Date.now() + 3_600_000)],
    ['for a hook that there is not', 'nope', text, signed(KEY, 'a', text, Date.now())],
    ['signed in the way of another', 'push', text, signed(KEY, 'a', text, Date.now())],
    [
      'with another id',
      'orders',
      text,
      { ...signed(KEY, 'a', text, Date.now()), 'webhook-id': 'b' },
    ],
  ])('%s', async (_what, name, body, headers) => {
    const { status, json } = await post(name, body, headers);
    expect([status, json['code']]).toEqual([401, 'UNAUTHENTICATED']);
  });

  it('that is no JSON, or lacks what the parameters are made of', async () => {
    const broken = await post('orders', '{', signed(KEY, 'c', '{', Date.now()));
    expect([broken.status, broken.json['code']]).toEqual([422, 'INPUT_INVALID']);
    const lacking = await send('orders', { kind: 'order' });
    expect([lacking.status, lacking.json['code']]).toEqual([422, 'EXPRESSION']);
  });
});

it('takes one of several signatures, while a secret changes', () => {
  const body = Buffer.from('{}');
  const now = Date.now();
  const headers = signed(KEY, 'a', '{}', now);
  headers['webhook-signature'] = `v1,AAAA v1a,x ${headers['webhook-signature']}`;
  const header = (name: string): string | undefined => headers[name];
  expect(signedBy({ secret: KEY, signature: 'standard' }, { header, body, now })).toEqual({
    id: 'a',
  });
});

it.each<[string, object, RegExp]>([
  ['a secret that is none', { secret: 'short of a secret' }, /whsec_/],
  ['nothing to do', { pipeline: undefined }, /pipeline or approval/],
  ['an expression that is none', { when: 'body.' }, /when/],
  ['a parameter that reads something else', { params: { a: '${{ tasks.a.output }}' } }, /params/],
])('refuses a hook with %s', (_what, more, message) => {
  const hook = { name: 'a', secret: KEY, project: 'p', pipeline: 'hello', ...more };
  expect(JSON.stringify(HooksSchema.safeParse([hook]).error?.issues)).toMatch(message);
});
