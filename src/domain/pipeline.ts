/** Pipeline files: YAML or JSON text to a spec and back, with the line and column of every fault. */
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  Parser,
  visit,
  Composer,
  Document,
  YAMLParseError,
  type CST,
  type Node,
} from 'yaml';
import type { Fault } from './fault.js';
import { fault } from './fault.js';
import { jsonPlaces, readJson } from './json-text.js';
import { isObject, type Json } from './json.js';
import type { GraphSpec } from './spec.js';
import { located, type TextPlace } from './text-places.js';
import { aliasBeyond, textFaults, yamlProblem } from './yaml-faults.js';

/** Characters that a pipeline file may have. */
const MAX_TEXT = 5_000_000;
/** References to anchors: a dozen lines of nested aliases could else become gigabytes. */
const MAX_ALIASES = 100;
const TOO_MANY_ALIASES = `the aliases up to this one stand for too much; the limit is ${MAX_ALIASES} values taken from anchors, those within them counted too: write some of them out`;
/** Errors of YAML that are told: after the first few they are of no help. */
const MAX_ERRORS = 100;
/** Brackets within brackets: composing them recurses, and V8 may end the process where the stack does. */
const MAX_DEPTH = 200;

export interface ParsedText {
  /** What the text says, not yet validated. */
  spec: Json;
  faults: Fault[];
  /** Adds the line and column to faults whose place is in the text. */
  locate(faults: readonly Fault[]): Fault[];
}

/** A pipeline as it was written. */
export interface ParsedPipeline extends Omit<ParsedText, 'spec'> {
  /** What the text says, not yet validated: who is given it says what is wrong with it. Null where the text cannot be read. */
  spec: GraphSpec | null;
}

/** Reads YAML (JSON is YAML). Never throws: what is wrong with the text is in `faults`. */
export const parsePipeline = (text: string): ParsedPipeline => parseText(text) as ParsedPipeline;

/** The same, where it may be anything. */
export function parseText(text: string): ParsedText {
  if (text.length > MAX_TEXT) {
    return refused(
      fault([], 'TOO_LARGE', `the file has ${text.length} characters; the limit is ${MAX_TEXT}`),
    );
  }
  const json = readJson(text, MAX_DEPTH);
  if (json) {
    return {
      spec: withoutDialect(json.value),
      faults: [],
      locate: (faults) => {
        if (faults.length === 0) return [];
        const { root, lines } = jsonPlaces(text);
        return faults.map((one) => located(one, root, lines));
      },
    };
  }
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  if (isTooDeep(tokens)) {
    return refused(
      fault([], 'TOO_LARGE', `the file is nested too deep; the limit is ${MAX_DEPTH} levels`),
    );
  }
  const [document, another] = composed(tokens, text.length);
  if (!document) return refused(fault([], 'YAML', 'expected a document, got none'));
  if (another) {
    const [start, end] = another.range;
    const message = 'expected one document, got another after "---"';
    document.errors.push(new YAMLParseError([start, end], 'MULTIPLE_DOCS', message));
  }
  const inText = (at: number, message: string): Fault => {
    const { line, col } = lines.linePos(at);
    return { ...fault([], 'YAML', message), line, column: col };
  };
  if (document.errors.length > 0) {
    const faults = document.errors
      .slice(0, MAX_ERRORS)
      .map((error) => inText(error.pos[0], yamlProblem(error)));
    return { spec: null, faults, locate: (others) => [...others] };
  }
  const { faults: found, isUnreadable } = textFaults(document, text);
  const faults = found.map(({ at, message }) => inText(at, message));
  if (isUnreadable) return { spec: null, faults, locate: (others) => [...others] };
  try {
    const spec = withoutDialect(document.toJS({ maxAliasCount: MAX_ALIASES }) as Json);
    return {
      spec,
      faults,
      locate: (faults) => {
        const root = yamlPlace(document.contents, document);
        return faults.map((one) => located(one, root, lines));
      },
    };
  } catch (error) {
    const { message } = error as Error;
    if (!message.startsWith('Excessive alias count')) return refused(fault([], 'YAML', message));
    return refused(inText(aliasBeyond(document, MAX_ALIASES) ?? 0, TOO_MANY_ALIASES));
  }
}

/** A JSON file names its schema for editors in a field; it says nothing of the graph. */
function withoutDialect(spec: Json): Json {
  if (!isObject(spec) || typeof spec['$schema'] !== 'string') return spec;
  const { $schema: _dialect, ...rest } = spec;
  return rest;
}

/** The first two documents of a text, as the parser's own `parseDocument` makes one, of tokens that are at hand. */
function composed(tokens: CST.Token[], length: number): Document.Parsed[] {
  const composer = new Composer({
    uniqueKeys: false, // textFaults does, in less time
    merge: true,
    strict: true,
    prettyErrors: false,
    version: '1.2',
    logLevel: 'error',
  });
  const documents: Document.Parsed[] = [];
  for (const one of composer.compose(tokens, true, length)) if (documents.push(one) === 2) break;
  return documents;
}

/** The tokens are nested but parsed and walked without recursion. */
function isTooDeep(tokens: readonly CST.Token[]): boolean {
  const open: [CST.Token | null | undefined, number][] = tokens.map((token) => [token, 0]);
  for (let next = open.pop(); next; next = open.pop()) {
    const [token, depth] = next;
    if (depth > MAX_DEPTH) return true;
    if (token?.type === 'document') open.push([token.value, depth]);
    if (!token || !('items' in token)) continue;
    for (const { key, value } of token.items) open.push([key, depth + 1], [value, depth + 1]);
  }
  return false;
}

function refused(one: Fault): ParsedText {
  return { spec: null, faults: [one], locate: (faults) => [...faults] };
}

/** A node of YAML as a place in the text. */
function yamlPlace(given: Node | null | undefined, document: Document): TextPlace {
  const node = isAlias(given) ? given.resolve(document) : (given ?? undefined);
  return {
    start: given?.range?.[0],
    inside: (step) => {
      if (isSeq(node)) {
        const item = typeof step === 'number' ? node.items[step] : undefined;
        return isNode(item) ? { value: yamlPlace(item, document) } : undefined;
      }
      if (!isMap(node)) return undefined;
      const pair = node.items.find(
        ({ key }) => isScalar(key) && String(key.value) === String(step),
      );
      if (!pair) return undefined;
      return {
        key: isNode(pair.key) ? pair.key.range?.[0] : undefined,
        value: isNode(pair.value) ? yamlPlace(pair.value, document) : undefined,
      };
    },
  };
}

/** A spec as YAML, for people. */
export function pipelineToYaml(spec: GraphSpec): string {
  const document = new Document(spec, { aliasDuplicateObjects: false });
  visit(document, {
    Pair: (_key, { key }) => {
      if (isScalar(key) && key.value === '<<') key.type = 'QUOTE_DOUBLE'; // plain, it would merge
    },
  });
  return document.toString({ lineWidth: 100 });
}
