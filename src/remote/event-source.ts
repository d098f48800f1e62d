/** Reads server-sent events (WHATWG HTML, 9.2) as they come, in pieces of any size. */

export interface ServerMessage {
  /** `message` where none was said. */
  event: string;
  data: string;
  /** The last id that was said, by this message or an earlier one. */
  id: string | undefined;
}

export class EventStreamReader {
  /** How long to wait before coming back, in milliseconds, where the server said it. */
  retryMs: number | undefined;
  private rest = '';
  private started = false;
  private event = '';
  private data: string[] = [];
  private id: string | undefined;

  /** Takes the next piece of text. @returns the messages that it completes */
  take(text: string): ServerMessage[] {
    this.rest += text;
    if (!this.started && this.rest !== '') {
      this.started = true;
      this.rest = this.rest.replace(/^\ufeff/, '');
    }
    // A \r at the end may be the first half of \r\n.
    const lines = this.rest.split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.line(line));
  }

  private line(line: string): ServerMessage[] {
    if (line === '') return this.dispatch();
    const at = line.indexOf(':');
    if (at === 0) return []; // a comment, as a sign of life
    const field = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? '' : line.slice(at + 1).replace(/^ /, '');
    if (field === 'event') this.event = value;
    else if (field === 'data') this.data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
    return [];
  }

  private dispatch(): ServerMessage[] {
    const { event, data, id } = this;
    this.event = '';
    this.data = [];
    return data.length === 0 ? [] : [{ event: event || 'message', data: data.join('\n'), id }];
  }
}
