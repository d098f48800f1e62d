import { boundedReads } from '../../src/client/bounded-reads.js';
import { workOf } from '../../src/client/work-below.js';
import type { Json } from '../../src/domain/json.js';
import type { NodeView } from '../../src/workflows/messages.js';

const node = (more: Partial<NodeView> = {}): NodeView => ({
  ...{ id: 'n', task: 'noop', status: 'COMPLETED', attempts: 2, maxRetries: 3 },
  ...{ startedAt: '2026-01-01T00:00:00.000Z', executionTimeMs: 5, ...more },
});
const mapOf = (manifest: string): NodeView =>
  node({ kind: 'map', attempts: 0, below: { manifest, counts: {} } });

/** A map of maps: ten pages of two maps each, and three pages of items below each of these. */
const setup = () => {
  const values = new Map<string, unknown>();
  const pages = (name: string, count: number, page: (nth: number) => NodeView[]): void => {
    const refs = Array.from({ length: count }, (_, nth) => `${name}/${nth}`);
    values.set(name, { nodes: { pages: refs } });
    refs.forEach((ref, nth) => values.set(ref, page(nth)));
  };
  pages('outer', 10, (nth) =>
    ['a', 'b'].map((which) => {
      pages(`${nth}${which}`, 3, () => [node(), node({ attempts: 1 })]);
      return mapOf(`${nth}${which}`);
    }),
  );
  const reads = { now: 0, most: 0, all: 0 };
  const read = async (ref: string): Promise<Json> => {
    reads.most = Math.max(reads.most, ++reads.now);
    reads.all++;
    await new Promise((done) => setImmediate(done));
    reads.now--;
    const value = values.get(ref);
    if (value === undefined) throw new Error(`no ${ref}`);
    return value as Json;
  };
  return { values, reads, read };
};

describe('workOf', () => {
  it('sums all that ran below, reading several values at once and no more than the bound', async () => {
    const { reads, read } = setup();
    const work = await workOf(mapOf('outer'), boundedReads(read, 5));
    expect(work).toEqual({ attempts: 180, retries: 60, executionTimeMs: 600 });
    expect(reads).toEqual({ now: 0, most: 5, all: 1 + 10 + 20 * (1 + 3) });
  });

  it('is not known where anything below is gone', async () => {
    const { values, read } = setup();
    values.delete('7b/2');
    expect(await workOf(mapOf('outer'), boundedReads(read))).toBeUndefined();
  });
});

describe('boundedReads', () => {
  it('goes on after reads that failed', async () => {
    const read = boundedReads((ref) => Promise.reject(new Error(ref)), 1);
    const all = await Promise.allSettled(['a', 'b', 'c'].map(read));
    expect(all.map((one) => one.status)).toEqual(['rejected', 'rejected', 'rejected']);
  });
});
