/** A line of a task's log for people. A progress bar's every step is a line. */
import type { LineLevel, LogLine } from '../index.js';
import { visible } from '../domain/visible-text.js';
import { oneLine, pad } from './columns.js';
import { harmless, type Style } from './paint.js';

/** The widest that nodes' ids make their column. */
const NODE_WIDTH = 30;
const INDENT = '    ';

/** TypeScript refuses a level without a row. */
const COLOUR: Record<LineLevel, 'dim' | 'cyan' | 'yellow' | 'red'> = {
  debug: 'dim',
  info: 'cyan',
  warn: 'yellow',
  error: 'red',
};

export class LogText {
  private nodeWidth = 0;

  constructor(private readonly style: Style) {}

  /** Of a text with several lines all but the first are indented. */
  of(line: LogLine): string {
    const { at, level, source, fields } = line;
    const { dim } = this.style;
    const kind = source === 'log' ? level : source;
    const paint = source === 'log' ? this.style[COLOUR[level]] : dim;
    const [first = '', ...others] = [harmless(line.text).trimEnd(), ...fieldTexts(fields, dim)]
      .join('  ')
      .split('\n');
    const head = [dim(at), ...this.nodeOf(line), paint(kind.padEnd(6)), first].join('  ');
    return [head.trimEnd(), ...others.map((text) => `${INDENT}${text}`)].join('\n');
  }

  /** The node, with its attempt where that is not the first; a lone task's is left out. */
  private nodeOf({ nodeId, attempt }: LogLine): string[] {
    const again = attempt > 1 ? `#${attempt}` : '';
    const text = `${oneLine(nodeId ?? '')}${again}`;
    this.nodeWidth = Math.min(NODE_WIDTH, Math.max(this.nodeWidth, text.length));
    return this.nodeWidth === 0 ? [] : [pad(text, this.nodeWidth)];
  }
}

function fieldTexts(fields: LogLine['fields'], dim: (text: string) => string): string[] {
  if (!fields) return [];
  const pairs = Object.entries(fields).map(
    ([key, value]) =>
      `${key}=${typeof value === 'string' && /^[\w./:-]+$/.test(value) ? value : JSON.stringify(value)}`,
  );
  return [dim(oneLine(visible(pairs.join(' '))))];
}
