/** A mail server of a test's own: as much of SMTP as a client needs, and refusals where a test wants them. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

/** A mail as it came. */
export interface ReceivedMail {
  from: string;
  to: string[];
  /** Headers and body, with plain line ends and without the dots that SMTP adds. */
  data: string;
  /** It came over TLS. */
  secure: boolean;
  /** The user who had logged in. */
  user: string | undefined;
}

export interface SmtpOptions {
  /** Offers STARTTLS with these. */
  tls?: { key: string; cert: string };
  /** Wants a login. */
  user?: { name: string; password: string };
}

/** The stages at which it can refuse; `argument` is what the client said. */
export type Stage = 'GREETING' | 'STARTTLS' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | 'MESSAGE';

export interface SmtpReceiver {
  port: number;
  mails: ReceivedMail[];
  /** Every line that clients said, logins too. */
  said: string[];
  /** A reply such as `450 4.2.0 later` to refuse with; undefined to go on. */
  refuse: (stage: Stage, argument: string) => string | undefined;
  close(): Promise<void>;
}

export async function startSmtp(options: SmtpOptions = {}): Promise<SmtpReceiver> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    new Session(receiver, options, socket).greet();
  });
  const receiver: SmtpReceiver = {
    ...{ port: 0, mails: [], said: [], refuse: () => undefined },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  receiver.port = (server.address() as AddressInfo).port;
  return receiver;
}

class Session {
  private pending = '';
  private secure = false;
  private user: string | undefined;
  private mail: { from: string; to: string[] } = { from: '', to: [] };
  /** Set while the body of a mail comes. */
  private body: string[] | undefined;

  constructor(
    private readonly receiver: SmtpReceiver,
    private readonly options: SmtpOptions,
    private socket: Socket,
  ) {
    this.listen();
  }

  greet(): void {
    this.reply('GREETING', '', '220 test ESMTP');
  }

  private listen(): void {
    this.socket.on('data', (chunk: Buffer) => {
      this.pending += chunk.toString('utf8');
      for (;;) {
        const end = this.pending.indexOf('\r\n');
        if (end < 0) return;
        const line = this.pending.slice(0, end);
        this.pending = this.pending.slice(end + 2);
        this.take(line);
      }
    });
  }

  private take(line: string): void {
    if (this.body) return this.takeBody(line, this.body);
    this.receiver.said.push(line);
    const [, word = '', rest = ''] = /^(\w+) ?(.*)$/.exec(line) ?? [];
    switch (word.toUpperCase()) {
      case 'EHLO':
        return this.write(this.features());
      case 'STARTTLS':
        return this.startTls();
      case 'AUTH':
        return this.login(rest);
      case 'MAIL':
        this.mail = { from: addressIn(rest), to: [] };
        return void this.reply('MAIL', rest, '250 ok');
      case 'RCPT':
        if (this.reply('RCPT', rest, '250 ok')) this.mail.to.push(addressIn(rest));
        return;
      case 'DATA':
        if (this.reply('DATA', '', '354 go on')) this.body = [];
        return;
      case 'QUIT':
        this.write('221 bye');
        this.socket.end();
        return;
      default:
        return this.write('250 ok');
    }
  }

  private features(): string {
    const tls = this.options.tls && !this.secure ? ['STARTTLS'] : [];
    const auth = this.options.user ? ['AUTH PLAIN'] : [];
    const lines = ['test', ...tls, ...auth, '8BITMIME'];
    return lines.map((line, at) => `250${at < lines.length - 1 ? '-' : ' '}${line}`).join('\r\n');
  }

  private startTls(): void {
    const { tls } = this.options;
    if (!tls) return this.write('502 5.5.1 not here');
    if (!this.reply('STARTTLS', '', '220 go on')) return;
    const plain = this.socket;
    plain.removeAllListeners('data');
    this.socket = new TLSSocket(plain, { isServer: true, secureContext: createSecureContext(tls) });
    this.socket.on('error', () => undefined);
    this.secure = true;
    this.listen();
  }

  private login(rest: string): void {
    const [, name, password] = Buffer.from(rest.replace(/^PLAIN /, ''), 'base64')
      .toString('utf8')
      .split('\0');
    const { user } = this.options;
    const known = user?.name === name && user?.password === password;
    if (!known) return this.write('535 5.7.8 wrong user or password');
    if (this.reply('AUTH', rest, '235 ok')) this.user = name;
  }

  private takeBody(line: string, body: string[]): void {
    if (line !== '.') return void body.push(line.replace(/^\./, ''));
    this.body = undefined;
    const { mail, secure, user } = this;
    if (this.reply('MESSAGE', '', '250 2.0.0 queued'))
      this.receiver.mails.push({ ...mail, data: body.join('\n'), secure, user });
  }

  /** @returns false when it was refused */
  private reply(stage: Stage, argument: string, text: string): boolean {
    const refusal = this.receiver.refuse(stage, argument);
    this.write(refusal ?? text);
    return refusal === undefined;
  }

  private write(text: string): void {
    this.socket.write(`${text}\r\n`);
  }
}

const addressIn = (text: string): string => /<([^>]*)>/.exec(text)?.[1] ?? '';
