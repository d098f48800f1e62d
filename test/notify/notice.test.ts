import { CHAT_FORMATS } from '../../src/domain/sink.js';
import { chatBody } from '../../src/notify/chat.js';
import { mailOf } from '../../src/notify/mail.js';
import { noticeOf } from '../../src/notify/notice.js';
import { SinkSchema, type EmailSink } from '../../src/domain/sink.js';
import { failure, HOSTILE } from '../support/events.js';

const FACTS = { publicUrl: 'https://t.example.com', failedNodes: ['load', 'check'] };
const sink = (more: object = {}): EmailSink =>
  SinkSchema.parse({
    ...{ name: 'mail', kind: 'email', url: 'smtp://mail.test' },
    ...{ from: 'Tempograph <t@example.com>', to: ['ops@example.com'] },
    ...more,
  }) as EmailSink;

describe('noticeOf', () => {
  it('names execution, status, error, failed nodes, time, command and page', () => {
    expect(noticeOf(failure(), FACTS)).toEqual({
      title: 'nightly failed',
      tone: 'bad',
      lines: [
        'Execution: nightly-3f2a',
        'Project: billing',
        'Status: FAILED',
        'Error: ECONNRESET: socket hang up',
        'Failed: load, check',
        'Took: 3 min',
        'At: 2026-03-14T09:30:00.000Z',
      ],
      commands: ['tempograph explain nightly-3f2a'],
      url: 'https://t.example.com/#/executions/nightly-3f2a',
    });
  });

  it('has no page where nobody said where it is', () => {
    expect(noticeOf(failure())).not.toHaveProperty('url');
  });

  it('says how to answer a question, and shows the page of its graph', () => {
    const asked = failure({
      ...{ event: 'approvalRequested', status: 'RUNNING', reason: 'approval', kind: 'node' },
      ...{ executionId: 'release 1/go', parentId: 'release 1', error: null },
    });
    expect(noticeOf(asked, FACTS)).toMatchObject({
      title: 'release 1/go waits for an approval',
      commands: [
        "tempograph explain 'release 1/go'",
        "tempograph approve 'release 1/go'",
        "tempograph deny 'release 1/go'",
      ],
      url: 'https://t.example.com/#/executions/release%201',
    });
  });

  it('tells the question of an approval, who may answer, until when, and how', () => {
    const asked = failure({
      ...{ event: 'approvalRequested', status: 'RUNNING', reason: 'approval', kind: 'node' },
      ...{ executionId: 'release-1/go', parentId: 'release-1', error: null },
    });
    const question = {
      ...{ message: 'Ship 4.2\nto <eu>?', by: ['ada', 'team lead'], onTimeout: 'deny' as const },
      ...{ dueAt: '2026-03-14T11:30:00.000Z', payload: { type: 'object' } },
    };
    const { lines, commands } = noticeOf(asked, { ...FACTS, question });
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^Question: Ship 4\.2.+to <eu>\?$/),
        'May answer: ada, team lead',
        'Waits until: 2026-03-14T11:30:00.000Z, 2 h away; then it counts as denied',
      ]),
    );
    expect(commands).toEqual([
      'tempograph explain release-1/go',
      'tempograph approve release-1/go --by ada --payload JSON',
      'tempograph deny release-1/go --by ada',
    ]);
    const open = noticeOf(asked, { question: { message: 'Go?', onTimeout: 'fail' } });
    expect(open.lines).toEqual(
      expect.arrayContaining([
        'May answer: anybody who may approve',
        'Waits until: answered, however long that takes',
      ]),
    );
    expect(open.commands.at(-1)).toBe('tempograph deny release-1/go');
  });

  it('says how long is left until a deadline, and what speaks against it', () => {
    const risk = failure({
      ...{ event: 'deadlineRisk', status: 'RUNNING', error: null, durationMs: null },
      ...{ deadlineAt: '2026-03-14T09:42:00.000Z', risk: 'node' },
    });
    expect(noticeOf(risk).lines).toContain(
      'Deadline: 2026-03-14T09:42:00.000Z, 12 min away; a node that runs usually takes longer than that',
    );
  });

  it('holds neither values of the execution nor passwords of addresses', () => {
    const message = 'cannot reach postgres://app:hunter2@db.test:5432/x';
    const event = failure({
      output: { token: 'hunter2' },
      error: { code: 'E', message, origin: 'task', retriable: false },
    });
    const text = JSON.stringify(noticeOf(event, FACTS));
    expect(text).toContain('postgres://***@db.test:5432/x');
    expect(text).not.toContain('hunter2');
  });

  it.each([
    ["a'; rm -rf /", `tempograph explain 'a'\\''; rm -rf /'`],
    ['$(reboot)', "tempograph explain '$(reboot)'"],
    ['-h', "tempograph explain '-h'"],
  ])('quotes the id %s for a shell', (executionId, command) => {
    expect(noticeOf(failure({ executionId })).commands).toEqual([command]);
  });

  it.each([['a`b'], ['a\nb'], ['a\u202eb'], ['x'.repeat(400)], ['a\ud800']])(
    'types no command and breaks no line for the id %j',
    (executionId) => {
      const { commands, lines } = noticeOf(failure({ executionId }), FACTS);
      expect(commands).toEqual([]);
      expect(lines.join('')).not.toMatch(/[\n\r\u202e]/);
    },
  );

  it('is of bounded length, whatever the event holds', () => {
    const huge = 'x'.repeat(100_000);
    const error = { code: huge, message: huge, origin: 'task', retriable: false } as const;
    const event = failure({ executionId: huge, taskId: huge, project: huge, reason: huge, error });
    const text = JSON.stringify(noticeOf(event, { failedNodes: Array<string>(50).fill(huge) }));
    expect(text.length).toBeLessThan(3_000);
  });
});

