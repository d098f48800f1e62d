/**
 * Keys as they were read a moment ago, so that not every request asks the store.
 *
 * H1. What is older than {@link FRESH_MS} is read again: a key that another process revoked is refused by then.
 * H2. What this process has changed is read again at once, also where a read was under way while it changed.
 * H3. A key that is not there is not kept: it may be made in the next moment.
 */
import type { HeldKey } from '../store/api-keys.js';

/** Below the 5 s within which a revoked key is refused everywhere. */
const FRESH_MS = 4_000;
const MOST = 1_000;

interface Entry {
  /** When its reading began. */
  at: number;
  held: Promise<HeldKey | undefined>;
}

export class HeldKeys {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly read: (id: string) => Promise<HeldKey | undefined>) {}

  async get(id: string, now: number): Promise<HeldKey | undefined> {
    const known = this.entries.get(id);
    // A clock that went back makes nothing fresh.
    if (known && now >= known.at && now < known.at + FRESH_MS) return await known.held;
    const entry = { at: now, held: this.read(id) };
    this.entries.delete(id);
    this.entries.set(id, entry);
    this.shrink();
    let held: HeldKey | undefined;
    try {
      return (held = await entry.held);
    } finally {
      if (!held && this.entries.get(id) === entry) this.entries.delete(id);
    }
  }

  forget(id: string): void {
    this.entries.delete(id);
  }

  /** The oldest goes first. */
  private shrink(): void {
    const [oldest] = this.entries.keys();
    if (this.entries.size > MOST && oldest !== undefined) this.entries.delete(oldest);
  }
}
