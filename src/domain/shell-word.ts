/** A text as one word of a shell: as it is, or quoted where a shell would read something else. */
export function shellWord(text: string): string {
  return /^[\w./@:+=][\w./@:+=~-]*$/.test(text) ? text : shellQuoted(text);
}

/** A text in single quotes, as bash, zsh and every POSIX shell read it. */
export const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
