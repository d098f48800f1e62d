/** DOT, the language of Graphviz: nodes and edges. Attributes other than a label only say how it looks: a loss. */
import type { GraphSpec } from '../domain/spec.js';
import { refused, type Settled } from './conversion.js';
import type { Losses } from './loss.js';
import { Picture } from './picture.js';
import { Scanner } from './scanner.js';

const SPACE = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/|(?<=^|\n)#[^\n]*)*/y;
const WORD = /[\p{L}_\u0080-\uffff][\p{L}\p{N}\p{M}_\u0080-\uffff]*|-?(?:\.\d+|\d+(?:\.\d*)?)/uy;
const KEYWORDS = new Set(['node', 'edge', 'graph', 'digraph', 'subgraph', 'strict']);
const MAX_DEPTH = 100;

/** An end of an edge: a node, or all nodes of a subgraph. */
type End = string[];

/** @throws TaskError where it is no graph, with the line of what cannot be read */
export function fromDot(text: string, settled: Settled, losses: Losses): GraphSpec {
  const reader = new DotReader(text, losses);
  reader.read();
  return reader.picture.spec(settled);
}

class DotReader {
  readonly picture: Picture;
  private readonly scan: Scanner;
  private directed = true;
  private depth = 0;

  constructor(text: string, losses: Losses) {
    this.scan = new Scanner(text);
    this.picture = new Picture(losses);
  }

  read(): void {
    this.space();
    const strict = this.scan.take(/strict\b/iy);
    this.space();
    const kind = this.scan.take(/(di)?graph\b/iy);
    if (!kind) throw this.scan.wrong('"digraph" or "graph"');
    this.directed = kind[1] !== undefined;
    if (!this.directed)
      this.picture.lose(
        this.scan.line,
        'graph',
        'its edges have no direction; read from left to right',
      );
    if (strict && !this.directed)
      this.picture.lose(this.scan.line, 'strict', 'edges are never twice here');
    this.space();
    this.picture.name = this.id();
    this.body();
    this.space();
    if (!this.scan.done) throw this.scan.wrong('the end: one file is one graph');
  }

  private space(): void {
    this.scan.take(SPACE);
  }

  /** `{ … }`; gives the nodes that are named in it. */
  private body(): End {
    if (++this.depth > MAX_DEPTH)
      throw refused(`line ${this.scan.line}: subgraphs are nested over ${MAX_DEPTH} deep`);
    this.space();
    if (!this.scan.take(/\{/y)) throw this.scan.wrong('"{"');
    const named = new Set<string>();
    for (;;) {
      this.space();
      if (this.scan.take(/\}/y)) break;
      if (this.scan.done) throw this.scan.wrong('"}"');
      if (this.scan.take(/;/y)) continue;
      for (const one of this.statement()) named.add(one);
    }
    this.depth--;
    return [...named];
  }

