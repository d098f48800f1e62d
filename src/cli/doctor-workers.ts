/** What `doctor` finds out from what the workers tell of themselves, compared with each other and with this command. */
import type { SystemDetail } from '../client.js';
import { PROGRAM_KINDS, type ProgramKind } from '../domain/program.js';
import type { WorkerAnswer } from '../workflows/asks.js';
import { ok, warn, type Check } from './doctor-check.js';

/** Clocks that differ by less do no harm, in milliseconds; a worker's answer is on its way for a while. */
export const TOLERATED_MS = 2_000;

/** Between which times of this machine's clock something was asked and answered, in epoch milliseconds. */
export interface Span {
  from: number;
  to: number;
}

/** What the workers are compared with. */
export interface Own {
  version: string;
  /** Where this command keeps large values, with its id where it has one; undefined where a server of the HTTP API does that. */
  blobs?: { location: string; id: string | undefined } | undefined;
  /** The store that it reads; null for none, undefined where a server of the HTTP API does that. */
  store?: string | null | undefined;
}

/** @param asked when the detail was asked for and when it had come */
export function workerChecks({ workers }: SystemDetail, own: Own, asked: Span): Check[] {
  const told = workers.flatMap(({ identity, detail }) => (detail ? [{ ...detail, identity }] : []));
  if (told.length === 0) return [];
  return [
    versions(told, own.version),
    tasks(told),
    ...taskVersions(told),
    clocks(told, asked),
    ...largeValues(told, own.blobs),
    ...records(told, own.store),
    ...PROGRAM_KINDS.map((kind) => programs(told, kind)),
  ];
}

/**
 * How far a clock was away from this machine's, in milliseconds: 0 where its time lies between asking and answer.
 *
 * @param told an ISO time
 */
export function skewed(told: string, { from, to }: Span): number {
  const time = Date.parse(told);
  if (time < from) return time - from;
  return time > to ? time - to : 0;
}

type Told = WorkerAnswer;

function versions(workers: readonly Told[], own: string): Check {
  const name = 'versions';
  const others = namesBy(workers, ({ version }) => (version === own ? undefined : version));
  if (others.length === 0) return ok(name, `all workers run ${own}`);
  return warn(
    name,
    `this is ${own}, and ${others.map(([version, names]) => `${version} runs on ${names}`).join('; ')}`,
    'bring all to one version, workers first',
  );
}

/** How many tasks are named for a worker that lacks them. */
const NAMED_TASKS = 5;

