import { DeliveryError } from '../../src/notify/delivery-error.js';
import type { Mail } from '../../src/notify/mail.js';
import { SmtpServer } from '../../src/notify/smtp.js';
import { SinkSchema, type EmailSink } from '../../src/domain/sink.js';
import { makeCertificate } from '../support/certificate.js';
import {
  startSmtp,
  type SmtpOptions,
  type SmtpReceiver,
  type Stage,
} from '../support/smtp-receiver.js';

const MAIL: Mail = {
  messageId: '<evt_1@example.com>',
  subject: 'nightly failed',
  text: 'nightly failed\n.\nExecution: ä\n',
  html: '<p>nightly failed</p>',
  headers: { 'Auto-Submitted': 'auto-generated' },
};
const USER = { name: 'app', password: 'p@ss word' };
const LOGIN = 'app:p%40ss%20word@';

describe('SmtpServer', () => {
  let receiver: SmtpReceiver;
  const setup = async (options: SmtpOptions = {}): Promise<void> => {
    receiver = await startSmtp(options);
  };
  afterEach(() => receiver.close());
  const sink = (login = '', more: object = {}): EmailSink =>
    SinkSchema.parse({
      ...{ name: 'mail', kind: 'email', url: `smtp://${login}localhost:${receiver.port}` },
      ...{ from: 'Tempograph <t@example.com>', to: ['a@x.test', 'Bee <b@x.test>'] },
      ...{ timeout: '5s', ...more },
    }) as EmailSink;
  const send = async (server: SmtpServer, mail = MAIL) =>
    await server.send(mail, new AbortController().signal);
  const failure = async (server: SmtpServer): Promise<DeliveryError> => {
    const error: unknown = await send(server).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DeliveryError);
    return error as DeliveryError;
  };
  const refuseAt = (at: Stage, reply: string): void => {
    receiver.refuse = (stage) => (stage === at ? reply : undefined);
  };

  it('sends text and HTML to all recipients, with the id of the event', async () => {
    await setup();
    const sent = await send(new SmtpServer(sink()));
    expect(sent).toEqual({ said: '250 2.0.0 queued', refused: [] });
    const [mail] = receiver.mails;
    expect(mail).toMatchObject({
      from: 't@example.com',
      to: ['a@x.test', 'b@x.test'],
      secure: false,
    });
    expect(mail?.data).toMatch(/^Message-ID: <evt_1@example\.com>$/m);
    expect(mail?.data).toMatch(/^Subject: nightly failed$/m);
    expect(mail?.data).toMatch(/^Auto-Submitted: auto-generated$/m);
    expect(mail?.data).toMatch(/^Content-Type: text\/plain/m);
    expect(mail?.data).toMatch(/^Content-Type: text\/html/m);
  });

  it('logs in over STARTTLS', async () => {
    const tls = makeCertificate();
    await setup({ tls, user: USER });
    await send(new SmtpServer(sink(LOGIN), { ca: tls.cert }));
    expect(receiver.mails[0]).toMatchObject({ secure: true, user: 'app' });
  });

  it('does not trust a certificate that nobody vouches for', async () => {
    await setup({ tls: makeCertificate(), user: USER });
    expect(await failure(new SmtpServer(sink(LOGIN)))).toMatchObject({ isFinal: false });
    expect(receiver.mails).toEqual([]);
    expect(receiver.said.join()).not.toContain('AUTH');
  });

  it('sends no password where STARTTLS is refused, and gives up', async () => {
    await setup({ user: USER });
    const error = await failure(new SmtpServer(sink(LOGIN)));
    expect(error).toMatchObject({
      isFinal: true,
      message: expect.stringMatching(/STARTTLS/) as string,
    });
    expect(receiver.said.join()).not.toContain('AUTH');
  });

  it('sends one without TLS where the settings say so', async () => {
    await setup({ user: USER });
    await send(new SmtpServer(sink(LOGIN, { tls: 'never' })));
    expect(receiver.mails[0]).toMatchObject({ secure: false, user: 'app' });
  });

  it('gives up where the password is wrong, and does not tell it', async () => {
    await setup({ user: USER });
    const error = await failure(new SmtpServer(sink('app:wrong%21@', { tls: 'never' })));
    expect(error).toMatchObject({ isFinal: true, message: expect.stringMatching(/535/) as string });
    expect(error.message).not.toContain('wrong!');
  });

  it.each([
    ['GREETING', '421 4.3.2 not now', false],
    ['MAIL', '451 4.3.0 later', false],
    ['RCPT', '450 4.2.0 greylisted, come back', false],
    ['MESSAGE', '452 4.2.2 full', false],
    ['GREETING', '554 5.7.1 not you', true],
    ['MAIL', '550 5.7.1 not from there', true],
    ['RCPT', '550 5.1.1 no such user', true],
    ['MESSAGE', '554 5.6.0 not this', true],
  ] as const)('refused at %s with %s: is final is %s', async (stage, reply, isFinal) => {
    await setup();
    refuseAt(stage, reply);
    const error = await failure(new SmtpServer(sink()));
    expect(error.isFinal).toBe(isFinal);
    expect(error.message).toContain(reply.slice(0, 3));
    expect(receiver.mails).toEqual([]);
  });

  it('tries again with those alone who have not got it', async () => {
    await setup();
    let asked = 0;
    receiver.refuse = (stage, argument) =>
      stage === 'RCPT' && argument.includes('b@x.test') && asked++ === 0
        ? '450 4.2.0 greylisted'
        : undefined;
    const server = new SmtpServer(sink());
    const error = await failure(server);
    expect(error).toMatchObject({ isFinal: false });
    expect(error.message).toContain('b@x.test: 450 4.2.0 greylisted');
    await send(server);
    expect(receiver.mails.map(({ to }) => to)).toEqual([['a@x.test'], ['b@x.test']]);
    await send(server, { ...MAIL, messageId: '<evt_2@example.com>' });
    expect(receiver.mails.at(-1)?.to).toEqual(['a@x.test', 'b@x.test']);
  });

  it('is done where one recipient will never get it, and says so', async () => {
    await setup();
    receiver.refuse = (stage, argument) =>
      stage === 'RCPT' && argument.includes('b@x.test') ? '550 5.1.1 no such user' : undefined;
    const { refused } = await send(new SmtpServer(sink()));
    expect(refused).toEqual(['b@x.test: 550 5.1.1 no such user']);
  });

  it('lets no header in by a subject or an id', async () => {
    await setup();
    await send(new SmtpServer(sink()), {
      ...MAIL,
      subject: 'a\r\nBcc: all@x.test',
      messageId: '<a\r\nBcc: all@x.test>',
    });
    expect(receiver.mails[0]?.data).not.toMatch(/^Bcc:/m);
    expect(receiver.said.filter((line) => line.startsWith('RCPT'))).toHaveLength(2);
  });

  it('cannot be reached: another try may help', async () => {
    await setup();
    const gone = sink();
    await receiver.close();
    await setup();
    expect(await failure(new SmtpServer(gone))).toMatchObject({ isFinal: false });
  });

  it('ends with the signal', async () => {
    await setup();
    const stop = new AbortController();
    receiver.refuse = (stage) => (stage === 'DATA' ? '' : undefined); // says nothing of use
    const sending = new SmtpServer(sink()).send(MAIL, stop.signal);
    stop.abort();
    await expect(sending).rejects.toBeInstanceOf(DeliveryError);
  });
});
