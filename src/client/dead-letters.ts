/** Events that a sink did not take: to look at, to have sent again, to forget. */
import type { DeadLetter, DeadLetters as StoredLetters } from '../store/dead-letters.js';
import type { StoreAccess } from './store-access.js';

/** All throw TaskError CONFIGURATION without a store. */
export class DeadLetters {
  constructor(
    private readonly parts: { stores: Pick<StoreAccess, 'need'>; assertOpen: () => void },
  ) {}

  /** Oldest events first; 100 of them, unless `limit` says otherwise. */
  async list(query: { sink?: string; limit?: number } = {}): Promise<DeadLetter[]> {
    return await (await this.letters()).list(query);
  }

  /** Has those of a sink sent again, all or the events with these ids. @returns how many */
  async retry(sink: string, eventIds?: readonly string[]): Promise<number> {
    return await (await this.letters()).retry(sink, eventIds);
  }

  /** Forgets one. @returns false when there is none */
  async remove(sink: string, eventId: string): Promise<boolean> {
    return await (await this.letters()).remove(sink, eventId);
  }

  private async letters(): Promise<StoredLetters> {
    const { stores, assertOpen } = this.parts;
    assertOpen();
    return (await stores.need('deadLetters')).deadLetters;
  }
}
