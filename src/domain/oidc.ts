/**
 * OpenID Connect, as far as nothing has to be asked: what the settings may say, and who somebody is by the claims of a
 * token whose signature, issuer, audience and times are right.
 *
 * O1. A role that the settings do not name gives nothing; without one that they name there is no access.
 * O2. With `projectsClaim`, a token without that claim has no access: nobody gets all projects by a claim left out.
 * O3. The name that stands in the audit log is one that its bearer cannot choose, unless the settings say otherwise.
 */
import { z } from 'zod';
import { includes, SCOPES, type Principal, type Scope } from './access.js';
import { getOwn, isObject, preview } from './json.js';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
/** In `projectsClaim`: all projects, and what has none. */
const ALL_PROJECTS = '*';

/** Whether what is read there is of whom it says: https, or this machine. */
export function isSafeAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname));
}

const IssuerSchema = z
  .string()
  .refine(
    (text) => isSafeAddress(text) && !/[?#]/.test(text),
    'must be an https address without a query, or http on this machine',
  );

const PathSchema = z.string().min(1);

export const OidcSchema = z.strictObject({
  /** As it stands in `iss`, to the letter; its discovery document lies below it. */
  issuer: IssuerSchema,
  /** What `aud` must have, or one of these. */
  audience: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  /** The claim with the roles, a text or a list: its name, or a path such as `realm_access.roles`. */
  roleClaim: PathSchema.default('roles'),
  /** What a role may do. Of several the strongest counts. */
  roles: z
    .record(z.string().min(1), z.enum(SCOPES))
    .refine((roles) => Object.keys(roles).length > 0, 'must name one role or more'),
  /** The claim with the projects, a text or a list; `*` is all. Default: everybody sees all projects. */
  projectsClaim: PathSchema.optional(),
  /** The claim that people are called by. Default: `email` where the issuer has verified it, else `sub`. */
  nameClaim: PathSchema.optional(),
});
export type Oidc = z.output<typeof OidcSchema>;
/** Whose tokens the HTTP API takes, and what they may. */
export type OidcOptions = z.input<typeof OidcSchema>;

export type Claims = Readonly<Record<string, unknown>>;

/** Who somebody is, or what is missing. */
export type ClaimsVerdict =
  | { principal: Principal; missing?: never }
  | { principal?: never; missing: { claim: 'name' | 'role' | 'projects'; message: string } };

export function principalOf(claims: Claims, oidc: Oidc): ClaimsVerdict {
  const name = nameOf(claims, oidc.nameClaim);
  if (name === undefined)
    return missing('name', `the token's claim ${oidc.nameClaim ?? 'sub'} names nobody`);
  const given = rolesOf(claims, oidc.roleClaim);
  const scope = strongest(given, oidc.roles);
  if (scope === undefined)
    return missing(
      'role',
      `none of the roles in the token's claim ${oidc.roleClaim} gives access here: it has ${preview(given, 200)}; have one of the configured roles given to you`,
    );
  const projects = projectsOf(claims, oidc.projectsClaim);
  if (projects === undefined)
    return missing(
      'projects',
      `the token's claim ${oidc.projectsClaim} names no project; expected a list of projects, or "${ALL_PROJECTS}"`,
    );
  return { principal: { kind: 'oidc', name: `oidc:${name}`, scope, projects } };
}

const missing = (claim: 'name' | 'role' | 'projects', message: string): ClaimsVerdict => ({
  missing: { claim, message },
});

/** A claim by its name, which may have dots (`https://example.com/roles`), else by a path of names. */
export function claimAt(claims: Claims, path: string): unknown {
  const whole = getOwn(claims, path);
  if (whole !== undefined) return whole;
  let found: unknown = claims;
  for (const name of path.split('.')) found = isObject(found) ? getOwn(found, name) : undefined;
  return found;
}

function nameOf(claims: Claims, nameClaim: string | undefined): string | undefined {
  if (nameClaim !== undefined) return printable(claimAt(claims, nameClaim));
  const email = claims['email_verified'] === true ? printable(claims['email']) : undefined;
  return email ?? printable(claims['sub']);
}

/** What may stand in a log: a line of at most 255 characters. */
const printable = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[^\p{Cc}\p{Cf}\p{Cs}]{1,255}$/u.test(value) && value.trim() !== ''
    ? value
    : undefined;

/** A text is one role, not several: "no admin" does not have the role admin. But `scope` is by RFC 8693 a list of words. */
function rolesOf(claims: Claims, path: string): string[] {
  const value = claimAt(claims, path);
  if (path === 'scope' && typeof value === 'string') return value.split(' ');
  return textsOf(value);
}

const textsOf = (value: unknown): string[] =>
  (Array.isArray(value) ? (value as unknown[]) : [value]).filter(
    (one): one is string => typeof one === 'string' && one !== '',
  );

function strongest(
  given: readonly string[],
  roles: Readonly<Record<string, Scope>>,
): Scope | undefined {
  let best: Scope | undefined;
  for (const role of given) {
    const scope = getOwn(roles, role);
    if (scope !== undefined && (best === undefined || includes(scope, best))) best = scope;
  }
  return best;
}

/** Null: all. Undefined: the claim names none. */
function projectsOf(claims: Claims, path: string | undefined): string[] | null | undefined {
  if (path === undefined) return null;
  const projects = [...new Set(textsOf(claimAt(claims, path)))];
  if (projects.includes(ALL_PROJECTS)) return null;
  return projects.length === 0 ? undefined : projects;
}
