/**
 * Where a command's words go: results to standard output, everything else to standard error.
 *
 * O1. With `--json`, standard output gets JSON and nothing but JSON.
 * O2. No colour and no animation unless standard output is a terminal; NO_COLOR turns colour off there too.
 * O3. Text of others does nothing to the terminal, whatever is in it: all words for people go through `shown`.
 */
import { markedColors, shown, type Style } from './paint.js';

export type { Style } from './paint.js';

/** What we need of `process.stdout` and `process.stderr`. */
export interface Stream {
  write(text: string | Uint8Array, done?: () => void): boolean;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
  /** Asks the terminal for its size. Node's own for its streams, without documentation or type. */
  _refreshSize?(): void;
}

export interface OutputOptions {
  json: boolean;
  stdout?: Stream;
  stderr?: Stream;
  env?: NodeJS.ProcessEnv;
}

export class Output {
  readonly json: boolean;
  /** True where a picture may be drawn over and over. */
  readonly live: boolean;
  /** Colours of standard output. */
  readonly style: Style;
  /** Colours of standard error. */
  readonly noteStyle: Style;
  private readonly stdout: Stream;
  private readonly stderr: Stream;

  constructor({
    json,
    stdout = process.stdout,
    stderr = process.stderr,
    env = process.env,
  }: OutputOptions) {
    this.json = json;
    this.stdout = stdout;
    this.stderr = stderr;
    const terminal = stdout.isTTY === true && env['TERM'] !== 'dumb';
    const colour = terminal && !env['NO_COLOR'];
    this.live = terminal && !json;
    this.style = markedColors(colour && !json);
    this.noteStyle = markedColors(colour && stderr.isTTY === true);
  }

  /** Columns of the terminal; 100 where there is none. */
  get width(): number {
    return this.stdout.columns ?? 100;
  }

  /** Rows of the terminal; 24 where there is none. */
  get height(): number {
    return this.stdout.rows ?? 24;
  }

  /**
   * Asks the terminal how large it is. Node hears of another size by a signal, and timers that are due may come first: what
   * they draw would be of the size before.
   */
  measure(): void {
    this.stdout._refreshSize?.();
  }

  /** The result for people; with `--json` it is dropped, for the document says it. */
  print(text = ''): void {
    if (!this.json) this.stdout.write(`${shown(text)}\n`);
  }

  /**
   * A document that is no JSON of ours, such as a script or a pipeline: exact where a file or a program takes it, and safe
   * to look at in a terminal. With `--json` it is dropped.
   */
  source(text: string): void {
    if (!this.json) this.stdout.write(`${this.stdout.isTTY ? shown(text) : text}\n`);
  }

  /** The one JSON document; without `--json` it is dropped. */
  document(value: unknown): void {
    if (this.json) this.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** One of several JSON documents, a line each; without `--json` it is dropped. */
  jsonLine(value: unknown): void {
    if (this.json) this.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** Progress: to standard output for people who watch, out of the way of JSON. */
  progress(text: string): void {
    (this.json ? this.stderr : this.stdout).write(`${shown(text)}\n`);
  }

  /** A result that is no text, as it is. */
  bytes(data: Uint8Array): void {
    this.stdout.write(data);
  }

  /** Remarks, warnings and errors. */
  note(text: string): void {
    this.stderr.write(`${shown(text)}\n`);
  }

  /** Resolves when all that was written has left this process. */
  async flush(): Promise<void> {
    for (const stream of [this.stdout, this.stderr])
      await new Promise<void>((resolve) => void stream.write('', () => resolve()));
  }
}
