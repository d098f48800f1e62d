import { describe, expect, it } from '@jest/globals';
import {
  assertAllowed,
  includes,
  SCOPES,
  sees,
  type Principal,
  type Scope,
} from '../../src/domain/access.js';

const principal = (scope: Scope, projects: string[] | null = null): Principal => ({
  ...{ kind: 'key', name: 'key:deploy', scope, projects },
});

describe('includes', () => {
  it.each([
    ['read', 'read'],
    ['run', 'read run'],
    ['operate', 'read run operate'],
    ['admin', 'read run operate admin'],
  ] as const)('gives %s what %s gives', (scope, given) => {
    expect(SCOPES.filter((wanted) => includes(scope, wanted)).join(' ')).toBe(given);
  });
});

describe('sees', () => {
  it.each([
    [null, 'shop', true],
    [null, null, true],
    [['shop'], 'shop', true],
    [['shop'], 'bank', false],
    [['shop'], null, false],
    [[], 'shop', false],
  ] as const)('with projects %j, of project %j: %s', (projects, project, seen) => {
    expect(sees({ ...principal('read'), projects }, project)).toBe(seen);
  });
});

describe('assertAllowed', () => {
  it.each(SCOPES.flatMap((has) => SCOPES.map((wanted) => [has, wanted] as const)))(
    'of %s, asked for %s, allows what the ladder says and names both where it does not',
    (has, wanted) => {
      const ask = (): void => assertAllowed(principal(has), wanted);
      if (includes(has, wanted)) return expect(ask).not.toThrow();
      expect(ask).toThrow(
        expect.objectContaining({
          code: 'FORBIDDEN',
          retriable: false,
          message: `this needs scope ${wanted}, key:deploy has ${has}; use a key with scope ${wanted}`,
          details: { needed: wanted, scope: has },
        }),
      );
    },
  );

  it('refuses admin to whoever is bound to projects, and nothing else', () => {
    expect(() => assertAllowed(principal('admin', ['shop']), 'admin')).toThrow(
      'key:deploy is bound to shop; use a key without projects',
    );
    expect(() => assertAllowed(principal('admin', ['shop']), 'operate')).not.toThrow();
  });
});
