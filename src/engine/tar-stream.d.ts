/** What we use of tar-stream 2, which comes without types. */
declare module 'tar-stream' {
  import type { Readable, Writable } from 'node:stream';

  export interface Headers {
    name: string;
    mode?: number;
    uid?: number;
    gid?: number;
    size?: number;
    /** `file`, `directory`, `symlink`, `link`, `fifo`, `character-device` … */
    type?: string | null;
    linkname?: string | null;
    mtime?: Date;
  }
  export interface Pack extends Readable {
    entry(headers: Headers, content?: string | Buffer): Writable;
    finalize(): void;
  }
  export interface Extract extends Writable {
    on(
      event: 'entry',
      listener: (headers: Headers, stream: Readable, next: (error?: Error) => void) => void,
    ): this;
    on(event: string, listener: (...values: never[]) => void): this;
  }
  export function pack(): Pack;
  export function extract(): Extract;
}
