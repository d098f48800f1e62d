/** Pipeline files: YAML or JSON text to a spec and back, with the line and column of every fault. */
import { LineCounter, parseDocument, stringify, type Document } from 'yaml';
import type { Fault } from './fault.js';
import { fault } from './fault.js';
import type { Json } from './json.js';
import type { GraphSpec } from './spec.js';

/** Characters that a pipeline file may have. */
const MAX_TEXT = 5_000_000;
/** References to anchors: a dozen lines of nested aliases could else become gigabytes. */
const MAX_ALIASES = 100;

export interface ParsedPipeline {
  /** What the text says, not yet validated. */
  spec: Json;
  faults: Fault[];
  /** Adds the line and column to faults whose place is in the text. */
  locate(faults: readonly Fault[]): Fault[];
}

/** Reads YAML (JSON is YAML). Never throws: what is wrong with the text is in `faults`. */
export function parsePipeline(text: string): ParsedPipeline {
  if (text.length > MAX_TEXT) {
    return refused(
      fault([], 'TOO_LARGE', `the file has ${text.length} characters; the limit is ${MAX_TEXT}`),
    );
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    strict: true,
    prettyErrors: false,
    version: '1.2',
  });
  if (document.errors.length > 0) {
    const faults = document.errors.map(({ message, pos }) => {
      const { line, col } = lines.linePos(pos[0]);
      return { ...fault([], 'YAML', message), line, column: col };
    });
    return { spec: null, faults, locate: (others) => [...others] };
  }
  try {
    const spec = document.toJS({ maxAliasCount: MAX_ALIASES }) as Json;
    return {
      spec,
      faults: [],
      locate: (faults) => faults.map((one) => located(one, document, lines)),
    };
  } catch (error) {
    return refused(fault([], 'YAML', (error as Error).message));
  }
}

function refused(one: Fault): ParsedPipeline {
  return { spec: null, faults: [one], locate: (faults) => [...faults] };
}

function located(one: Fault, document: Document, lines: LineCounter): Fault {
  const path = parsePath(one.path);
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const range = (node as { range?: [number, number, number] } | null | undefined)?.range;
    if (!range) continue;
    const { line, col } = lines.linePos(range[0]);
    return { ...one, line, column: col };
  }
  return one;
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
  return stringify(spec, { lineWidth: 100, aliasDuplicateObjects: false });
}
