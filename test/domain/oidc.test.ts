import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { resolveSettings } from '../../src/config.js';
import { SCOPES } from '../../src/domain/access.js';
import { OidcSchema, principalOf, type OidcOptions } from '../../src/domain/oidc.js';

const base: OidcOptions = {
  issuer: 'https://id.example.com/realms/ops',
  audience: 'tempograph',
  roles: { watchers: 'read', deployers: 'run', ops: 'operate', root: 'admin' },
};
const who = (claims: Record<string, unknown>, more: Partial<OidcOptions> = {}) =>
  principalOf({ sub: 'u1', ...claims }, OidcSchema.parse({ ...base, ...more }));

describe('principalOf', () => {
  it('gives the scope of the role', () => {
    expect(who({ roles: ['deployers'] })).toEqual({
      principal: { kind: 'oidc', name: 'oidc:u1', scope: 'run', projects: null },
    });
  });

  it('takes the strongest of several roles, in any order, and never one that is not named', () => {
    const { roles } = base;
    const known = fc.constantFrom(...Object.keys(roles));
    fc.assert(
      fc.property(fc.array(fc.oneof(known, fc.string(), fc.anything())), (given) => {
        const mapped = given.flatMap((role) =>
          typeof role === 'string' && Object.hasOwn(roles, role) ? [roles[role] ?? 'read'] : [],
        );
        const best = SCOPES.findLast((scope) => mapped.includes(scope));
        expect(who({ roles: given }).principal?.scope).toBe(best);
      }),
    );
  });

  it.each([
    [undefined],
    [null],
    [[]],
    ['stranger'],
    ['watchers deployers'],
    ['Watchers'],
    ['constructor'],
    ['__proto__'],
    [{ watchers: true }],
    [[['watchers']]],
    [[null, 7]],
  ])('gives no access for the roles %j', (roles) => {
    const { principal, missing } = who({ roles });
    expect(principal).toBeUndefined();
    expect(missing?.claim).toBe('role');
    expect(missing?.message).toContain("none of the roles in the token's claim roles gives access");
  });

  it.each([
    ['realm_access.roles', { realm_access: { roles: ['ops'] } }],
    ['https://example.com/roles', { 'https://example.com/roles': 'ops' }],
    ['scope', { scope: 'openid ops email' }],
  ])('finds the roles at %s', (roleClaim, claims) => {
    expect(who(claims, { roleClaim }).principal?.scope).toBe('operate');
  });

  it('finds nothing by a path through what every object has', () => {
    for (const roleClaim of ['constructor.name', '__proto__', 'roles.length'])
      expect(who({ roles: 'ops' }, { roleClaim }).missing?.claim).toBe('role');
  });

  it.each([
    [{ roles: 'ops', groups: ['shop', 'shop', 'bank'] }, ['shop', 'bank']],
    [{ roles: 'ops', groups: 'shop' }, ['shop']],
    [{ roles: 'ops', groups: ['shop', '*'] }, null],
  ])('binds %j to its projects', (claims, projects) => {
    expect(who(claims, { projectsClaim: 'groups' }).principal?.projects).toEqual(projects);
  });

  it.each([undefined, [], '', [7], { shop: true }])(
    'gives no access where projects are asked for and the claim is %j',
    (groups) => {
      const { principal, missing } = who({ roles: 'root', groups }, { projectsClaim: 'groups' });
      expect(principal).toBeUndefined();
      expect(missing?.message).toContain("the token's claim groups names no project");
    },
  );

  it.each([
    [{ email: 'ann@example.com', email_verified: true }, {}, 'oidc:ann@example.com'],
    [{ email: 'root@example.com' }, {}, 'oidc:u1'],
    [{ email: 'root@example.com', email_verified: 'true' }, {}, 'oidc:u1'],
    [{ email: 'two\nlines', email_verified: true }, {}, 'oidc:u1'],
    [{ preferred_username: 'ann' }, { nameClaim: 'preferred_username' }, 'oidc:ann'],
  ])('calls %j with %j %s', (claims, more, name) => {
    expect(who({ ...claims, roles: 'ops' }, more).principal?.name).toBe(name);
  });

  it.each([
    [{ sub: '' }, {}],
    [{ sub: 'a\u0000b' }, {}],
    [{ sub: 'a\u202eb' }, {}],
    [{ sub: 7 }, {}],
    [{}, { nameClaim: 'preferred_username' }],
  ])('gives no access to who has no name: %j with %j', (claims, more) => {
    expect(who({ ...claims, roles: 'ops' }, more).missing?.claim).toBe('name');
  });
});

describe('the setting oidc', () => {
  const read = (oidc: unknown) =>
    resolveSettings({}, { TEMPOGRAPH_OIDC: typeof oidc === 'string' ? oidc : JSON.stringify(oidc) })
      .oidc;

  it('is read from the environment as JSON, and is null without', () => {
    expect(read(base)).toEqual({ ...base, roleClaim: 'roles' });
    expect(read('')).toBeNull();
    expect(resolveSettings({ oidc: base }, {}).oidc).toEqual({ ...base, roleClaim: 'roles' });
  });

  it('takes http only on this machine', () => {
    for (const host of ['localhost', '127.0.0.1:8080', '[::1]:8080'])
      expect(read({ ...base, issuer: `http://${host}/realm` })?.issuer).toContain(host);
  });

  it.each([
    [
      'yes',
      'oidc: expected { issuer, audience, roleClaim, roles, projectsClaim, nameClaim }, got "yes"',
    ],
    [
      { ...base, issuer: 'http://id.example.com' },
      'oidc.issuer: must be an https address without a query, or http on this machine, got "http://id',
    ],
    [{ ...base, issuer: 'http://localhost.evil.example' }, 'must be an https address'],
    [{ ...base, issuer: 'https://id.example.com/?a=b' }, 'without a query'],
    [{ ...base, issuer: 'https://u:p@id.example.com' }, 'must be an https address'],
    [
      { ...base, audience: [] },
      'oidc.audience: too small: expected array to have >=1 items, got []',
    ],
    [{ ...base, roles: {} }, 'oidc.roles: must name one role or more, got {}'],
    [
      { ...base, roles: { ops: 'root' } },
      'oidc.roles.ops: expected one of read, run, operate, admin, got "root"',
    ],
    [{ ...base, audiance: 'x' }, 'unknown field "audiance", did you mean "audience"?'],
  ])('refuses %j', (oidc, message) => {
    expect(() => read(oidc)).toThrow(
      expect.objectContaining({
        code: 'CONFIGURATION',
        message: expect.stringContaining(message),
      }),
    );
  });
});