describe('chatBody', () => {
  it.each(CHAT_FORMATS)('makes what %s takes', (format) => {
    expect(chatBody(format, noticeOf(failure(), FACTS))).toMatchSnapshot();
  });

  it.each(CHAT_FORMATS)('keeps names and messages from being markup of %s', (format) => {
    const body = chatBody(format, noticeOf(failure(HOSTILE), FACTS));
    expect(body).toMatchSnapshot();
  });

  it('gives Slack no angle brackets but those of its own link', () => {
    const text = JSON.stringify(chatBody('slack', noticeOf(failure(HOSTILE), FACTS)));
    expect(text.match(/<[^>]*>/g)).toEqual([expect.stringMatching(/^<https:\/\/t\.example\.com/)]);
  });

  it('lets nobody be called on Discord, and escapes what would be a link', () => {
    const body = chatBody('discord', noticeOf(failure(HOSTILE), FACTS));
    expect(body).toMatchObject({ allowed_mentions: { parse: [] } });
    expect(JSON.stringify(body)).not.toContain('](');
  });

  it.each(['mattermost', 'text'] as const)('leaves no mention whole on %s', (format) => {
    const text = JSON.stringify(chatBody(format, noticeOf(failure(HOSTILE), FACTS)));
    expect(text).not.toMatch(/@(everyone|here|channel|all)/);
  });

  it('stays within what Slack and Discord take', () => {
    const huge = '<&*'.repeat(10_000);
    const error = { code: huge, message: huge, origin: 'task', retriable: false } as const;
    const notice = noticeOf(failure({ executionId: huge, taskId: huge, project: huge, error }), {
      failedNodes: Array<string>(9).fill(huge),
    });
    const slack = chatBody('slack', notice) as { blocks: { text: { text: string } }[] };
    for (const { text } of slack.blocks) expect(text.text.length).toBeLessThanOrEqual(3_000);
    const { embeds } = chatBody('discord', notice) as {
      embeds: { title: string; description: string }[];
    };
    expect(embeds[0]?.title.length).toBeLessThanOrEqual(256);
    expect(embeds[0]?.description.length).toBeLessThanOrEqual(4_096);
  });
});

describe('mailOf', () => {
  const mail = (event: Parameters<typeof failure>[0] = {}, more: object = {}) =>
    mailOf(sink(more), failure(event), noticeOf(failure(event), FACTS));

  it('has text and HTML, and an id that is the same for the same event', () => {
    expect(mail()).toMatchSnapshot();
    expect(mail().messageId).toBe(mail().messageId);
  });

  it('fills the subject of the settings in', () => {
    const subject = '[{project}] {status} {name} {executionId} {event}';
    expect(mail({}, { subject }).subject).toBe('[billing] FAILED nightly nightly-3f2a failed');
  });

  it('keeps the subject on one line, and does not fill in what a name brings', () => {
    const { subject } = mail({ taskId: 'a\r\nBcc: all@x.test\n {status}\u2028b' });
    expect(subject).toBe('a Bcc: all@x.test {status}\\u2028b failed');
    expect(mail({ project: 'a\r\nBcc: x@x.test' }, { subject: '{project}' }).subject).toBe(
      'a Bcc: x@x.test',
    );
  });

  it('lets no name become HTML', () => {
    const { html } = mail(HOSTILE);
    expect(html).not.toMatch(/<script|<img|<a href="(?!https:\/\/t\.example\.com)/);
    expect(html).toContain('&lt;script&gt;');
  });
});
