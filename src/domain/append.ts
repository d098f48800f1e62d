/** Adds to a list, however many: `push(...)` has them all on the stack, which holds some hundred thousand. */
export function append<T>(list: T[], more: Iterable<T>): void {
  for (const one of more) list.push(one);
}
