/**
 * Who may do what over HTTP. Pure: the server asks, the store keeps.
 *
 * A1. Nothing is allowed that is not said: without a principal there is no access.
 * A2. Scopes are a ladder: each has all that stands before it.
 * A3. Whoever is bound to projects sees and touches nothing outside of them, also nothing that has no project.
 * A4. So scope `admin`, which is about what has no project, is nobody's who is bound to projects.
 */
import { TaskError } from './errors.js';

/** What a key lets its holder do, weakest first. */
export const SCOPES = ['read', 'run', 'operate', 'admin'] as const;
/**
 * `read`: look at everything · `run`: start executions, and run them again · `operate`: every verb on what runs, limits,
 * circuits, schedules, the catalogue · `admin`: keys, the audit log, the lists of errors, the store.
 */
export type Scope = (typeof SCOPES)[number];

/** Who calls. */
export interface Principal {
  /** `open`: a server without authentication, on loopback. `webhook`: an incoming hook whose signature was right. */
  kind: 'key' | 'oidc' | 'open' | 'webhook';
  /** As it stands in the audit log and in status histories: `key:deploy`, `oidc:ann@example.com`. */
  name: string;
  scope: Scope;
  /** Null: all of them, and what has none. */
  projects: readonly string[] | null;
}

/** Whether a scope has what another one gives. */
export function includes(scope: Scope, wanted: Scope): boolean {
  return SCOPES.indexOf(scope) >= SCOPES.indexOf(wanted);
}

/** Whether a principal may see what belongs to a project; null is what belongs to none. */
export function sees({ projects }: Principal, project: string | null): boolean {
  return projects === null || (project !== null && projects.includes(project));
}

/** @throws TaskError FORBIDDEN, naming the scope that is needed and the one that there is */
export function assertAllowed(principal: Principal, wanted: Scope): void {
  const { name, scope, projects } = principal;
  const details = { needed: wanted, scope };
  if (!includes(scope, wanted))
    throw new TaskError(
      'FORBIDDEN',
      `this needs scope ${wanted}, ${name} has ${scope}; use a key with scope ${wanted}`,
      { details },
    );
  if (wanted === 'admin' && projects !== null)
    throw new TaskError(
      'FORBIDDEN',
      `this needs scope admin in all projects, ${name} is bound to ${projects.join(', ') || 'none'}; use a key without projects`,
      { details },
    );
}
