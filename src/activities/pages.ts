/** Pages of nodes' bodies and of items, read once for the hundred nodes that stand in each and not once for every one. */
import { LRUCache } from 'lru-cache';
import type { Json } from '../domain/json.js';
import { getJson, type BlobStore } from '../store/blob-store.js';

/** Characters of JSON of all that is kept. */
const KEPT = 16 * 1_024 * 1_024;

/** A page's entries as JSON: whoever asks for one gets a copy of its own, since handlers may change their input. */
type Page = readonly string[];

/** What a worker's nodes have read of late. A blob never changes, so what is kept never goes stale. */
export class Pages {
  private readonly kept: LRUCache<string, Page>;

  constructor(blobs: BlobStore) {
    this.kept = new LRUCache({
      maxSize: KEPT,
      sizeCalculation: (page) => page.reduce((sum, entry) => sum + entry.length, 1),
      ignoreFetchAbort: true, // who waits for a page that gives way to others meanwhile still gets it
      fetchMethod: async (ref) => entriesOf(await getJson(blobs, ref)),
    });
  }

  /**
   * One entry of a page. Those that ask at once wait for one reading; a page of more than 16 M characters is not kept,
   * and read again for whoever asks later.
   *
   * @returns undefined where the page has no such entry, or is no page
   * @throws TaskError STORE | NOT_FOUND
   */
  async entry(ref: string, at: number): Promise<Json | undefined> {
    const text = (await this.kept.forceFetch(ref))[at];
    return text === undefined ? undefined : (JSON.parse(text) as Json);
  }
}

const entriesOf = (page: Json): Page =>
  Array.isArray(page) ? page.map((entry) => JSON.stringify(entry)) : [];
