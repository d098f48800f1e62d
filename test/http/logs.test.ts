/** What tasks logged and kept, over HTTP. */
import { defineTask } from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';
import { readStream, startHttp, type HttpScene } from '../support/http.js';

let harness: Harness;
let http: HttpScene;
let id: string;
const talks = defineTask({
  name: 'talks',
  run: async (_input, { log, artifact }) => {
    log.info('first', { n: 1 });
    log.warn('second');
    log.error('third');
    await artifact('pages/łódź 1.html', { text: '<script>0123456789</script>' });
    await artifact('empty.txt', { text: '' });
  },
});
beforeAll(async () => {
  harness = await startHarness({ tasks: [talks] });
  http = await startHttp(harness);
  const graph = { name: 'said', tasks: [{ id: 'a', task: 'talks' }] };
  const handle = await harness.engine.scheduleTaskGraph(graph);
  await handle.result();
  id = handle.executionId;
  // The worker writes lines behind the work: the stream ends when all are there.
  await readStream(`${http.url}/api/v1${at('/logs/follow')}`);
});
afterAll(async () => {
  await http.stop();
  await harness.stop();
});

const at = (rest: string): string => `/executions/${encodeURIComponent(id)}${rest}`;

describe('logs', () => {
  const texts = (json: Record<string, unknown>): string[] =>
    (json['lines'] as { text: string }[]).map(({ text }) => text);

  it('gives a page, filters it, and says where to go on', async () => {
    const { json } = await http.call('GET', at('/logs?limit=2'));
    expect(texts(json)).toEqual(['first', 'second']);
    expect(json).toMatchObject({
      ...{ more: true, lines: [{ nodeId: 'a', level: 'info', attempt: 1, fields: { n: 1 } }, {}] },
    });
    const rest = await http.call('GET', at(`/logs?after=${String(json['next'])}`));
    expect(texts(rest.json)).toEqual(['third']);
    expect(texts((await http.call('GET', at('/logs?newest=true&limit=1'))).json)).toEqual([
      'third',
    ]);
    expect(texts((await http.call('GET', at('/logs?level=warn&node=a'))).json)).toEqual([
      'second',
      'third',
    ]);
  });

  it('refuses a filter that is none', async () => {
    const { status, json } = await http.call('GET', at('/logs?level=loud'));
    expect(status).toBe(400);
    expect(json['detail']).toMatch(/query\.level/);
  });

  it('follows to the end, and after Last-Event-ID gives only what came later', async () => {
    const url = `${http.url}/api/v1${at('/logs/follow')}`;
    const all = await readStream(url);
    expect(all.map(({ event, data }) => [event, data['text']])).toEqual([
      ['line', 'first'],
      ['line', 'second'],
      ['line', 'third'],
    ]);
    const later = await readStream(url, undefined, { 'last-event-id': all[1]?.id ?? '' });
    expect(later.map(({ data }) => data['text'])).toEqual(['third']);
  });

  it('answers 404 before a stream begins of what there is not', async () => {
    const { status } = await http.call('GET', '/executions/nope/logs/follow');
    expect(status).toBe(404);
  });
});

describe('artifacts', () => {
  const path = (name: string): string =>
    `${http.url}/api/v1${at(`/nodes/a/artifacts/${encodeURIComponent(name)}`)}`;
  const get = async (name: string, headers: Record<string, string> = {}) => {
    const response = await fetch(path(name), { headers });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const HTML = 'pages/łódź 1.html';

  it('are listed', async () => {
    const { json } = await http.call('GET', at('/artifacts'));
    expect(json['artifacts']).toEqual([
      expect.objectContaining({ nodeId: 'a', name: HTML, bytes: 27, contentType: 'text/html' }),
      expect.objectContaining({ name: 'empty.txt', bytes: 0 }),
    ]);
  });

  it('come as downloads that no browser opens as a page of ours', async () => {
    const { status, headers, text } = await get(HTML);
    expect([status, text]).toEqual([200, '<script>0123456789</script>']);
    expect(headers.get('content-disposition')).toBe(
      `attachment; filename="?ód? 1.html"; filename*=UTF-8''%C5%82%C3%B3d%C5%BA%201.html`,
    );
    expect(headers.get('content-type')).toContain('text/html');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
  });

  it.each([
    ['bytes=8-17', 206, '0123456789', 'bytes 8-17/27'],
    ['bytes=-9', 206, '</script>', 'bytes 18-26/27'],
    ['bytes=18-', 206, '</script>', 'bytes 18-26/27'],
    ['bytes=18-900', 206, '</script>', 'bytes 18-26/27'],
    ['bytes=0-1,5-6', 200, '<script>0123456789</script>', null],
    ['lines=1-2', 200, '<script>0123456789</script>', null],
  ])('give the part that Range %s asks for, with %i', async (range, status, text, part) => {
    const answer = await get(HTML, { range });
    expect(answer).toMatchObject({ status, text });
    expect(answer.headers.get('content-range')).toBe(part);
    expect(answer.headers.get('content-length')).toBe(String(text.length));
  });

  it('answer 416 to a part that is not there', async () => {
    const { status, headers, text } = await get(HTML, { range: 'bytes=27-' });
    expect([status, headers.get('content-range')]).toEqual([416, 'bytes */27']);
    expect(JSON.parse(text)).toMatchObject({ code: 'RANGE_NOT_SATISFIABLE' });
    expect((await get('empty.txt', { range: 'bytes=0-' })).status).toBe(416);
    expect(await get('empty.txt')).toMatchObject({ status: 200, text: '' });
  });

  it('give a part only of the version that If-Range names, and nothing where it is known', async () => {
    const etag = (await get(HTML)).headers.get('etag') ?? '';
    const range = 'bytes=0-7';
    expect((await get(HTML, { range, 'if-range': etag })).status).toBe(206);
    expect((await get(HTML, { range, 'if-range': '"another"' })).status).toBe(200);
    expect(await get(HTML, { 'if-none-match': etag })).toMatchObject({ status: 304, text: '' });
  });

  it('name those that there are to whoever asks for another', async () => {
    const { status, text } = await get('pages/uber.html');
    expect(status).toBe(404);
    expect(text).toContain('has no artifact');
  });
});

it('answers 304 to whoever has what is asked for, and leaves streams alone', async () => {
  const first = await http.call('GET', at('/graph'));
  const etag = first.headers.get('etag') ?? '';
  expect(etag).toMatch(/^W\/"/);
  const again = await fetch(`${http.url}/api/v1${at('/graph')}`, {
    headers: { 'if-none-match': etag },
  });
  expect([again.status, await again.text()]).toEqual([304, '']);
  const stream = await fetch(`${http.url}/api/v1${at('/logs/follow')}`);
  expect(stream.headers.get('etag')).toBeNull();
  await stream.body?.cancel();
  const posted = await http.call('POST', at('/cancel'), {}, { 'if-none-match': etag });
  expect([posted.status, posted.headers.get('etag')]).toEqual([200, null]);
});
