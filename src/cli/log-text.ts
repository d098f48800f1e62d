/** A line of a task's log for people. A progress bar's every step is a line. */
import type { LineLevel, LogLine } from '../index.js';
import { visible } from '../domain/visible-text.js';
import { oneLine, pad, widest } from './columns.js';
import { harmless, type Style } from './paint.js';

/** The widest that nodes' ids make their column, and the narrowest where it is not known who comes after. */
const NODE_WIDTH = { most: 30, least: 16 };
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

  /** Makes room for the nodes of lines that are to come; without it, as much as most ids need. */
  prepare(lines: Iterable<LogLine>): void {
    for (const line of lines) this.widen(nodeText(line), 0);
  }

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
  private nodeOf(line: LogLine): string[] {
    const text = nodeText(line);
    this.widen(text, this.nodeWidth === 0 ? NODE_WIDTH.least : 0);
    return this.nodeWidth === 0 ? [] : [pad(text, this.nodeWidth)];
  }

  private widen(text: string, least: number): void {
    if (text === '') return;
    const width = Math.min(NODE_WIDTH.most, Math.max(least, widest([text])));
    this.nodeWidth = Math.max(this.nodeWidth, width);
  }
}

function nodeText({ nodeId, attempt }: LogLine): string {
  return `${oneLine(nodeId ?? '')}${attempt > 1 ? `#${attempt}` : ''}`;
}

function fieldTexts(fields: LogLine['fields'], dim: (text: string) => string): string[] {
  if (!fields) return [];
  const pairs = Object.entries(fields).map(
    ([key, value]) =>
      `${key}=${typeof value === 'string' && /^[\w./:-]+$/.test(value) ? value : JSON.stringify(value)}`,
  );
  return [dim(oneLine(visible(pairs.join(' '))))];
}
