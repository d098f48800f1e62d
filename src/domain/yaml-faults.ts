/** What is wrong with a text of YAML, in words of ours. */
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  visit,
  type Alias,
  type Document,
  type Node,
  type Scalar,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { suggest } from './suggest.js';
import { cut } from './visible-text.js';
import { isExact, isWhole } from './whole-number.js';

/** What an error of the parser says. */
export function yamlProblem({ code, message }: YAMLError): string {
  if (code === 'MULTIPLE_DOCS') return 'expected one document, got another after "---"';
  return cut(message, 300);
}

/** What is wrong with a text that can be read as YAML. */
export interface TextFaults {
  /** Where each begins in the text. */
  faults: { at: number; message: string }[];
  /** The text cannot be taken for what it would become, so nothing else is said of it. */
  isUnreadable: boolean;
}

/** Those of YAML that JSON has a value for. */
const TAGS = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`),
);

/**
 * Aliases of nothing, keys that are there twice or are no text, tags that JSON has no value for, and whole numbers that no
 * number of JSON holds exactly (beyond 2^53): they would be something else without anybody being told. In one walk: asked
 * of the parser, keys would take time by the square of their number, and aliases have no place.
 */
export function textFaults(document: Document, text: string): TextFaults {
  const faults: TextFaults['faults'] = [];
  const numbers: TextFaults['faults'] = [];
  const anchored = new Map<string, Node>();
  const say = (node: Node, message: string): void =>
    void faults.push({ at: node.range?.[0] ?? 0, message });
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node)) {
        if (!anchored.has(node.source)) say(node, unsetAlias(node.source, anchored));
        return;
      }
      if (node.anchor !== undefined) anchored.set(node.anchor, node);
      if (node.tag !== undefined && node.tag !== '!' && !TAGS.has(node.tag))
        say(
          node,
          `the tag ${JSON.stringify(shortTag(node.tag))} has no value in JSON; leave it out, or write text in quotes`,
        );
      if (isScalar(node)) numbers.push(...inexact(node));
      if (isMap(node)) for (const one of keyFaults(node, anchored, text)) say(...one);
    },
  });
  return { faults: [...faults, ...numbers], isUnreadable: faults.length > 0 };
}

/** The alias with which there are too many, or the last: what it and those before it stand for is too much. */
export function aliasBeyond(document: Document, most: number): number | undefined {
  const found: Alias[] = [];
  visit(document, { Alias: (_key, node) => void found.push(node) });
  return (found[most] ?? found.at(-1))?.range?.[0];
}

const shortTag = (tag: string): string => tag.replace(/^tag:yaml\.org,2002:/, '!!');

function unsetAlias(name: string, anchored: ReadonlyMap<string, Node>): string {
  const near = suggest(name, [...anchored.keys()]);
  const meant = near === undefined ? '' : `; did you mean *${near}?`;
  return `the alias *${name} stands for nothing: no value before it has the anchor &${name}${meant || '; set one, or write text in quotes'}`;
}

function keyFaults(
  { items }: YAMLMap,
  anchored: ReadonlyMap<string, Node>,
  text: string,
): [Node, string][] {
  const seen = new Set<string>();
  const found: [Node, string][] = [];
  for (const { key, value } of items) {
    const node = isAlias(key) ? anchored.get(key.source) : key;
    if (isScalar(node) && isNode(key)) {
      const name = String(node.value);
      if (node.value === null)
        found.push([key, `expected a key before ":"; write "null" in quotes where it is one`]);
      else if (seen.has(name) && name !== '<<')
        found.push([key, `the key ${keyAt(text, key.range?.[0] ?? 0)} is there twice`]);
      seen.add(name);
    } else if (isMap(node) || isSeq(node)) {
      const kind = isMap(node) ? 'a map' : 'a list';
      const hint = isMap(node)
        ? " (an expression that is a whole value is written '${{ … }}', in quotes)"
        : '';
      found.push([
        isNode(key) ? key : node,
        `expected a text as a key, got ${kind}; write it in quotes${hint}`,
      ]);
    } else if (key === null && isNode(value)) found.push([value, 'expected a key before ":"']);
  }
  return found;
}

function inexact({ value, source = '', range }: Scalar): TextFaults['faults'] {
  if (typeof value !== 'number' || !isWhole(source) || isExact(source, value)) return [];
  const message = `the number ${source} is not exact in JSON, it would be ${value}; write it in quotes`;
  return [{ at: range?.[0] ?? 0, message }];
}

function keyAt(text: string, start: number): string {
  const [key = ''] =
    /^("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^:\n]*)/.exec(text.slice(start, start + 200)) ?? [];
  return /^["']/.test(key) ? key : JSON.stringify(key.trim());
}
