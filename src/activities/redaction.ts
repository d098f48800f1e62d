/**
 * Takes the values of secrets out of texts: errors, log lines, warnings, progress.
 *
 * R1. A value is found as it is, and as JSON, as a part of an address, in Base64 and in hexadecimal.
 * R2. So is each line of a value with several, and what is left of one where a text was cut short.
 * R3. What a task makes of a secret beyond that, such as a part of it or its hash, is not known here.
 */
import { TaskError } from '../domain/errors.js';
import { isObject, setOwn } from '../domain/json.js';

export const REDACTED = '***';
/** Lines of a value that are shorter, such as braces, stand everywhere. */
const LEAST_LINE = 8;
/** The shortest beginning of a value that is taken out at the end of a text that was cut. */
const LEAST_CUT = 8;
/** How deep the fields of a log line are looked into. */
const MAX_DEPTH = 10;

export class Redaction {
  private readonly forms: readonly { name: string; text: string }[];
  private readonly pattern: RegExp | undefined;

  /** @param secrets values by name */
  constructor(secrets: ReadonlyMap<string, string> = new Map()) {
    const forms = [...secrets].flatMap(([name, value]) =>
      [...formsOf(value)].map((text) => ({ name, text })),
    );
    // The longest first: a value that begins with another goes whole.
    this.forms = forms.sort((a, b) => b.text.length - a.text.length);
    const found = this.forms.map(({ text }) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
    this.pattern = found.length > 0 ? new RegExp(found.join('|'), 'g') : undefined;
  }

  /** The text with `***` for every value. */
  text(text: string): string {
    if (!this.pattern) return text;
    const clean = text.replace(this.pattern, REDACTED);
    return this.withoutCut(clean);
  }

  /** The same for every text in a value, which may be an error or refer back to itself; others are left as they are. */
  value(value: unknown): unknown {
    return this.pattern ? this.inside(value, 0, new Set()) : value;
  }

  /** Names of the secrets whose value is in a JSON value. */
  namesIn(value: unknown): string[] {
    if (!this.pattern || value === undefined) return [];
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
    return [
      ...new Set(this.forms.flatMap((form) => (text.includes(form.text) ? [form.name] : []))),
    ];
  }

  private withoutCut(text: string): string {
    const body = text.replace(/…$/, '');
    for (const { text: form } of this.forms) {
      for (let length = Math.min(form.length - 1, body.length); length >= LEAST_CUT; length--) {
        if (body.endsWith(form.slice(0, length)))
          return `${body.slice(0, -length)}${REDACTED}${text.slice(body.length)}`;
      }
    }
    return text;
  }

  private inside(value: unknown, depth: number, above: ReadonlySet<unknown>): unknown {
    if (typeof value === 'string') return this.text(value);
    if (typeof value !== 'object' || value === null) return value;
    if (depth >= MAX_DEPTH || above.has(value)) return REDACTED;
    const beyond = new Set([...above, value]);
    const into = (inner: unknown): unknown => this.inside(inner, depth + 1, beyond);
    if (value instanceof Error) {
      const { name, message, stack, cause } = value;
      const own = into({ ...value });
      return {
        ...(isObject(own) ? own : {}),
        ...{ type: this.text(name), message: this.text(message), stack: this.text(stack ?? '') },
        ...(cause === undefined ? {} : { cause: into(cause) }),
      };
    }
    if (Array.isArray(value)) return value.map(into);
    if (value instanceof Map) return into(Object.fromEntries(value));
    if (value instanceof Set) return into([...(value as Set<unknown>)]);
    const result: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value)) setOwn(result, this.text(key), into(inner));
    return ArrayBuffer.isView(value) || value instanceof Date ? value : result;
  }
}

/** Nothing to take out. */
export const NO_REDACTION = new Redaction();

function formsOf(value: string): Set<string> {
  const lines = value.split(/\r?\n/).map((line) => line.trim());
  const texts = [
    value,
    value.trim(),
    ...(lines.length > 1 ? lines.filter((line) => line.length >= LEAST_LINE) : []),
  ];
  const forms = texts.flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    encoded(text),
    ...(text.length >= LEAST_LINE ? [base64(text), base64url(text), hex(text)] : []),
  ]);
  return new Set(forms.filter((form) => form !== ''));
}

/** Half a character is no part of an address. */
const encoded = (text: string): string => {
  try {
    return encodeURIComponent(text);
  } catch {
    return text;
  }
};

const hex = (text: string): string => Buffer.from(text).toString('hex');

/** Without padding: it may stand at the end of more. */
const base64 = (text: string): string => Buffer.from(text).toString('base64').replace(/=+$/, '');
const base64url = (text: string): string => Buffer.from(text).toString('base64url');

/**
 * What is kept where everybody may read it cannot be redacted: it would be another value.
 *
 * @throws TaskError NON_RETRIABLE naming the secret
 */
export function assertNoSecret(redaction: Redaction, value: unknown, what: string): void {
  const names = redaction.namesIn(value);
  if (names.length === 0) return;
  throw new TaskError(
    'NON_RETRIABLE',
    `${what} would hold the value of the secret ${names.join(', ')}, and is stored; leave it out`,
  );
}
