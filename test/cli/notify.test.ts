import { buildCli, documentOf, runCli } from '../support/cli.js';
import { startReceiver, type Receiver } from '../support/receiver.js';
import { startSmtp, type SmtpReceiver } from '../support/smtp-receiver.js';

describe('tempograph notify', () => {
  let receiver: Receiver;
  let smtp: SmtpReceiver;
  let env: Record<string, string>;
  beforeAll(async () => {
    await buildCli();
    receiver = await startReceiver();
    smtp = await startSmtp();
    const sinks = [
      { name: 'ops', kind: 'chat', format: 'text', url: receiver.url, allowPrivate: true },
      { name: 'shut', kind: 'chat', format: 'text', url: receiver.url },
      {
        ...{ name: 'mail', kind: 'email', url: `smtp://app:hunter2@127.0.0.1:${smtp.port}` },
        ...{ tls: 'never', from: 't@example.com', to: ['ops@example.com'] },
      },
    ];
    env = { TEMPOGRAPH_SINKS: JSON.stringify(sinks), TEMPOGRAPH_PUBLIC_URL: 'https://t.test' };
  });
  afterAll(async () => {
    await receiver.close();
    await smtp.close();
  });

  it('lists the sinks without what may be secret', async () => {
    const { code, stdout } = await runCli(['notify', 'list', '--json'], { env });
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { sinks: unknown[] }).sinks).toHaveLength(3);
    expect(stdout).not.toMatch(/hunter2|\/hook/);
  });

  it('sends a made-up failure to a chat', async () => {
    const result = await runCli(['notify', 'test', '--sink', 'ops', '--json'], { env });
    expect(result.code).toBe(0);
    expect(documentOf(result)).toMatchObject({ sink: 'ops', taken: true, said: 'answered 204' });
    expect(receiver.messages.at(-1)?.text).toContain('tempograph-notify-test failed');
  });

  it('sends any event by mail', async () => {
    const args = ['notify', 'test', '--sink', 'mail', '--event', 'deadlineRisk'];
    const { code, stdout } = await runCli(args, { env });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'mail took it: ops@example.com 250 2.0.0 queued\n',
    });
    expect(smtp.mails[0]?.data).toContain('may miss its deadline');
  });

  it.each([
    ['a chat that refuses', 'ops', 'answered 503'],
    ['an address that may not be reached', 'shut', 'set allowPrivate'],
  ])('ends with exit code 1 for %s, and says why', async (_what, sink, why) => {
    receiver.answer = () => 503;
    const { code, stdout } = await runCli(['notify', 'test', '--sink', sink], { env });
    expect(code).toBe(1);
    expect(stdout).toContain(why);
  });

  it('prints a message and sends nothing', async () => {
    const before = receiver.messages.length;
    const args = ['notify', 'test', '--sink', 'ops', '--print'];
    const { code, stdout } = await runCli(args, { env });
    expect(code).toBe(0);
    expect(stdout).toContain('https://t.test/#/executions/tempograph-notify-test');
    expect(receiver.messages).toHaveLength(before);
  });

  it.each([
    [['--sink', 'opps'], 'did you mean "ops"?'],
    [[], '--sink: expected one of ops, shut, mail'],
    [['--sink', 'ops', '--event', 'exploded'], '--event: expected one of created, '],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await runCli(['notify', 'test', ...args], { env });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('refuses a setting that is none, and shows no secret of it', async () => {
    const { code, stderr } = await runCli(['notify', 'list'], {
      env: { TEMPOGRAPH_SINKS: '[{"name":"x","kind":"email","url":"smtp://app:hunter2@h/x"}]' },
    });
    expect(code).toBe(2);
    expect(stderr).toContain('sinks.0.url: must be a server');
    expect(stderr).not.toContain('hunter2');
  });
});
