/**
 * A foreign document that remembers what was read of it, so that nothing is dropped in silence.
 *
 * S1. A value is read once it was taken (`take`, `text`, `number`, `flag`) or given up with a reason (`lose`).
 * S2. An object or list that was only looked into (`get`, `entries`, `items`) is read as far as its parts are.
 * S3. `reportUnread` makes a loss of everything else. So a key that no converter knows is a loss by itself.
 */
import { isObject, preview, type Json, type Path } from '../domain/json.js';
import { Losses } from './loss.js';

export class Source {
  private state: 'unread' | 'opened' | 'read' = 'unread';
  private readonly parts = new Map<string | number, Source>();

  constructor(
    /** The plain value. Looking at it does not count as reading. */
    readonly value: unknown,
    readonly path: Path,
    readonly losses: Losses,
  ) {}

  /** True where the document says something here. */
  get given(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  /** The part with this key or index; one that is not there has no value. */
  get(key: string | number): Source {
    if (this.state === 'unread') this.state = 'opened';
    const known = this.parts.get(key);
    if (known) return known;
    const own =
      typeof this.value === 'object' && this.value !== null && Object.hasOwn(this.value, key)
        ? (this.value as Record<string | number, unknown>)[key]
        : undefined;
    const part = new Source(own, [...this.path, key], this.losses);
    this.parts.set(key, part);
    return part;
  }

  /** Keys and parts of an object; of anything else none, which is a loss where something is there. */
  entries(): [string, Source][] {
    if (!isObject(this.value)) {
      if (this.given) this.lose(`expected an object, got ${preview(this.value)}; left out`);
      return [];
    }
    if (this.state === 'unread') this.state = 'opened';
    return Object.keys(this.value).map((key) => [key, this.get(key)]);
  }

  /** The parts of a list; of anything else none, which is a loss where something is there. */
  items(): Source[] {
    if (!Array.isArray(this.value)) {
      if (this.given) this.lose(`expected a list, got ${preview(this.value)}; left out`);
      return [];
    }
    if (this.state === 'unread') this.state = 'opened';
    return this.value.map((_item, index) => this.get(index));
  }

  /** The whole value with all that is in it. */
  take(): Json {
    this.state = 'read';
    return (this.value ?? null) as Json;
  }

  /** Text; a number or a truth value as text. Undefined where there is none, which is a loss where something else is. */
  text(): string | undefined {
    const { value } = this;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      this.state = 'read';
      return String(value);
    }
    if (this.given) this.lose(`expected text, got ${preview(value)}; left out`);
    return undefined;
  }

  /** A number, also one written as text. Undefined where there is none, which is a loss where something else is. */
  number(): number | undefined {
    const { value } = this;
    const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof read === 'number' && Number.isFinite(read)) {
      this.state = 'read';
      return read;
    }
    if (this.given) this.lose(`expected a number, got ${preview(value)}; left out`);
    return undefined;
  }

  /** True or false. Undefined where there is neither, which is a loss where something else is. */
  flag(): boolean | undefined {
    if (typeof this.value === 'boolean') {
      this.state = 'read';
      return this.value;
    }
    if (this.given) this.lose(`expected true or false, got ${preview(this.value)}; left out`);
    return undefined;
  }

  /** True where nobody has looked into it, but for these keys. */
  untouched(but: readonly string[] = []): boolean {
    if (this.state === 'read') return false;
    return [...this.parts].every(
      ([key, part]) =>
        but.includes(String(key)) || (!part.given && part.state !== 'read') || part.untouched(),
    );
  }

  /** A value of our own making in this place, for what the document says in short. */
  standIn(value: unknown): Source {
    return new Source(value, this.path, this.losses);
  }

  /** The same as if nobody had read it, with losses that nobody hears of: to find out what would come of it. */
  trial(): Source {
    return new Source(this.value, this.path, new Losses());
  }

  /** Says what becomes of this part, under the last word of its path; it counts as read with all that is in it. */
  lose(message: string, feature: string = this.feature): void {
    this.state = 'read';
    this.losses.add(this.path, feature, message);
  }

  /** Makes a loss of everything that nobody has read. */
  reportUnread(): void {
    if (this.value === undefined || this.state === 'read') return;
    if (this.state === 'unread') return this.lose(this.unknown());
    const keys: (string | number)[] = Array.isArray(this.value)
      ? this.value.map((_item, index) => index)
      : isObject(this.value)
        ? Object.keys(this.value)
        : [];
    for (const key of keys) this.get(key).reportUnread();
  }

  private get feature(): string {
    const words = this.path.filter((step) => typeof step === 'string');
    return words.at(-1) ?? 'document';
  }

  private unknown(): string {
    const shown = typeof this.value === 'object' ? '' : ` (${preview(this.value, 60)})`;
    return `has no counterpart in Tempograph${shown}; left out`;
  }
}
