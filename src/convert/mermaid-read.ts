/** Mermaid flowcharts: boxes are nodes, arrows dependencies. What only says how it looks is a loss. */
import { parseText } from '../domain/pipeline.js';
import { isObject, preview } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';
import { refused, type Settled } from './conversion.js';
import type { Losses } from './loss.js';
import { Picture } from './picture.js';
import { Scanner } from './scanner.js';

/** Openings and endings of shapes, longest first; those of plain boxes say nothing. */
const SHAPES: readonly (readonly [open: string, close: readonly string[], plain?: true])[] = [
  ['(((', [')))']],
  ['((', ['))']],
  ['([', ['])']],
  ['[[', [']]']],
  ['[(', [')]']],
  ['[/', ['/]', '\\]']],
  ['[\\', ['\\]', '/]']],
  ['{{', ['}}']],
  ['(', [')'], true],
  ['[', [']'], true],
  ['{', ['}']],
  ['>', [']']],
];
const ID = /(?:[\p{L}\p{N}\p{M}_.!#$%'*+?\\/`]|:(?!::)|-(?=[\p{L}\p{N}_]))+/uy;
const LINK = /[<xo]?(?:--+[-xo>]|==+[=xo>]|-\.+-[xo>]?)/y;
const LINK_WITH_TEXT = /[<xo]?(--|==|-\.)\s*(?=\S)/y;
const LINK_END: Readonly<Record<string, RegExp>> = {
  '--': /--+[-xo>]/g,
  '==': /==+[=xo>]/g,
  '-.': /\.+-[xo>]?/g,
};
/** Statements that only draw. */
const DRAWS = /(classDef|class|style|linkStyle|click|direction|accTitle|accDescr)\b[^\n;]*/y;
/** Characters that a label without quotes may have. */
const MAX_LABEL = 4_000;
const SPACE = /[^\S\n]*/y;
const BETWEEN = /(?:\s|;)*/y;

/** @throws TaskError where it is no flowchart, with the line of what cannot be read */
export function fromMermaid(text: string, settled: Settled, losses: Losses): GraphSpec {
  const reader = new MermaidReader(text, losses);
  reader.read();
  return reader.picture.spec(settled);
}

class MermaidReader {
  readonly picture: Picture;
  private readonly scan: Scanner;
  private readonly frames: string[] = [];
  private unnamed = 0;

  constructor(text: string, losses: Losses) {
    this.scan = new Scanner(text);
    this.picture = new Picture(losses);
  }

  read(): void {
    this.head();
    for (;;) {
      this.scan.take(BETWEEN);
      if (this.scan.done) break;
      if (!this.comment()) this.statement();
    }
    const open = this.frames.at(-1);
    if (open !== undefined) throw refused(`the subgraph ${open} has no end`);
  }

  private head(): void {
    const { scan } = this;
    scan.take(BETWEEN);
    if (scan.sees('---')) this.frontmatter();
    for (scan.take(BETWEEN); this.comment(); scan.take(BETWEEN));
    const head = scan.take(
      /(?:flowchart(?:-elk)?|graph)\b[^\S\n]*(TB|TD|BT|RL|LR|>|<|\^|v)?(?=[\s;]|$)/y,
    );
    if (!head)
      throw scan.wrong(
        '"flowchart TD" or "graph LR": other diagrams of Mermaid are no graphs of tasks',
      );
    const [, direction = 'TD'] = head;
    if (direction !== 'TD' && direction !== 'TB')
      this.picture.lose(scan.line, 'direction', `${direction} says how it is drawn; left out`);
  }

  private frontmatter(): void {
    const { scan } = this;
    scan.at += 3;
    const inside = scan.upTo('\n---');
    if (inside === undefined) throw scan.wrong('"---" at the end of the front matter');
    const { spec, faults } = parseText(inside);
    if (faults[0]) throw refused(`front matter: ${faults[0].message}`);
    for (const [key, value] of isObject(spec) ? Object.entries(spec) : [])
      if (key === 'title') this.picture.name = typeof value === 'string' ? value : preview(value);
      else this.picture.lose(scan.line, key, 'says how it is drawn; left out');
  }

  /** `%% id n1 lines-1` says which node a box is; what our own writer adds. Other comments say nothing. */
  private comment(): boolean {
    const { scan } = this;
    const directive = scan.take(/%%\{[\s\S]*?\}%%/y);
    if (directive) {
      this.picture.lose(scan.line, 'init', 'says how it is drawn; left out');
      return true;
    }
    const comment = scan.take(/%%([^\n]*)/y);
    const [, raw, id] =
      /^ id (\S+) ([A-Za-z0-9_.-]{1,128})$/.exec(comment?.[1]?.trimEnd() ?? '') ?? [];
    if (raw !== undefined && id !== undefined) this.picture.identify(raw, id);
    return comment !== undefined;
  }

  private statement(): void {
    const { scan } = this;
    const line = scan.line;
    const draws = scan.take(DRAWS);
    if (draws) {
      if (draws[0].endsWith('{')) scan.upTo('}');
      return this.picture.lose(line, draws[1] ?? '', 'says how it is drawn; left out');
    }
    if (scan.take(/subgraph\b[^\S\n]*/y)) return this.frame(line);
    if (scan.take(/end(?=[\s;]|$)/y)) {
      if (this.frames.pop() === undefined) throw refused(`line ${line}: "end" without a subgraph`);
      return;
    }
    this.chain();
  }

  private frame(line: number): void {
    const { scan } = this;
    const rest = scan.take(/[^\n;]*/y)?.[0].trim() ?? '';
    const [, id, title] = /^([^\s["(]+)\s*(?:[["(]+(.*?)[\])"]+)?$/.exec(rest) ?? [];
    const raw = id ?? (rest === '' ? `subgraph-${++this.unnamed}` : rest.replace(/^"|"$/g, ''));
    this.picture.group(raw);
    const outer = this.frames.at(-1);
    if (outer !== undefined) this.picture.inGroup(outer, raw);
    this.frames.push(raw);
    this.picture.lose(
      line,
      'subgraph',
      `the frame ${JSON.stringify(title ?? raw)} is only drawn; its nodes stand in the one graph`,
    );
  }

  /** `a & b --> c --> d` */
  private chain(): void {
    let from = this.boxes();
    for (;;) {
      this.scan.take(SPACE);
      const link = this.link();
      if (!link) break;
      this.scan.take(/\s*/y);
      const to = this.boxes();
      if (link.edge)
        for (const start of from)
          for (const end of to) this.picture.arrow(start, end, this.scan.line);
      from = to;
    }
    this.scan.take(SPACE);
    if (
      !this.scan.done &&
      !/[\n;]/.test(this.scan.text[this.scan.at] ?? '') &&
      !this.scan.sees('%%')
    )
      throw this.scan.wrong('an arrow such as --> or the end of the line');
  }

  private boxes(): string[] {
    const boxes = [this.node()];
    for (;;) {
      const before = this.scan.at;
      this.scan.take(SPACE);
      if (!this.scan.take(/&\s*/y)) {
        this.scan.at = before;
        return boxes;
      }
      boxes.push(this.node());
    }
  }

  private node(): string {
    const { scan } = this;
    const line = scan.line;
    const id = scan.take(ID)?.[0];
    if (id === undefined) throw scan.wrong('a node');
    const label = this.more(line) ?? this.label(line);
    if (scan.take(/:::[\w-]+/y)) this.picture.lose(line, 'class', 'says how it is drawn; left out');
    this.picture.box(id, line, label);
    const frame = this.frames.at(-1);
    if (frame !== undefined) this.picture.inGroup(frame, id);
    return id;
  }

  /** `@{ shape: diamond, label: "Sure?" }` */
  private more(line: number): string | undefined {
    const { scan } = this;
    if (!scan.take(/@\{/y)) return undefined;
    const inside = scan.take(/(?:"[^"]*"|[^"}])*/y)?.[0] ?? '';
    if (!scan.take(/\}/y)) throw scan.wrong('"}"');
    this.picture.lose(line, 'shape', 'says how it is drawn; left out');
    const [, quoted, bare] = /label\s*:\s*(?:"([^"]*)"|([^,}]*))/.exec(inside) ?? [];
    return decoded(quoted ?? bare?.trim());
  }

  private label(line: number): string | undefined {
    const { scan } = this;
    const shape = SHAPES.find(([open]) => scan.sees(open));
    if (!shape) return undefined;
    const [open, closes, plain] = shape;
    scan.at += open.length;
    const quoted = scan.take(/\s*"([^"]*)"\s*/y);
    const close = quoted
      ? closes.find((one) => scan.sees(one))
      : firstOf(scan.text.slice(scan.at, scan.at + MAX_LABEL), closes);
    if (close === undefined) throw scan.wrong(`${closes.join(' or ')} at the end of the label`);
    const bare = quoted ? (scan.upTo(close), '') : (scan.upTo(close) ?? '');
    if (!plain)
      this.picture.lose(line, 'shape', `the shape ${open}…${close} says nothing here; left out`);
    return decoded(quoted ? quoted[1]?.replace(/^`([\s\S]*)`$/, '$1') : bare.trim());
  }

  /** An arrow, with what is written at it. */
  private link(): { edge: boolean } | undefined {
    const { scan } = this;
    const line = scan.line;
    if (scan.take(/[\w-]+@(?=[<xo]?[-=])/y))
      this.picture.lose(line, 'edge id', 'an arrow has no name here; left out');
    if (scan.take(/~~~+/y)) {
      this.picture.lose(line, '~~~', 'an unseen link only places boxes; left out');
      return { edge: false };
    }
    let link = scan.take(LINK)?.[0];
    let text: string | undefined;
    if (link === undefined) {
      const start = scan.take(LINK_WITH_TEXT);
      if (!start) return undefined;
      const pattern = LINK_END[start[1] ?? ''] ?? /--+>/g;
      pattern.lastIndex = scan.at;
      const end = pattern.exec(scan.text);
      if (!end || scan.text.slice(scan.at, end.index).includes('\n'))
        throw scan.wrong('an arrow that ends, such as -- text -->');
      text = scan.text.slice(scan.at, end.index);
      link = `${start[0].trim()}${end[0]}`;
      scan.at = end.index + end[0].length;
    }
    const piped = scan.take(/\s*\|([^|]*)\|/y);
    this.loseLink(line, link, text ?? piped?.[1]);
    return { edge: true };
  }

  private loseLink(line: number, link: string, text: string | undefined): void {
    if (text !== undefined && text.trim() !== '')
      this.picture.lose(
        line,
        'label',
        `what stands at the arrow, ${JSON.stringify(text.trim().replace(/^"|"$/g, ''))}, says nothing here; a condition is the node's when`,
      );
    if (/^[<xo]/.test(link))
      this.picture.lose(line, 'arrow', `${link} points both ways; read from left to right`);
    else if (/[^>]$/.test(link))
      this.picture.lose(line, 'arrow', `${link} has no head; read from left to right`);
    if (/[=.]/.test(link))
      this.picture.lose(line, 'line', `${link} says how it is drawn; left out`);
  }
}

/** The one of these that comes first. */
function firstOf(text: string, wanted: readonly string[]): string | undefined {
  const places = wanted.map((one) => ({ one, at: text.indexOf(one) })).filter(({ at }) => at >= 0);
  return places.sort((a, b) => a.at - b.at)[0]?.one;
}

const ENTITIES: Readonly<Record<string, string>> = {
  quot: '"',
  lt: '<',
  gt: '>',
  amp: '&',
  nbsp: ' ',
};

/** A label without Mermaid's codes: `#quot;`, `#35;`, `<br/>`. */
function decoded(label: string | undefined): string | undefined {
  return label
    ?.replace(/<br\s*\/?>/gi, '\n')
    .replace(/[#&]#?(\d{1,6}|quot|lt|gt|amp|nbsp);/g, (whole, code: string) => {
      if (!/^\d/.test(code)) return ENTITIES[code] ?? whole;
      const point = Number(code);
      return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
    });
}
