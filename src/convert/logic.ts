/**
 * The expressions of other tools as a tree: GitHub's `needs.a.result == 'success' && !cancelled()`, Argo's
 * `a.Succeeded || b.Failed`, its conditions `{{steps.flip.outputs.result}} == heads`, and its expression tags.
 *
 * They share operators, brackets and calls. What differs is what a bare word is, so that is a setting.
 */
import { preview } from '../domain/json.js';

export type Logic =
  | { kind: 'value'; value: string | number | boolean | null }
  /** A word with its steps: `needs.a.result`, `inputs["x"]`; `*` is a step too. */
  | { kind: 'ref'; path: (string | number)[] }
  | { kind: 'call'; name: string; args: Logic[] }
  | { kind: 'not'; of: Logic }
  | { kind: 'binary'; operator: Operator; left: Logic; right: Logic }
  | { kind: 'choose'; when: Logic; yes: Logic; no: Logic };

const OPERATORS = ['&&', '||', '??', '==', '!=', '<=', '>=', '=~', '!~', '<', '>'] as const;
export type Operator = (typeof OPERATORS)[number];

/** What a bare word is: a reference with steps after it, or text as in Argo's `when`. */
export type Words = 'references' | 'text';

interface Token {
  kind: 'word' | 'text' | 'number' | 'sign' | 'tag' | 'end';
  text: string;
}

