/** Reads a text from left to right, and knows the line. */
import type { TaskError } from '../domain/errors.js';
import { refused } from './conversion.js';

export class Scanner {
  at = 0;

  constructor(readonly text: string) {}

  get done(): boolean {
    return this.at >= this.text.length;
  }

  /** The line of the place, from 1. */
  get line(): number {
    while (this.counted < this.at) if (this.text.charCodeAt(this.counted++) === 10) this.lines++;
    return this.lines;
  }
  private counted = 0;
  private lines = 1;

  /** What matches here, which is then behind us. The pattern has to be sticky. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (!match) return undefined;
    this.at += match[0].length;
    return match;
  }

  /** True when the text goes on like this. */
  sees(start: string): boolean {
    return this.text.startsWith(start, this.at);
  }

  /** Everything up to `end`, which is then behind us too; undefined where it never comes. */
  upTo(end: string): string | undefined {
    const stop = this.text.indexOf(end, this.at);
    if (stop < 0) return undefined;
    const inside = this.text.slice(this.at, stop);
    this.at = stop + end.length;
    return inside;
  }

  /** The error for what stands here, with its line. */
  wrong(expected: string): TaskError {
    const rest = this.text.slice(this.at, this.at + 30).split('\n')[0] ?? '';
    return refused(
      `line ${this.line}: expected ${expected}, got ${rest === '' ? 'the end of the line' : JSON.stringify(rest)}`,
    );
  }
}
