/** What a caller may say of a key; checked here, for code, command line and HTTP alike. */
import { SCOPES, type Scope } from '../domain/access.js';
import { parseDuration, type Duration } from '../domain/duration.js';
import { TaskError } from '../domain/errors.js';
import { preview } from '../domain/json.js';
import { didYouMean } from '../domain/suggest.js';
import { nameOf } from '../store/catalogue-fields.js';

/** Who changes a key, and why. */
export interface KeyChangeOptions {
  /** Who asks: `ann`, `key:deploy`. It stands in the audit log. */
  by: string;
  /** Why. */
  reason?: string;
}

/** What a key is made with. */
export interface NewKeyOptions extends KeyChangeOptions {
  /** Who uses it: `deploy`. In audit log and histories it stands as `key:deploy`. */
  name: string;
  scope: Scope;
  /** All that it may see and touch. Default: all projects, and what has none. */
  projects?: readonly string[];
  /** After this time it opens nothing any more. Default: never. */
  expires?: Duration;
}

/** How a key gets a new secret. */
export interface KeyRotation extends KeyChangeOptions {
  /** How long the secret so far is still right; 0 ends it at once. Default 24 h. */
  grace?: Duration;
  /** A new time to expire, counted from now. Default: as it was. */
  expires?: Duration;
}

/** @throws TaskError CONFIGURATION */
export function scopeOf(scope: unknown): Scope {
  const known = SCOPES.find((one) => one === scope);
  if (known) return known;
  const hint = typeof scope === 'string' ? didYouMean(scope, SCOPES) : undefined;
  throw refused('scope', scope, `one of ${SCOPES.join(', ')}${hint ? `; ${hint}` : ''}`);
}

/**
 * Null: all of them.
 *
 * @throws TaskError CONFIGURATION, also for a scope that means nothing within projects
 */
export function projectsOf(projects: readonly string[] | undefined, scope: Scope): string[] | null {
  if (projects === undefined) return null;
  if (!Array.isArray(projects) || projects.length === 0)
    throw refused('projects', projects, 'a list of projects, or nothing for all of them');
  if (scope === 'admin')
    throw refused(
      'projects',
      projects,
      'none with scope admin, which is about what belongs to no project; leave them out, or take operate',
    );
  return [...new Set(projects.map((name) => nameOf('key.projects', name)))];
}

/** @throws TaskError CONFIGURATION */
export const keyNameOf = (name: unknown): string => nameOf('key', name);

/** When a key ends that does so after a time; at least a second from now. @throws TaskError CONFIGURATION */
export function expiryOf(expires: Duration, now: number): number {
  const ms = durationOf('expires', expires);
  if (ms >= 1_000) return now + ms;
  throw refused('expires', expires, 'a second or more');
}

/** @returns milliseconds. @throws TaskError CONFIGURATION */
export function graceOf(grace: Duration): number {
  return durationOf('grace', grace);
}

/** @throws TaskError CONFIGURATION */
export function changeOf({ by, reason }: KeyChangeOptions): KeyChangeOptions {
  if (typeof by !== 'string' || by.trim() === '') throw refused('by', by, 'who asks');
  if (reason === undefined) return { by };
  if (typeof reason === 'string' && reason.trim() !== '' && reason.length <= 1_000)
    return { by, reason };
  throw refused('reason', reason, 'a text of 1 to 1,000 characters');
}

function durationOf(field: string, value: Duration): number {
  try {
    return parseDuration(value);
  } catch (error) {
    throw new TaskError('CONFIGURATION', `key.${field}: ${(error as Error).message}`);
  }
}

const refused = (field: string, value: unknown, expected: string): TaskError =>
  new TaskError('CONFIGURATION', `key.${field}: got ${preview(value)}, expected ${expected}`);
