/** Progress of getting a server, on standard error: one line that changes in a terminal, else a line now and then. */
import { createLogUpdate } from 'log-update';
import { formatDuration } from '../domain/duration.js';
import type { ServerProgress } from '../servers/progress.js';
import { fit, oneLine } from './columns.js';
import type { Output } from './output.js';
import { shown } from './paint.js';

/** Where lines stay, a step that goes on is told again after this long. */
const REPEAT_MS = 30_000;

export class ServerProgressLine {
  private readonly line = createLogUpdate(process.stderr);
  private lastStep = '';
  private lastAtMs = 0;

  constructor(private readonly out: Output) {}

  show({ step, message, elapsedMs }: ServerProgress): void {
    const text = `${oneLine(message)} (${formatDuration(elapsedMs)})`;
    if (this.out.live && process.stderr.isTTY) {
      this.line(shown(this.out.noteStyle.dim(fit(text, this.out.width - 1))));
      return;
    }
    if (step === this.lastStep && elapsedMs - this.lastAtMs < REPEAT_MS) return;
    this.lastStep = step;
    this.lastAtMs = elapsedMs;
    this.out.note(text);
  }

  close(): void {
    this.line.clear();
    this.line.done();
  }
}
