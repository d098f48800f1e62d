/**
 * Standard output and error of a container: the engine sends both in one stream of frames, eight bytes of header before
 * each. Nothing is kept but the tail of standard error; what is over a stream's cap is let go and told once.
 */
import { LINE_COST, lineBreaksIn } from '../domain/log-cost.js';
import { StringDecoder } from 'node:string_decoder';

const HEADER = 8;
/** Characters of standard error that are kept. */
const TAIL = 8_192;
const NAMES = { 1: 'stdout', 2: 'stderr' } as const;

export interface OutputListener {
  /** What was said, in whole characters. */
  onText?: ((stream: 'stdout' | 'stderr', text: string) => void) | undefined;
  /** One of the streams is over the cap. Called once. */
  onOverflow?: () => void;
}

export class OutputFrames {
  /** The end of standard error. */
  stderr = '';
  overflowed = false;
  private readonly taken = { stdout: 0, stderr: 0 };
  private readonly decoders = {
    stdout: new StringDecoder('utf8'),
    stderr: new StringDecoder('utf8'),
  };
  private readonly header = Buffer.alloc(HEADER);
  private headerBytes = 0;
  private left = 0;

  /** @param capBytes of each stream */
  constructor(
    private readonly capBytes: number,
    private readonly listener: OutputListener = {},
  ) {}

  /** Any piece of the stream, cut anywhere. */
  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      if (this.left === 0) at += this.readHeader(chunk, at);
      else {
        const piece = chunk.subarray(at, at + this.left);
        this.left -= piece.length;
        at += piece.length;
        this.take(piece);
      }
    }
  }

  /** No more comes: what is left of a broken character is said. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const)
      this.say(stream, this.decoders[stream].end());
  }

  private readHeader(chunk: Buffer, at: number): number {
    const bytes = chunk.copy(this.header, this.headerBytes, at, at + HEADER - this.headerBytes);
    this.headerBytes += bytes;
    if (this.headerBytes === HEADER) {
      this.headerBytes = 0;
      this.left = this.header.readUInt32BE(4);
    }
    return bytes;
  }

  private take(piece: Buffer): void {
    const stream = NAMES[this.header[0] as 1 | 2] ?? 'stdout';
    const room = this.capBytes - this.taken[stream];
    this.taken[stream] += piece.length + LINE_COST * lineBreaksIn(piece);
    if (room > 0) this.say(stream, this.decoders[stream].write(piece.subarray(0, room)));
    if (this.taken[stream] <= this.capBytes || this.overflowed) return;
    this.overflowed = true;
    this.listener.onOverflow?.();
  }

  private say(stream: 'stdout' | 'stderr', text: string): void {
    if (text === '') return;
    if (stream === 'stderr') this.stderr = (this.stderr + text).slice(-TAIL);
    this.listener.onText?.(stream, text);
  }
}