/** A node goes to any of the queue's workers, so one that lacks its task holds it up. */
function tasks(workers: readonly Told[]): Check {
  const name = 'tasks';
  const all = [...new Set(workers.flatMap((one) => one.tasks))].sort();
  const lacking = namesBy(workers, (one) => {
    const lacks = all.filter((task) => !one.tasks.includes(task));
    const more = lacks.length - NAMED_TASKS;
    return lacks.length === 0
      ? undefined
      : `${lacks.slice(0, NAMED_TASKS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  });
  if (lacking.length === 0) return ok(name, `all workers know the same ${all.length}`);
  return warn(
    name,
    lacking
      .map(([lacks, names]) => `${names} ${names.includes(',') ? 'lack' : 'lacks'} ${lacks}`)
      .join('; '),
    'give all workers of a queue the same tasks, or those another queue: a node waits while it is handed to one without its task; until old workers have gone, an upgrade that adds tasks looks like this too',
  );
}

/** Which code an attempt runs with is chance where they differ: a release that is under way, or was not finished. */
function taskVersions(workers: readonly Told[]): Check[] {
  const name = 'task versions';
  const telling = workers.filter(({ taskVersions: told }) => told !== undefined);
  const names = [...new Set(telling.flatMap((one) => one.tasks))].sort();
  const mixed = names.flatMap((task): string[] => {
    const by = namesBy(telling, (one) =>
      one.tasks.includes(task) ? (one.taskVersions?.[task] ?? '1') : undefined,
    );
    if (by.length < 2) return [];
    return [`${task} is ${by.map(([version, who]) => `${version} on ${who}`).join(', ')}`];
  });
  if (mixed.length === 0) return [];
  const more = mixed.length - NAMED_TASKS;
  return [
    warn(
      name,
      `${mixed.slice(0, NAMED_TASKS).join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
      'an attempt runs with whichever is free: stop the workers of the old version, or, while a release is under way, wait until they have gone',
    ),
  ];
}

function clocks(workers: readonly Told[], asked: Span): Check {
  const name = 'clocks';
  const wrong = workers.flatMap(({ identity, now }) => {
    const skew = now === undefined ? 0 : skewed(now, asked);
    return Math.abs(skew) > TOLERATED_MS ? [`${identity} is ${ahead(skew)}`] : [];
  });
  if (wrong.length === 0) return ok(name, "the workers' agree with this machine's");
  return warn(
    name,
    wrong.join('; '),
    'let a time service set them (chronyd, systemd-timesyncd): start times, deadlines and lists go by them',
  );
}

/** `about 40 s ahead of this machine`. */
export function ahead(skewMs: number): string {
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  return `about ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} this machine`;
}

function largeValues(workers: readonly Told[], own: Own['blobs']): Check[] {
  const name = 'large values';
  const places = new Map(
    workers.flatMap(({ blobs }) => (blobs ? [[blobs.id, blobs.location]] : [])),
  );
  if (places.size === 0) return [];
  if (places.size > 1)
    return [
      warn(
        name,
        `the workers keep them in ${places.size} places that are not the same: ${[...places.values()].join(', ')}; what one wrote another does not find`,
        'give all workers one bucket, named by TEMPOGRAPH_BLOB_URL, or one shared folder, named by TEMPOGRAPH_DATA_DIR',
      ),
    ];
  if (!own) return [ok(name, 'all workers share one place')];
  if (own.id !== undefined && places.has(own.id))
    return [ok(name, `shared with the workers: ${own.location}`)];
  return [
    warn(
      name,
      `the workers keep them in ${[...places.values()].join(', ')}, this command in ${own.location}; they go by way of a worker, which is slower`,
      'set TEMPOGRAPH_BLOB_URL alike, or, where both are on this machine, TEMPOGRAPH_DATA_DIR or --data-dir',
    ),
  ];
}

function records(workers: readonly Told[], own: Own['store']): Check[] {
  const name = 'records';
  const stores = namesBy(workers, ({ store }) => store ?? 'nowhere');
  const others = stores.filter(([store]) => own === undefined || store !== (own ?? 'nowhere'));
  const different = own === undefined ? stores.length > 1 : others.length > 0;
  if (!different) return [ok(name, `the workers record in ${stores[0]?.[0] ?? 'nowhere'}`)];
  const here = own === undefined ? '' : `this command reads ${own ?? 'no store'}; `;
  return [
    warn(
      name,
      `${here}${others.map(([store, names]) => `${names} ${names.includes(',') ? 'record' : 'records'} ${store === 'nowhere' ? store : `in ${store}`}`).join('; ')}`,
      'set TEMPOGRAPH_STORE_URL alike: lists, statistics and logs show what stands in the store',
    ),
  ];
}

/** Which of them run this kind of program, what holds it there, and what the others lack. */
function programs(workers: readonly Told[], kind: ProgramKind): Check {
  const name = `programs: ${kind}`;
  const able = workers.flatMap((one) => one.programs.filter(({ mode }) => mode === kind));
  const [first] = able;
  if (first) {
    const by = Object.entries(first.enforces ?? {}).map(([aspect, how]) => `${aspect} ${how}`);
    const held = by.length === 0 ? '' : `; held by ${by.join(', ')}`;
    return ok(name, `${able.length} of ${workers.length} workers${held}`);
  }
  const lacks = [...new Set(workers.flatMap(({ lacks: of }) => of[kind] ?? []))];
  return warn(
    name,
    `no worker runs them: ${lacks.join('; ')}`,
    'mend that where such programs are to run; the setting programs leaves a kind out',
  );
}

/** The workers' names by something that they have; those without are left out. */
function namesBy(
  workers: readonly Told[],
  of: (worker: Told) => string | undefined,
): [has: string, names: string][] {
  const names = new Map<string, string[]>();
  for (const worker of workers) {
    const has = of(worker);
    if (has !== undefined) names.set(has, [...(names.get(has) ?? []), worker.identity]);
  }
  return [...names].map(([has, who]) => [has, who.join(', ')]);
}
