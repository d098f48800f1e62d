/**
 * What nodes have of their graph's `defaults` and of their task's definition, and do not say themselves: metadata, tags,
 * and what undoes their work. Node bodies are made of the spec alone, so this travels in the plan, in the classes.
 *
 * V1. The strongest that says one of these counts as a whole: nothing is merged.
 * V2. Where many nodes have the same, it is one object: their class is found without a look into it.
 */
import { UNDO_BODY_FIELDS, type Compensate } from './compensation.js';
import type { Json, JsonObject } from './json.js';
import { OPTION_LAYERS, pickFrom, strongest, type Layers } from './option-layers.js';

export interface GivenParts {
  metadata?: JsonObject;
  tags?: readonly string[];
  /** Of what undoes its work what stands in a node's body: its input and its program. */
  compensate?: JsonObject;
}

/** Itself, or where it lies, where it is not small. */
export type Given = { json: GivenParts } | { ref: string };

/** Characters of JSON up to which it stands in the plan and in the bodies of nodes. */
export const GIVEN_INLINE = 512;

export const isSmall = (parts: GivenParts): boolean => JSON.stringify(parts).length <= GIVEN_INLINE;

/** What the nodes of one plan are given, each different thing once. */
export class GivenBook {
  private readonly numbers = new Map<object, number>();
  private readonly known = new Map<string, GivenParts | undefined>();

  /** @returns with a key that is the same for the same; undefined where the node itself says all of it, or nobody does */
  of(layers: Layers): { key: string; parts: GivenParts } | undefined {
    const metadata = weaker(layers, 'metadata');
    const tags = weaker(layers, 'tags');
    const compensate = weaker(layers, 'compensate') || undefined;
    if (!metadata && !tags && !compensate) return undefined;
    const key = [metadata, tags, compensate].map((part) => this.numberOf(part)).join(' ');
    if (!this.known.has(key)) {
      const undo = compensate && undoParts(compensate);
      const parts: GivenParts = {
        ...(metadata ? { metadata: metadata as JsonObject } : {}),
        ...(tags ? { tags } : {}),
        ...(undo ? { compensate: undo } : {}),
      };
      // A task that undoes without a word on its input has nothing in the body.
      this.known.set(key, Object.keys(parts).length > 0 ? parts : undefined);
    }
    const parts = this.known.get(key);
    return parts && { key, parts };
  }

  private numberOf(part: object | undefined): number {
    if (part === undefined) return 0;
    const number = this.numbers.get(part) ?? this.numbers.size + 1;
    this.numbers.set(part, number);
    return number;
  }
}

/** What the strongest says, where that is neither the node nor its submission: their words travel by themselves. */
const weaker = <K extends 'metadata' | 'tags' | 'compensate'>(layers: Layers, key: K) =>
  strongest(layers, key) >= OPTION_LAYERS.indexOf('defaults') ? pickFrom(layers, key) : undefined;

function undoParts(compensate: Compensate): JsonObject | undefined {
  const said = UNDO_BODY_FIELDS.filter((field) => compensate[field] !== undefined);
  if (said.length === 0) return undefined;
  return Object.fromEntries(said.map((field) => [field, compensate[field] as Json]));
}
