/** What a program says on standard output and error, as lines of its log. */
import type { NodeLogger } from './node-log.js';

/** Characters of a line; a longer one is told in parts. */
const LINE = 4_000;
/** Characters that are waited for until a line ends: nothing is taken out of half a secret. */
const OPEN = 65_536;

export type OutputStream = 'stdout' | 'stderr';

export class OutputLines {
  private readonly open: Record<OutputStream, string> = { stdout: '', stderr: '' };

  /** @param redacted takes the secrets out of a text, before it is cut into parts */
  constructor(
    private readonly log: Pick<NodeLogger, 'info'>,
    private readonly redacted: (text: string) => string,
  ) {}

  take(stream: OutputStream, text: string): void {
    const lines = (this.open[stream] + text).split('\n');
    this.open[stream] = lines.pop() ?? '';
    for (const line of lines) this.tell(stream, line);
    if (this.open[stream].length > OPEN) this.flush(stream);
  }

  /** Nothing more comes: what is left is a line, too. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) this.flush(stream);
  }

  private flush(stream: OutputStream): void {
    if (this.open[stream] !== '') this.tell(stream, this.open[stream]);
    this.open[stream] = '';
  }

  private tell(stream: OutputStream, said: string): void {
    const line = this.redacted(said.replace(/\r$/, ''));
    for (let at = 0; at < Math.max(1, line.length); at += LINE)
      this.log.info(line.slice(at, at + LINE), { stream });
  }
}
