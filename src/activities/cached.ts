/**
 * Results that are kept: looked up before a circuit is asked, stored when the handler has succeeded. Work that is the
 * same is done once: whoever has the claim does it, and the others look again later.
 */
import { namedKey } from '../domain/cache.js';
import { messageOf } from '../domain/errors.js';
import { isObject, type Json } from '../domain/json.js';
import type { NodeOutcome, Value } from '../domain/outcome.js';
import type { ResultOptions } from '../domain/result-options.js';
import type { CacheClaim } from '../store/result-cache.js';
import type { Store } from '../store/store.js';
import type { NodeRequest } from '../workflows/requests.js';
import type { Deps } from './deps.js';
import type { NodeLogger } from './node-log.js';
import { hashJson, loadValue, storeValue } from './values.js';

/** A claim that is not renewed for this long is free: its worker is gone. */
const CLAIM_MS = 15_000;
const RENEWALS = 3;
const FIRST_LOOK_MS = 200;
const MOST_LOOK_MS = 5_000;
/** Work that takes long is looked at less often: a tenth of what it has taken, at most this. */
const LONG_LOOK_MS = 60_000;

/** What is kept of an attempt that succeeded. */
export type Kept = Required<Pick<NodeOutcome, 'output' | 'outputHash'>> &
  Pick<NodeOutcome, 'artifacts'>;

/** The right to do the work, and to keep what comes of it. */
export class Claim {
  private readonly renewal: NodeJS.Timeout;
  private over = false;

  constructor(
    private readonly store: Store,
    private readonly place: { project: string; key: string; holder: string },
    private readonly log: NodeLogger,
    since: 'granted' | 'anew' = 'granted',
  ) {
    const { project, key, holder } = place;
    const renew = (): void =>
      void store.cache.claim(project, key, holder, CLAIM_MS, Date.now()).catch(() => undefined);
    if (since === 'anew') renew();
    this.renewal = setInterval(renew, CLAIM_MS / RENEWALS).unref();
  }

  /** Keeps the result. A store that does not answer keeps nothing, and nothing else is wrong. */
  async keep(request: NodeRequest, version: string, kept: Kept): Promise<void> {
    await put(this.store, this.place, request, version, kept, this.log);
    await this.release();
  }

  /** Who makes the result takes the claim up: for a while nobody else may do the work. */
  leave(): void {
    clearInterval(this.renewal);
    this.over = true;
  }

  /** Somebody else may do the work. */
  async release(): Promise<void> {
    clearInterval(this.renewal);
    if (this.over) return;
    this.over = true;
    const { project, key, holder } = this.place;
    await this.store.cache.release(project, key, holder).catch(() => undefined); // it expires
  }
}

async function put(
  store: Store,
  { project, key }: { project: string; key: string },
  { node, cache, result }: NodeRequest,
  version: string,
  kept: Kept,
  log: NodeLogger,
): Promise<void> {
  const now = Date.now();
  const expiresAt = cache?.ttlMs === undefined ? null : now + cache.ttlMs;
  const shape = shapeOf(result);
  const value = { ...kept, ...(shape ? { shape: hashJson(shape) } : {}) } as unknown as Json;
  const entry = { project, key, task: node.task, taskVersion: version, value, expiresAt };
  await store.cache
    .put(entry, now)
    .catch((error: unknown) => log.warn(`the result is not kept: ${messageOf(error)}`));
}

/** Keeps the result of work that was done elsewhere; its claim ended with its handler. */
export async function keepReported(
  { store }: Deps,
  request: NodeRequest,
  version: string,
  inputHash: string | undefined,
  kept: Kept,
  log: NodeLogger,
): Promise<void> {
  const { cache, execution } = request;
  if (!cache || !store || inputHash === undefined) return;
  const key = cacheKey(request, version, inputHash);
  await put(store, { project: execution.project ?? '', key }, request, version, kept, log);
}

