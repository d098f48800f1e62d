/** Pipeline files: YAML or JSON text to a spec and back, with the line and column of every fault. */
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  Parser,
  visit,
  Document,
  type CST,
  type Node,
} from 'yaml';
import type { Fault } from './fault.js';
import { fault } from './fault.js';
import { isObject, type Json } from './json.js';
import type { GraphSpec } from './spec.js';
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
  if (isTooDeep(text)) {
    return refused(
      fault([], 'TOO_LARGE', `the file is nested too deep; the limit is ${MAX_DEPTH} levels`),
    );
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: false, // textFaults does, in less time
    merge: true,
    strict: true,
    prettyErrors: false,
    version: '1.2',
    logLevel: 'error',
  });
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
      locate: (faults) => faults.map((one) => located(one, document, lines)),
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

/** The tokens are nested but parsed and walked without recursion. */
function isTooDeep(text: string): boolean {
  const open: [CST.Token | null | undefined, number][] = [];
  for (const token of new Parser().parse(text)) open.push([token, 0]);
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

/** At the value, or at the key where that is what is wrong; at what should hold it where it is missing. */
function located(one: Fault, document: Document, lines: LineCounter): Fault {
  const path = parsePath(one.path);
  if (path[0] === 'submission') return one; // what was said beside the text
  let at: Node | null | undefined = document.contents;
  let start = at?.range?.[0];
  for (const [index, step] of path.entries()) {
    const pair = inside(resolved(at, document), step);
    if (!pair) break;
    const atKey = index === path.length - 1 && isOfKey(one, path);
    at = pair.value;
    start = (atKey ? pair.key : at)?.range?.[0] ?? pair.key?.range?.[0] ?? start;
  }
  if (start === undefined) return one;
  const { line, col } = lines.linePos(start);
  return { ...one, line, column: col };
}

/** A field that nobody knows, a parameter that nobody takes, or one whose name or whole schema is no good. */
function isOfKey({ code }: Fault, path: readonly (string | number)[]): boolean {
  if (code === 'UNKNOWN_FIELD' || code === 'UNKNOWN_PARAM') return true;
  return code === 'INVALID_VALUE' && path.length === 2 && path[0] === 'params';
}

const resolved = (node: Node | null | undefined, document: Document): Node | undefined =>
  (isAlias(node) ? node.resolve(document) : node) ?? undefined;

function inside(
  node: Node | undefined,
  step: string | number,
): { key?: Node | undefined; value: Node | null | undefined } | undefined {
  if (isSeq(node)) {
    const item = typeof step === 'number' ? node.items[step] : undefined;
    return isNode(item) ? { value: item } : undefined;
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
  if (!pair) return undefined;
  return {
    key: isNode(pair.key) ? pair.key : undefined,
    value: isNode(pair.value) ? pair.value : undefined,
  };
}

/** The steps of a path as `formatPath` writes it. */
function parsePath(path: string): (string | number)[] {
  if (path === '(root)') return [];
  return [...path.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g)].map(
    ([, index, quoted, word]) =>
      index !== undefined
        ? Number(index)
        : quoted !== undefined
          ? (JSON.parse(`"${quoted}"`) as string)
          : (word as string),
  );
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
