/** A text as one word of a shell: as it is, or quoted where a shell would read something else. */
export function shellWord(text: string): string {
  return /^[\w./@:+=][\w./@:+=~-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
