/** What a conversion leaves behind: each part of the source that the pipeline does not say, with its place. */
import { formatPath, type Path } from '../domain/json.js';

/** Something that the other tool's file says and the pipeline does not. */
export interface Loss {
  /** The place in the source, such as `jobs.build.services`, or `line 7` of a text without a tree. */
  path: string;
  /** The word of the source that it is about, such as `services`. */
  feature: string;
  /** What became of it, and what to do where something can be done. */
  message: string;
}

/** Collects losses; the same one at the same place is kept once. */
export class Losses {
  private lines = false;
  private found = new Map<string, { loss: Loss; at: Path }>();

  /** Adds one; a path of steps is written as people write it. */
  add(at: Path | string, feature: string, message: string): void {
    const path = typeof at === 'string' ? at : formatPath(at);
    const key = `${path}\n${feature}\n${message}`;
    if (this.found.has(key)) return;
    this.found.set(key, {
      loss: { path, feature, message },
      at: typeof at === 'string' ? [at] : at,
    });
  }

  /** Adds one of a text that has lines and no tree. */
  addLine(line: number, feature: string, message: string): void {
    this.add(`line ${line}`, feature, message);
    this.lines = true;
  }

  /** All of them, as they were found or as they were sorted. */
  list(): Loss[] {
    const all = [...this.found.values()].map(({ loss }) => loss);
    return this.lines ? all.sort((a, b) => lineOf(a) - lineOf(b)) : all;
  }

  /** Puts them into the order in which a document says things. */
  sort(document: unknown): void {
    const places = new Map<object, Map<string, number>>();
    const entries = [...this.found].map(([key, one]) => ({
      key,
      one,
      at: positions(document, one.at, places),
    }));
    entries.sort((a, b) => compare(a.at, b.at));
    this.found = new Map(entries.map(({ key, one }) => [key, one]));
  }
}

const lineOf = ({ path }: Loss): number => Number(/^line (\d+)$/.exec(path)?.[1] ?? 0);

/** Where a path stands among its neighbours, on every level. What is not there stands after what is. */
function positions(
  document: unknown,
  path: Path,
  known: Map<object, Map<string, number>>,
): number[] {
  const places: number[] = [];
  let value = document;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) break;
    const keys = known.get(value) ?? new Map(Object.keys(value).map((key, at) => [key, at]));
    known.set(value, keys);
    places.push(typeof step === 'number' ? step : (keys.get(step) ?? Infinity));
    value = Object.hasOwn(value, step)
      ? (value as Record<string | number, unknown>)[step]
      : undefined;
  }
  return places;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x = 0, y = 0] = [a[i], b[i]];
    if (x !== y) return x < y ? -1 : 1;
  }
  return a.length - b.length;
}
