/** The caller's token: kept in the tab's own storage, sent in a header, never in an address. */
import { useSyncExternalStore } from 'react';

const KEY = 'tempograph.token';
const listeners = new Set<() => void>();
let refused = false;

function tell(): void {
  for (const listener of listeners) listener();
}

export function token(): string | null {
  return sessionStorage.getItem(KEY);
}

export function signIn(value: string): void {
  sessionStorage.setItem(KEY, value);
  refused = false;
  tell();
}

export function signOut(): void {
  sessionStorage.removeItem(KEY);
  tell();
}

/** The server said 401: the page asks for a key. */
export function refuse(): void {
  if (refused) return;
  refused = true;
  tell();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** True while the server wants a key that the page does not have. */
export function useRefused(): boolean {
  return useSyncExternalStore(subscribe, () => refused);
}

export function useToken(): string | null {
  return useSyncExternalStore(subscribe, token);
}
