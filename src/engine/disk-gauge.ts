/**
 * How many bytes lie in a container's volume: a volume has no limit of its own. Looked up on this host where the
 * engine's folders can be read, else asked of the engine, which is slower.
 */
import { constants } from 'node:fs';
import { open, opendir, stat } from 'node:fs/promises';
import type { Engine } from './engine.js';

/** Where the bytes of a volume are. */
export interface VolumePlace {
  /** Its name with the engine. */
  name: string;
  /** Its folder on the engine's host. */
  source: string;
}

/** Files and folders; whoever makes more has used up their disk in another way. */
const MOST_ENTRIES = 100_000;
const BLOCK = 512;

export type DiskGauge = {
  by: 'folder' | 'engine';
  everyMs: number;
  measure: () => Promise<number>;
};

/** Chooses how the volume is measured. */
export async function diskGauge(engine: Engine, place: VolumePlace): Promise<DiskGauge> {
  const readable = await stat(place.source).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  return readable
    ? { by: 'folder', everyMs: 250, measure: () => folderBytes(place.source) }
    : { by: 'engine', everyMs: 2_000, measure: () => volumeBytes(engine, place.name) };
}

/**
 * Bytes on the disk below a folder that a stranger changes meanwhile. No link is followed: each folder is opened below
 * its opened parent. Infinity for more than {@link MOST_ENTRIES} entries.
 */
export async function folderBytes(path: string): Promise<number> {
  const budget = { entries: MOST_ENTRIES };
  return walk(path, budget);
}

async function walk(path: string, budget: { entries: number }): Promise<number> {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const folder = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch(() => undefined);
  if (!folder) return 0; // gone, or no folder any more
  try {
    const here = `/proc/self/fd/${folder.fd}`;
    let bytes = (await folder.stat()).blocks * BLOCK;
    for await (const entry of await opendir(here)) {
      if (--budget.entries < 0) return Infinity;
      if (entry.isDirectory()) bytes += await walk(`${here}/${entry.name}`, budget);
      else if (entry.isFile()) bytes += await blocksOf(`${here}/${entry.name}`);
    }
    return bytes;
  } finally {
    await folder.close();
  }
}

async function blocksOf(path: string): Promise<number> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined);
  if (!file) return 0;
  try {
    return (await file.stat()).blocks * BLOCK;
  } finally {
    await file.close();
  }
}

async function volumeBytes({ docker }: Engine, name: string): Promise<number> {
  const usage = (await docker.df()) as {
    Volumes?: { Name?: string; UsageData?: { Size?: number } | null }[] | null;
  };
  const volume = usage.Volumes?.find(({ Name }) => Name === name);
  return Math.max(0, volume?.UsageData?.Size ?? 0); // -1: the engine does not know
}
