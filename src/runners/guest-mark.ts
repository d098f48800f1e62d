/** Tells a guest, a thread or process that only runs handlers, from a program of the user's. */
const MARK = Symbol.for('tempograph.guest');

export function markAsGuest(): void {
  Object.defineProperty(globalThis, MARK, { value: true });
}

/** True where this code runs in a thread or process that a runner started. */
export function isGuest(): boolean {
  return Object.hasOwn(globalThis, MARK);
}
