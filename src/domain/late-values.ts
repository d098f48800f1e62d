/**
 * Values that a worker puts into an input at the last moment: `${{ env.NAME }}` and `${{ secrets.NAME }}`.
 *
 * L1. Until then a marker stands in their place, which nobody outside the attempt can know: text that only looks like a
 *     reference, in a parameter or an output, is never replaced.
 * L2. What is stored or shown is the reference, never the value.
 * L3. The hash of an input is of a secret's name and never of its value: whoever has the hash cannot try values. A
 *     variable of the environment is no secret: its value counts, so that a kept result is not taken for another.
 */
import { setOwn, type Json, type JsonObject, type Path } from './json.js';

export const LATE_KINDS = ['env', 'secrets'] as const;
export type LateKind = (typeof LATE_KINDS)[number];

/** A reference, `secrets.NAME`. */
export interface LateName {
  kind: LateKind;
  name: string;
}

/** A name of a secret or a variable. */
export const LATE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;

/** How a reference is written. */
export const lateText = ({ kind, name }: LateName): string =>
  /^[A-Za-z_]\w*$/.test(name) ? `${kind}.${name}` : `${kind}[${JSON.stringify(name)}]`;

/** The references of one input, and the markers that stand for them. */
export class LateValues {
  private readonly byMarker = new Map<string, LateName>();
  private readonly pattern: RegExp;

  /** @param nonce what nobody can guess, in letters and digits */
  constructor(
    readonly names: readonly LateName[],
    nonce: string,
  ) {
    for (const one of names) this.byMarker.set(`{{${lateText(one)}#${nonce}}}`, one);
    this.pattern = new RegExp(
      [...this.byMarker.keys()].map((marker) => marker.replace(/\W/g, '\\$&')).join('|') || '(?!)',
      'g',
    );
  }

  /** What expressions find under `env` and `secrets`: the markers. */
  get context(): { env: JsonObject; secrets: JsonObject } {
    const context = { env: {} as JsonObject, secrets: {} as JsonObject };
    for (const [marker, { kind, name }] of this.byMarker) setOwn<Json>(context[kind], name, marker);
    return context;
  }

  /** The value with references in place of markers: for whatever is stored or shown. */
  shown(value: Json): Json {
    return this.replaced(value, (one) => `\${{ ${lateText(one)} }}`);
  }

  /** The value with what the references stand for. */
  revealed(value: Json, valueOf: (one: LateName) => string): Json {
    return this.replaced(value, valueOf);
  }

  /**
   * What stands for the value where it is hashed: the value itself where it has no marker. Two inputs that differ in
   * their text, their references or the environment's values differ here too.
   */
  hashed(value: Json, valueOf: (one: LateName) => string): Json {
    if (this.names.length === 0) return value;
    const places: Json[] = [];
    this.walk(value, [], (text, at) => {
      for (const match of text.matchAll(this.pattern)) {
        const one = this.named(match[0]);
        const counts = one.kind === 'env' ? [valueOf(one)] : [];
        places.push([[...at], match.index, one.kind, one.name, ...counts]);
      }
      return text;
    });
    return places.length === 0 ? value : { 'late values': places, input: this.shown(value) };
  }

  /** The references that a value holds. */
  namesIn(value: Json): LateName[] {
    const found = new Set<LateName>();
    this.replaced(value, (one) => {
      found.add(one);
      return '';
    });
    return [...found];
  }

  private named(marker: string): LateName {
    const one = this.byMarker.get(marker);
    if (!one) throw new Error(`no reference has the marker ${marker}`);
    return one;
  }

  private replaced(value: Json, textOf: (one: LateName) => string): Json {
    if (this.names.length === 0) return value;
    return this.walk(value, [], (text) =>
      text.replace(this.pattern, (marker) => textOf(this.named(marker))),
    );
  }

  private walk(value: Json, at: Path, change: (text: string, at: Path) => string): Json {
    if (typeof value === 'string') return change(value, at);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item, i) => this.walk(item, [...at, i], change));
    const result: JsonObject = {};
    for (const [key, inner] of Object.entries(value))
      setOwn(result, change(key, at), this.walk(inner, [...at, key], change));
    return result;
  }
}
