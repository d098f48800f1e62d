/** What a program's output is charged against `resources.logs`: its bytes, and something for each line. */

/** Bytes of a line beside its text: each becomes a record, so a megabyte of empty lines would be a million of them. */
export const LINE_COST = 80;

export function lineBreaksIn(chunk: Uint8Array): number {
  let found = 0;
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) found++;
  return found;
}
