import { EVENT_GROUPS, EVENT_NAMES, eventsNamed } from '../../src/domain/event.js';
import { isOnLevel, SinkSchema, type SinkOptions } from '../../src/domain/sink.js';

const http: SinkOptions = { name: 'h', url: 'https://x.test' };
const chat = { name: 'c', kind: 'chat', format: 'slack', url: 'https://x.test' };
const email = {
  ...{ name: 'e', kind: 'email', url: 'smtp://u:p@mail.test:587' },
  ...{ from: 'Ops <ops@x.test>', to: ['a@x.test'] },
};
const FOR_PEOPLE = ['failed', 'timedOut', 'rejected', 'approvalRequested', 'deadlineRisk'];

describe('SinkSchema', () => {
  it('takes a sink without a kind as one by HTTP, of all events', () => {
    expect(SinkSchema.parse(http)).toMatchObject({ kind: 'http', format: 'json', level: 'all' });
    expect(SinkSchema.parse(http)).not.toHaveProperty('events');
  });

  it.each([[chat], [email]])('tells people of failures, approvals and deadlines (%j)', (sink) => {
    expect(SinkSchema.parse(sink)).toMatchObject({ events: FOR_PEOPLE, level: 'execution' });
  });

  it('takes words for several events, each once', () => {
    const { events } = SinkSchema.parse({ ...http, events: ['failures', 'failed', 'started'] });
    expect(events).toEqual(['failed', 'timedOut', 'rejected', 'started']);
  });

  it.each([
    [{ ...chat, format: 'irc' }, /format/],
    [{ ...chat, secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAA' }, /secret/],
    [{ ...chat, url: 'smtp://x.test' }, /http or https/],
    [{ ...http, kind: 'sms' }, /kind/],
    [{ ...email, url: 'https://x.test' }, /smtp/],
    [{ ...email, url: 'smtp://u@mail.test' }, /user and a password/],
    [{ ...email, url: 'smtp://u:%zz@mail.test' }, /user and a password/],
    [{ ...email, url: 'smtp://mail.test/?pool=true' }, /user and a password/],
    [{ ...email, from: 'ops' }, /address such as/],
    [{ ...email, from: 'Ops\r\nBcc: b@x.test <a@x.test>' }, /address such as/],
    [{ ...email, to: [] }, /to/],
    [{ ...email, to: ['a@x.test, b@x.test'] }, /address such as/],
    [{ ...email, subject: 'a\nBcc: b@x.test' }, /one line/],
    [{ ...email, subject: '{titel}' }, /did you mean "title"/],
    [{ ...email, headers: { a: 'b' } }, /headers/],
  ])('refuses %j', (sink, message) => {
    const { success, error } = SinkSchema.safeParse(sink);
    expect(success).toBe(false);
    const [issue] = error?.issues ?? [];
    expect(`${issue?.path.join('.')} ${issue?.message}`).toMatch(message);
    expect(JSON.stringify(error?.issues)).not.toContain('u:p@');
  });
});

describe('isOnLevel', () => {
  const kinds = ['graph', 'task', 'item', 'node'] as const;
  it.each([
    ['all', 'failed', [true, true, true, true]],
    ['execution', 'failed', [true, true, true, false]],
    ['execution', 'approvalRequested', [true, true, true, true]],
    ['node', 'failed', [false, false, false, true]],
  ] as const)('%s, %s', (level, event, expected) => {
    expect(kinds.map((kind) => isOnLevel(level, { event, kind }))).toEqual(expected);
  });
});

describe('eventsNamed', () => {
  it('knows a word for nothing that is no event, and no event by the name of a word', () => {
    for (const [word, events] of Object.entries(EVENT_GROUPS)) {
      expect(EVENT_NAMES).not.toContain(word);
      expect(EVENT_NAMES).toEqual(expect.arrayContaining([...events]));
    }
    expect(eventsNamed([...EVENT_NAMES, 'ends', 'approvals'])).toEqual([...EVENT_NAMES]);
  });
});
