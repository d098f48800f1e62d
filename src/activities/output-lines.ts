/** What a program says on standard output and error, as lines of its log. */
import type { NodeLogger } from './node-log.js';

/** Characters that are waited for until a line ends: no secret is found in half of it. */
const OPEN = 65_536;

export type OutputStream = 'stdout' | 'stderr';

export class OutputLines {
  private readonly open: Record<OutputStream, string> = { stdout: '', stderr: '' };

  constructor(private readonly log: Pick<NodeLogger, 'output'>) {}

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

  private tell(stream: OutputStream, line: string): void {
    this.log.output(stream, line.replace(/\r$/, ''));
  }
}