  private statement(): End {
    const { scan } = this;
    const line = scan.line;
    const defaults = scan.take(/(node|edge|graph)(?=\s*\[)/iy);
    if (defaults) {
      this.loseAttributes(line, this.attributes());
      return [];
    }
    const first = this.end();
    if (first.assigned !== undefined) return [];
    const named = new Set(first.nodes);
    let from = first.nodes;
    for (let edges = 0; ; edges++) {
      this.space();
      const edge = scan.take(/->|--/y)?.[0];
      if (edge === undefined) {
        this.finish(line, first, edges);
        return [...named];
      }
      if ((edge === '->') !== this.directed)
        throw refused(
          `line ${line}: ${edge} is no edge of a ${this.directed ? 'digraph' : 'graph'}; expected ${this.directed ? '->' : '--'}`,
        );
      const { nodes } = this.end();
      for (const start of from) for (const stop of nodes) this.picture.arrow(start, stop, line);
      for (const one of nodes) named.add(one);
      from = nodes;
    }
  }

  /** The attributes behind a node or an edge. */
  private finish(
    line: number,
    { nodes, node }: { nodes: End; node: boolean },
    edges: number,
  ): void {
    const attributes = this.attributes();
    const [only] = nodes;
    if (edges === 0 && node && only !== undefined) {
      const label = attributes.get('label');
      if (label !== undefined) this.picture.box(only, line, labelText(label, only));
      attributes.delete('label');
    }
    this.loseAttributes(line, attributes);
  }

  /** A node with its port, a subgraph, or `name = value`. */
  private end(): { nodes: End; node: boolean; assigned?: true } {
    const { scan } = this;
    this.space();
    const line = scan.line;
    if (scan.sees('{')) return { nodes: this.body(), node: false };
    if (scan.take(/subgraph\b/iy)) {
      this.space();
      const name = this.id();
      this.picture.lose(
        line,
        'subgraph',
        `the frame ${JSON.stringify(name ?? '')} is only drawn; its nodes stand in the one graph`,
      );
      this.space();
      return { nodes: scan.sees('{') ? this.body() : [], node: false };
    }
    const id = this.id();
    if (id === undefined) throw scan.wrong('a node, an edge or "}"');
    this.space();
    if (scan.take(/=/y)) {
      this.space();
      const value = this.id();
      if (value === undefined) throw scan.wrong(`a value of ${id}`);
      this.picture.lose(line, id, 'says how it is drawn; left out');
      return { nodes: [], node: false, assigned: true };
    }
    while (scan.take(/:/y)) {
      this.space();
      if (this.id() === undefined) throw scan.wrong('a port');
      this.picture.lose(line, 'port', 'where an edge ends at a node is only drawn; left out');
      this.space();
    }
    this.picture.box(id, line);
    return { nodes: [id], node: true };
  }

  /** `[a=b, c="d"][e=f]` */
  private attributes(): Map<string, string> {
    const { scan } = this;
    const found = new Map<string, string>();
    for (;;) {
      this.space();
      if (!scan.take(/\[/y)) return found;
      for (;;) {
        this.space();
        if (scan.take(/\]/y)) break;
        if (scan.take(/[,;]/y)) continue;
        const key = this.id();
        if (key === undefined) throw scan.wrong('an attribute or "]"');
        this.space();
        const given = scan.take(/=/y) !== undefined;
        this.space();
        const value = given ? this.id() : 'true';
        if (value === undefined) throw scan.wrong(`a value of ${key}`);
        found.set(key, value);
      }
    }
  }

  private loseAttributes(line: number, attributes: ReadonlyMap<string, string>): void {
    for (const key of attributes.keys())
      this.picture.lose(
        line,
        key,
        key === 'label'
          ? "what stands at an edge says nothing here; a condition is the node's when"
          : 'says how it is drawn; left out',
      );
  }

  /** A word, a number, a text in quotes or in angle brackets; undefined where there is none. */
  private id(): string | undefined {
    const { scan } = this;
    if (scan.sees('"')) return this.quoted();
    if (scan.sees('<')) return this.html();
    const before = scan.at;
    const word = scan.take(WORD)?.[0];
    if (word !== undefined && KEYWORDS.has(word.toLowerCase())) {
      scan.at = before;
      throw scan.wrong(`an id; ${word} is a word of DOT, so it has to stand in quotes`);
    }
    return word;
  }

  private quoted(): string {
    const { scan } = this;
    const found = scan.take(/"((?:[^"\\]|\\[\s\S])*)"/y);
    if (!found) throw scan.wrong('a text that ends with a quote');
    const text = (found[1] ?? '').replace(/\\\r?\n/g, '').replaceAll('\\"', '"');
    this.space();
    if (!scan.take(/\+/y)) return unescaped(text);
    this.space();
    if (!scan.sees('"')) throw scan.wrong('a text in quotes after +');
    return unescaped(text) + this.quoted();
  }

  private html(): string {
    const { scan } = this;
    const start = scan.at;
    let depth = 0;
    for (; !scan.done; scan.at++) {
      const character = scan.text[scan.at];
      if (character === '<') depth++;
      else if (character === '>' && --depth === 0) {
        scan.at++;
        return scan.text
          .slice(start + 1, scan.at - 1)
          .replace(/<br\s*\/?>/gi, '\n')
          .replace(/<[^>]*>/g, '');
      }
    }
    scan.at = start;
    throw scan.wrong('a text that ends with >');
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', l: '\n', r: '\n', '\\': '\\' };

/** What stands for a line's end and for the backslash; `\N` and `\G` stay for the label. */
const unescaped = (text: string): string =>
  text.replace(/\\([nlr\\])/g, (whole, character: string) => ESCAPES[character] ?? whole);

/** In a label `\N` is the node. */
const labelText = (label: string, id: string): string => label.replaceAll('\\N', () => id);
