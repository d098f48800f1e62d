/**
 * The artifacts of one attempt, stored while its handler runs.
 *
 * K1. Only what the last attempt kept counts: each attempt begins with none.
 * K2. A name that is kept again takes the place of what was there.
 * K3. What could not be kept fails the attempt, also where nobody awaited it, unless its name was kept later.
 */
import { stat } from 'node:fs/promises';
import {
  assertArtifactCount,
  assertArtifactName,
  assertArtifactSize,
  contentTypeOf,
  invalid,
  type Artifact,
  type ArtifactOptions,
  type ArtifactSource,
} from '../domain/artifact.js';
import { messageOf } from '../domain/errors.js';
import { preview } from '../domain/json.js';
import type { Value } from '../domain/outcome.js';
import { resolveSource } from '../runners/artifact-source.js';
import type { BlobStore } from '../store/blob-store.js';
import { assertNoSecret, NO_REDACTION, type Redaction } from './redaction.js';
import { loadValue, storeValue } from './values.js';

export class Artifacts {
  private readonly names = new Set<string>();
  private readonly stored = new Map<string, Artifact>();
  private readonly failures = new Map<string, unknown>();
  /** The last for each name: they are stored one after another, so that the last one stays. */
  private readonly pending = new Map<string, Promise<unknown>>();
  private over = false;

  /**
   * @param maxBytes of one artifact
   * @param redaction of the secrets that its name may not hold
   */
  constructor(
    private readonly blobs: BlobStore,
    private readonly maxBytes: number,
    private readonly redaction: Redaction = NO_REDACTION,
  ) {}

  /** @throws TaskError ARTIFACT_INVALID, TOO_LARGE, STORE */
  keep(name: string, source: ArtifactSource, options?: ArtifactOptions): Promise<Artifact> {
    const key = String(name);
    const before = Promise.resolve(this.pending.get(key));
    const late = this.over;
    const keeping = before.then(() => {
      assertNoSecret(this.redaction, key, 'the name of an artifact');
      if (late) throw invalid(`${preview(name)}: the attempt is over`);
      return this.store(name, source, options);
    });
    const settled = keeping.then(
      () => this.failures.delete(key),
      (error: unknown) => this.failures.set(key, error),
    );
    this.pending.set(key, settled);
    return keeping; // `settled` hears of its failure, so that nobody has to await it
  }

  /** Waits for what is under way. @throws what kept the first of those that failed from being kept */
  async settled(): Promise<void> {
    await Promise.all(this.pending.values());
    for (const error of this.failures.values()) throw error;
  }

  /** Names of what is kept so far. */
  get kept(): string[] {
    return [...this.stored.keys()];
  }

  /** Takes no more, and gives the list for the envelope; undefined where there is nothing. @throws TaskError STORE */
  async listed(inline: number): Promise<Value | undefined> {
    this.over = true;
    await Promise.all(this.pending.values());
    const list = [...this.stored.values()];
    if (list.length === 0) return undefined;
    return await storeValue(this.blobs, list, { inline, maxBytes: Infinity });
  }

  private async store(
    name: unknown,
    source: ArtifactSource,
    options?: ArtifactOptions,
  ): Promise<Artifact> {
    assertArtifactName(name);
    const contentType = contentTypeOf(name, options?.contentType);
    assertArtifactCount(this.names.add(name).size);
    const { ref, bytes } = await this.put(name, source);
    const artifact = { name, bytes, contentType, ref };
    this.stored.set(name, artifact);
    return artifact;
  }

  private async put(name: string, source: ArtifactSource): Promise<{ ref: string; bytes: number }> {
    const { blobs, maxBytes } = this;
    const found = resolveSource(name, source);
    if (typeof found === 'string') {
      assertArtifactSize(name, await sizeOf(name, found), maxBytes);
      return await blobs.putFile(found);
    }
    assertArtifactSize(name, found.byteLength, maxBytes);
    return { ref: await blobs.putBytes(found), bytes: found.byteLength };
  }
}

/** Lists what was kept later with what was listed before; of the same name, the later. @throws what could not be kept */
export async function listMore(
  blobs: BlobStore,
  facts: { listed?: Value },
  artifacts: Artifacts,
  inline: number,
): Promise<void> {
  await artifacts.settled();
  const more = await artifacts.listed(inline);
  if (!more) return;
  const later = (await loadValue(blobs, more)) as unknown as Artifact[];
  const before = facts.listed
    ? ((await loadValue(blobs, facts.listed)) as unknown as Artifact[])
    : [];
  const names = new Set(later.map(({ name: kept }) => kept));
  const all = [...before.filter(({ name: kept }) => !names.has(kept)), ...later];
  assertArtifactCount(all.length);
  facts.listed = await storeValue(blobs, all, { inline, maxBytes: Infinity });
}

async function sizeOf(name: string, path: string): Promise<number> {
  const found = await stat(path).catch((error: unknown) => {
    const hint = 'a string is the path of a file; give a text as { text }';
    throw invalid(
      `${preview(name)}: cannot read ${preview(path)}: ${messageOf(error)}; ${hint}`,
      error,
    );
  });
  if (found.isFile()) return found.size;
  throw invalid(`${preview(name)}: ${preview(path)} is no file; pack a folder into one first`);
}
