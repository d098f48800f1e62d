/** What a program says on standard output and error, as lines of its log. */
import type { NodeLogger } from './node-log.js';

/** Characters of a line; a longer one is told in parts. */
const LINE = 4_000;

export type OutputStream = 'stdout' | 'stderr';

export class OutputLines {
  private readonly open: Record<OutputStream, string> = { stdout: '', stderr: '' };

  constructor(private readonly log: Pick<NodeLogger, 'info'>) {}

  take(stream: OutputStream, text: string): void {
    const lines = (this.open[stream] + text).split('\n');
    this.open[stream] = lines.pop() ?? '';
    for (const line of lines) this.tell(stream, line);
    while (this.open[stream].length > LINE) {
      this.tell(stream, this.open[stream].slice(0, LINE));
      this.open[stream] = this.open[stream].slice(LINE);
    }
  }

  /** Nothing more comes: what is left is a line, too. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.open[stream] !== '') this.tell(stream, this.open[stream]);
      this.open[stream] = '';
    }
  }

  private tell(stream: OutputStream, line: string): void {
    for (let at = 0; at < Math.max(1, line.length); at += LINE)
      this.log.info(line.slice(at, at + LINE).replace(/\r$/, ''), { stream });
  }
}
