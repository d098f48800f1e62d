/** What no id or name of a submission may hold, for it stands in lists, logs and addresses beside what others wrote. */

/** Controls, the separators of lines and paragraphs, and what overrides the direction of a text. */
const UNCLEAN = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** The first character that a name may not hold, as its code: `\u001b`; undefined where there is none. */
export function uncleanIn(name: string): string | undefined {
  const [found] = UNCLEAN.exec(name) ?? [];
  return found && `\\u${(found.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}
