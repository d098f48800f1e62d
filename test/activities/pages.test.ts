import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pages } from '../../src/activities/pages.js';
import { putJson, type BlobStore } from '../../src/store/blob-store.js';
import { FileBlobStore } from '../../src/store/file-blobs.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tempograph-pages-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** A store in a folder that counts its readings, and may be told to fail the next one. */
function counted() {
  const store = new FileBlobStore(folder);
  const readings: string[] = [];
  const faults: Error[] = [];
  const blobs = Object.create(store, {
    get: {
      value: async (ref: string) => {
        readings.push(ref);
        const fault = faults.pop();
        if (fault) throw fault;
        return await store.get(ref);
      },
    },
  }) as BlobStore;
  return { store, readings, faults, pages: new Pages(blobs) };
}

const numbers = Array.from({ length: 100 }, (_, index) => ({ index }));

it('reads a page once for all who ask for one of its entries, at once or later', async () => {
  const { store, readings, pages } = counted();
  const { ref } = await putJson(store, numbers);
  const atOnce = await Promise.all(numbers.map((_, at) => pages.entry(ref, at)));
  expect(atOnce).toEqual(numbers);
  expect(await pages.entry(ref, 7)).toEqual({ index: 7 });
  expect(readings).toEqual([ref]);
});

it('gives each who asks a copy: what one changes the next does not see', async () => {
  const { store, pages } = counted();
  const { ref } = await putJson(store, [{ tags: ['a'] }]);
  const first = (await pages.entry(ref, 0)) as { tags: string[] };
  first.tags.push('b');
  expect(await pages.entry(ref, 0)).toEqual({ tags: ['a'] });
});

it('has nothing where a page has no such entry, and where it is none', async () => {
  const { store, pages } = counted();
  const { ref: page } = await putJson(store, [null]);
  const { ref: none } = await putJson(store, { length: 1, 0: 'x' });
  expect(await pages.entry(page, 0)).toBeNull();
  expect(await pages.entry(page, 1)).toBeUndefined();
  expect(await pages.entry(none, 0)).toBeUndefined();
});

it('keeps no failure: whoever asks next reads again', async () => {
  const { store, readings, faults, pages } = counted();
  const { ref } = await putJson(store, ['there']);
  faults.push(new Error('the disk is busy'));
  await expect(pages.entry(ref, 0)).rejects.toThrow('the disk is busy');
  expect(await pages.entry(ref, 0)).toBe('there');
  expect(readings).toHaveLength(2);
});

it('says which blob is not there', async () => {
  const { pages } = counted();
  await expect(pages.entry(`sha256-${'0'.repeat(64)}`, 0)).rejects.toThrow(/sha256-0+ is not in/);
});

it('answers from a page that is larger than all it keeps, and drops what was used longest ago', async () => {
  const { store, readings, pages } = counted();
  const { ref: small } = await putJson(store, ['small']);
  const { ref: large } = await putJson(store, ['x'.repeat(17 * 1_024 * 1_024)]);
  const { ref: half } = await putJson(store, ['y'.repeat(10 * 1_024 * 1_024)]);
  const { ref: other } = await putJson(store, ['z'.repeat(10 * 1_024 * 1_024)]);
  expect(await pages.entry(small, 0)).toBe('small');
  for (const at of [0, 0]) expect(await pages.entry(large, at)).toHaveLength(17 * 1_024 * 1_024);
  expect(await pages.entry(small, 0)).toBe('small');
  for (const ref of [half, other, half]) expect(await pages.entry(ref, 0)).toHaveLength(10_485_760);
  expect(readings).toEqual([small, large, large, half, other, half]);
});

it('answers all where more is read at once than it keeps', async () => {
  const { store, pages } = counted();
  const large = 'abcdef'.split('').map((letter) => [letter.repeat(7 * 1_024 * 1_024)]);
  const stored = await Promise.all(large.map((page) => putJson(store, page)));
  const read = await Promise.all(stored.map(({ ref }) => pages.entry(ref, 0)));
  expect(read.map((text) => (text as string)[0])).toEqual('abcdef'.split(''));
});
