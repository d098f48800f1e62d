/** Looks into the store over and over while somebody follows it: often while there is something, else once a second. */
import { messageOf } from '../domain/errors.js';
import type { Store } from '../store/store.js';
import type { StoreAccess } from './store-access.js';

const MIN_POLL_MS = 200;
const MAX_POLL_MS = 1_000;

/** What a look has found: `more` than it could take at once, `some`, or `none`. */
export type Found = 'more' | 'some' | 'none';

export interface PollerOptions {
  stores: StoreAccess;
  /** For the warning that they cannot be read. */
  what: string;
  isFollowed: () => boolean;
  look: (store: Store) => Promise<Found>;
}

export class StorePoller {
  private polling = false;
  private closed = false;
  private failing = false;
  private hurry: (() => void) | undefined;

  constructor(private readonly options: PollerOptions) {}

  /** Somebody has begun to follow, or ceased to. */
  wake(): void {
    this.hurry?.();
    if (!this.polling && !this.closed && this.options.isFollowed()) void this.poll();
  }

  close(): void {
    this.closed = true;
    this.hurry?.();
  }

  /** Says once that something failed, until a look has succeeded. */
  report(error: unknown): void {
    const message = `${this.options.what} cannot be read now, will try again: ${messageOf(error)}`;
    if (!this.failing && !this.closed) process.emitWarning(message, 'TempographWarning');
    this.failing = true;
  }

  private async poll(): Promise<void> {
    const { isFollowed } = this.options;
    this.polling = true;
    let pauseMs = MIN_POLL_MS;
    while (!this.closed && isFollowed()) {
      const found = await this.look();
      pauseMs = found === 'none' ? Math.min(pauseMs * 1.5, MAX_POLL_MS) : MIN_POLL_MS;
      if (isFollowed()) await this.pause(found === 'more' ? 0 : pauseMs);
    }
    this.polling = false;
  }

  private async look(): Promise<Found> {
    try {
      const store = await this.options.stores.get();
      const found = store ? await this.options.look(store) : 'none';
      this.failing = false;
      return found;
    } catch (error) {
      this.report(error);
      return 'none';
    }
  }

  private async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.hurry = undefined;
  }
}