/** The claim of a node whose result is made apart; undefined where nothing is kept. */
export function takeUpClaim(
  { store }: Deps,
  request: NodeRequest,
  version: string,
  inputHash: string | undefined,
  log: NodeLogger,
): Claim | undefined {
  const { cache, execution, node } = request;
  if (!cache || !store || inputHash === undefined) return undefined;
  const key = cacheKey(request, version, inputHash);
  const holder = `${execution.id}/${node.id}`;
  return new Claim(store, { project: execution.project ?? '', key, holder }, log, 'anew');
}

type Found = { kept: Kept } | { waitMs: number } | { claim: Claim };

/**
 * Looks a node's result up.
 *
 * @returns it; how long to wait because somebody else does the work; the claim to do it; or undefined where nothing is
 *   kept or the store does not answer
 */
export async function lookUp(
  deps: Deps,
  request: NodeRequest,
  version: string,
  inputHash: string,
  log: NodeLogger,
): Promise<Found | undefined> {
  const { cache, execution, node } = request;
  const { store } = deps;
  if (!cache) return undefined;
  if (!store) {
    log.debug('no result is looked up or kept: this worker has no store');
    return undefined;
  }
  const project = execution.project ?? '';
  const holder = `${execution.id}/${node.id}`;
  const key = cacheKey(request, version, inputHash);
  try {
    const now = Date.now();
    const claim = await store.cache.claim(project, key, holder, CLAIM_MS, now);
    if (claim.outcome === 'claimed')
      return { claim: new Claim(store, { project, key, holder }, log) };
    if (claim.outcome === 'wait') return { waitMs: waitOf(request, claim, now) };
    const kept = await usable(deps, request, claim.entry.value);
    if (kept) return { kept };
    log.warn('the kept result cannot be read, or is of another shape; the work is done again');
    await store.cache.invalidate({ project, key });
  } catch (error) {
    log.warn(`no result is looked up or kept: ${messageOf(error)}`);
  }
  return undefined;
}

/**
 * The store's key of a result: of the task, its version, the input after hooks and what is made of the output; or a key
 * in place of these two.
 */
function cacheKey(
  { node: { task }, cache, result }: NodeRequest,
  version: string,
  inputHash: string,
): string {
  if (cache?.key !== undefined) return namedKey(task, version, cache.key);
  const shape = shapeOf(result);
  return hashJson({ task, version, inputHash, ...(shape ? { result: shape } : {}) });
}

/** What is made of an output: when that is done makes no other result. */
function shapeOf(result: ResultOptions | undefined): ResultOptions | undefined {
  const { async: _async, ...shape } = result ?? {};
  return Object.keys(shape).length > 0 ? shape : undefined;
}

function waitOf(
  { round }: NodeRequest,
  { until }: Extract<CacheClaim, { outcome: 'wait' }>,
  now: number,
): number {
  const since = round?.waiting?.for === 'coalesced' ? round.waiting.since : now;
  const waited = now - since;
  const most = Math.min(Math.max(MOST_LOOK_MS, waited / 10), LONG_LOOK_MS);
  const wait = Math.round(Math.min(Math.max(FIRST_LOOK_MS, waited), most));
  return until > now ? wait : FIRST_LOOK_MS;
}

/** The kept result as this node's envelope; undefined where it cannot be read here. */
async function usable(
  deps: Deps,
  { inlineLimit, result }: NodeRequest,
  value: Json,
): Promise<Kept | undefined> {
  if (!isObject(value) || !isObject(value['output'])) return undefined;
  // Two nodes of one key may make different things of what their task gives.
  const shape = shapeOf(result);
  if (value['shape'] !== (shape && hashJson(shape))) return undefined;
  const { output, outputHash, artifacts } = value as unknown as Kept;
  try {
    const here = async (kept: Value): Promise<Value> => {
      const json = await loadValue(deps.blobs, kept); // also to see that it is there
      const { maxOutputBytes: maxBytes } = deps.settings;
      return 'ref' in kept
        ? kept
        : await storeValue(deps.blobs, json, { inline: inlineLimit, maxBytes });
    };
    return {
      ...{ output: await here(output), outputHash },
      ...(artifacts ? { artifacts: await here(artifacts) } : {}),
    };
  } catch {
    return undefined;
  }
}
