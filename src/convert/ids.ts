/** Ids of nodes and names of parameters, made of whatever another tool calls its things. */

/** Gives each name an id of its own; the same name gets the same id again. */
export class Names {
  private readonly given = new Map<string, string>();
  private readonly taken = new Set<string>();
  /** The number that the next name of a base gets, if it is not taken. */
  private readonly next = new Map<string, number>();

  constructor(
    private readonly clean: (raw: string) => string,
    /** Stands between a name that is taken and its number. */
    private readonly between: '-' | '_' = '-',
  ) {}

  /** The id of a name: the name itself, or `wanted`, where it may be one and is not taken. */
  of(raw: string, wanted = raw): string {
    const known = this.given.get(raw);
    if (known !== undefined) return known;
    const id = this.fresh(wanted);
    this.given.set(raw, id);
    return id;
  }

  /** The id that a name was given, or undefined. */
  find(raw: string): string | undefined {
    return this.given.get(raw);
  }

  /** An id that no other name has. */
  fresh(raw: string): string {
    const base = this.clean(raw);
    const stem = base.slice(0, 90);
    let count = this.next.get(stem) ?? 2;
    let id = base;
    for (; this.taken.has(id); count++) id = `${stem}${this.between}${count}`;
    this.next.set(stem, count);
    this.taken.add(id);
    return id;
  }
}

/** Ids of nodes: 1 to 128 of the characters A-Z a-z 0-9 _ . - */
export const nodeNames = (): Names =>
  new Names((raw) => {
    const safe = raw
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .replace(/[^A-Za-z0-9_.-]+/g, '-');
    // Of a name in letters that ids cannot hold nothing would be left.
    // No id is one or two dots.
    if (/^\.{1,2}$/.test(safe)) return 'node';
    return safe === raw && safe !== '' ? safe.slice(0, 128) : tidied(safe).slice(0, 128) || 'node';
  });

/** A name that was changed gets no dashes at its ends, and no two in a row. */
const tidied = (safe: string): string => safe.replace(/-{2,}/g, '-').replace(/^-+|-+$/g, '');

/** Names of parameters: a letter, then at most 99 letters, digits or _. */
export const paramNames = (): Names =>
  new Names((raw) => {
    const safe = raw.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^[^A-Za-z]+/, '');
    return safe.slice(0, 90) || 'param';
  }, '_');