const MAX_LENGTH = 20_000;
/** Words and signs: the tree of a chain is as deep as the chain is long. */
const MAX_TOKENS = 1_000;
const MAX_DEPTH = 60;
const WORD = /\w[\w-]*/y;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.-])/y;
/** What may follow a tag or a word directly and still belongs to it: `a{{x}}-b`. */
const BARE = /(?:\{\{[\s\S]*?\}\}|[^\s()=!<>&|,'"~])+/y;

/** Why an expression has no tree, or no counterpart. */
export class NotTranslatable extends Error {
  override readonly name = 'NotTranslatable';
}

/** @throws NotTranslatable */
export function parseLogic(text: string, words: Words = 'references'): Logic {
  if (text.length > MAX_LENGTH)
    throw new NotTranslatable(`is longer than ${MAX_LENGTH} characters`);
  const parser = new Parser(tokens(text, words), words);
  return parser.whole();
}

function tokens(text: string, words: Words): Token[] {
  const found: Token[] = [];
  const match = (pattern: RegExp, at: number): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  for (let at = 0; at < text.length;) {
    const character = text[at] ?? '';
    if (/\s/.test(character)) {
      at++;
      continue;
    }
    if (character === "'" || character === '"') {
      const { value, end } = quoted(text, at);
      found.push({ kind: 'text', text: value });
      at = end;
      continue;
    }
    const sign = [...OPERATORS, '!', '(', ')', ',', '?', ':'].find((one) =>
      text.startsWith(one, at),
    );
    const bare = words === 'text' && sign === undefined ? match(BARE, at) : undefined;
    const number = bare === undefined ? match(NUMBER, at) : undefined;
    const word = match(WORD, at);
    if (bare !== undefined) found.push({ kind: 'tag', text: bare });
    else if (number !== undefined) found.push({ kind: 'number', text: number });
    else if (sign !== undefined) found.push({ kind: 'sign', text: sign });
    else if (word !== undefined) found.push({ kind: 'word', text: word });
    else if ('.[]*'.includes(character)) found.push({ kind: 'sign', text: character });
    else throw new NotTranslatable(`cannot be read from ${preview(text.slice(at, at + 20))} on`);
    at += (bare ?? number ?? sign ?? word ?? character).length;
  }
  if (found.length > MAX_TOKENS)
    throw new NotTranslatable(`has more than ${MAX_TOKENS} words and signs`);
  return [...found, { kind: 'end', text: '' }];
}

/** A text in quotes: `''` in single ones is a quote, as GitHub has it; `\` escapes, as Argo has it. */
function quoted(text: string, from: number): { value: string; end: number } {
  const quote = text[from];
  let value = '';
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\' && at + 1 < text.length) value += text[++at];
    else if (text[at] !== quote) value += text[at];
    else if (quote === "'" && text[at + 1] === quote) value += text[++at];
    else return { value, end: at + 1 };
  }
  throw new NotTranslatable(`has no end of the text that begins with ${preview(text.slice(from))}`);
}

class Parser {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly list: readonly Token[],
    private readonly words: Words,
  ) {}

  whole(): Logic {
    const logic = this.choice();
    if (this.next.kind !== 'end') throw this.unexpected();
    return logic;
  }

  private get next(): Token {
    return this.list[this.at] ?? { kind: 'end', text: '' };
  }

  private takes(sign: string): boolean {
    const { kind, text } = this.next;
    if (kind !== 'sign' || text !== sign) return false;
    this.at++;
    return true;
  }

  private expect(sign: string): void {
    if (!this.takes(sign)) throw this.unexpected(`expected ${sign}`);
  }

  private unexpected(what = 'cannot be read'): NotTranslatable {
    const { kind, text } = this.next;
    return new NotTranslatable(`${what}, got ${kind === 'end' ? 'the end' : preview(text)}`);
  }

  private choice(): Logic {
    if (++this.depth > MAX_DEPTH) throw new NotTranslatable(`is nested over ${MAX_DEPTH} deep`);
    const when = this.chain(['||', '??'], () => this.chain(['&&'], () => this.compared()));
    this.depth--;
    if (!this.takes('?')) return when;
    const yes = this.choice();
    this.expect(':');
    return { kind: 'choose', when, yes, no: this.choice() };
  }

  private chain(operators: readonly Operator[], part: () => Logic): Logic {
    let left = part();
    for (;;) {
      const operator = operators.find((one) => this.takes(one));
      if (operator === undefined) return left;
      left = { kind: 'binary', operator, left, right: part() };
    }
  }

  private compared(): Logic {
    return this.chain(['==', '!=', '<=', '>=', '=~', '!~', '<', '>'], () => this.unary());
  }

  private unary(): Logic {
    if (!this.takes('!')) return this.primary();
    if (++this.depth > MAX_DEPTH) throw new NotTranslatable(`is nested over ${MAX_DEPTH} deep`);
    const of = this.unary();
    this.depth--;
    return { kind: 'not', of };
  }

  private primary(): Logic {
    if (this.takes('(')) {
      const inside = this.choice();
      this.expect(')');
      return inside;
    }
    const { kind, text } = this.next;
    if (kind === 'sign' || kind === 'end') throw this.unexpected();
    this.at++;
    if (kind === 'number') return { kind: 'value', value: Number(text) };
    if (kind === 'text' || kind === 'tag') return { kind: 'value', value: text };
    if (this.takes('(')) return { kind: 'call', name: text, args: this.args() };
    const constant = CONSTANTS.get(text);
    return constant === undefined ? this.steps(text) : { kind: 'value', value: constant };
  }

  private args(): Logic[] {
    const args: Logic[] = [];
    if (this.takes(')')) return args;
    do args.push(this.choice());
    while (this.takes(','));
    this.expect(')');
    return args;
  }

  private steps(first: string): Logic {
    const path: (string | number)[] = [first];
    while (this.words === 'references') {
      if (this.takes('.')) {
        if (this.takes('*')) path.push('*');
        else if (this.next.kind !== 'word') throw this.unexpected('expected a name');
        else path.push(this.list[this.at++]?.text ?? '');
      } else if (this.takes('[')) {
        if (this.takes('*')) path.push('*');
        else path.push(this.index());
        this.expect(']');
      } else break;
    }
    if (this.takes('('))
      throw new NotTranslatable(`calls ${path.join('.')}(…), which has no counterpart`);
    return { kind: 'ref', path };
  }

  private index(): string | number {
    const { kind, text } = this.next;
    if (kind !== 'text' && kind !== 'number') throw this.unexpected('expected a name in quotes');
    this.at++;
    return kind === 'number' ? Number(text) : text;
  }
}

const CONSTANTS = new Map<string, boolean | null>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['nil', null],
]);

/** The parts of `a && b && c`, or of `a || b || c`, outermost level. */
export function partsOf(operator: '&&' | '||', logic: Logic): Logic[] {
  return logic.kind === 'binary' && logic.operator === operator
    ? [...partsOf(operator, logic.left), ...partsOf(operator, logic.right)]
    : [logic];
}

/** Every node of the tree. */
export function allOf(logic: Logic): Logic[] {
  const inside =
    logic.kind === 'call'
      ? logic.args
      : logic.kind === 'not'
        ? [logic.of]
        : logic.kind === 'binary'
          ? [logic.left, logic.right]
          : logic.kind === 'choose'
            ? [logic.when, logic.yes, logic.no]
            : [];
  return [logic, ...inside.flatMap(allOf)];
}
