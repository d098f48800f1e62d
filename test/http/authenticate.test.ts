import { authenticator, type Doors } from '../../src/http/authenticate.js';
import type { KeyVerdict } from '../../src/client.js';
import type { Principal } from '../../src/domain/access.js';
import { TaskError } from '../../src/domain/errors.js';

const deploy: Principal = { kind: 'key', name: 'key:deploy', scope: 'run', projects: ['shop'] };
const ann: Principal = { kind: 'oidc', name: 'oidc:ann', scope: 'read', projects: null };

describe('authenticator', () => {
  const setup = (doors: Partial<Doors> = {}, verdict: KeyVerdict = { principal: deploy }) => {
    const verify = jest.fn(async (_token: string) => verdict);
    return { verify, authenticate: authenticator({ keys: { verify }, open: false, ...doors }) };
  };
  const refused = (why: string, message: string) => ({
    code: 'UNAUTHENTICATED',
    retriable: false,
    message: expect.stringContaining(message) as string,
    details: { why },
  });

  it.each(['Bearer tg_a_b', 'bearer tg_a_b', 'BEARER   tg_a_b  '])(
    'takes %j for the key',
    async (header) => {
      const { verify, authenticate } = setup({ oidc: async () => ann });
      await expect(authenticate(header)).resolves.toEqual(deploy);
      expect(verify).toHaveBeenCalledWith('tg_a_b');
    },
  );

  it('takes every other bearer token to OpenID Connect, where there is any', async () => {
    const oidc = jest.fn(async (_token: string) => ann);
    const { verify, authenticate } = setup({ oidc });
    await expect(authenticate('Bearer a.b.c')).resolves.toEqual(ann);
    expect(oidc).toHaveBeenCalledWith('a.b.c');
    expect(verify).not.toHaveBeenCalled();
    await expect(setup().authenticate('Bearer a.b.c')).rejects.toMatchObject(
      refused('unknown', 'is no API key of this server'),
    );
  });

  it.each([
    ['malformed', 'not whole'],
    ['unknown', 'no such API key'],
    ['revoked', 'was revoked'],
    ['expired', 'has expired'],
  ] as const)('refuses a key that is %s, on an open server too', async (why, message) => {
    for (const open of [false, true]) {
      const { authenticate } = setup({ open }, { refused: why });
      await expect(authenticate('Bearer tg_x')).rejects.toMatchObject(refused(why, message));
    }
  });

  it('lets in who sends nothing only where the server is open', async () => {
    await expect(setup().authenticate(undefined)).rejects.toMatchObject(
      refused('missing', 'no Authorization header; send "Authorization: Bearer"'),
    );
    await expect(setup({ open: true }).authenticate(undefined)).resolves.toEqual({
      ...{ kind: 'open', name: 'open', scope: 'admin', projects: null },
    });
  });

  it.each([
    ['Basic YW5uOnNlY3JldA==', 'has scheme Basic, expected "Bearer"'],
    ['Bearer', 'has no scheme, expected'],
    ['Bearer ', 'has no scheme, expected'],
    ['', 'has no scheme, expected'],
    ['tg_000000000000_secret', 'has no scheme, expected'],
    ['correcthorse', 'has no scheme, expected'],
    ['Bearer tg_a secret', 'has no scheme, expected'],
  ])('refuses the header %j and repeats nothing of it that may be secret', async (header, said) => {
    const { verify, authenticate } = setup({ open: true, oidc: async () => ann });
    const error = await authenticate(header).catch((thrown: unknown) => thrown as TaskError);
    expect(error).toMatchObject(refused('scheme', said));
    expect(JSON.stringify([error, (error as TaskError).message])).not.toMatch(
      /secret|YW5u|correct/i,
    );
    expect(verify).not.toHaveBeenCalled();
  });

  it('passes on that the store cannot be asked', async () => {
    const verify = async (): Promise<never> => {
      throw new TaskError('STORE', 'gone');
    };
    const { authenticate } = setup({ keys: { verify } });
    await expect(authenticate('Bearer tg_x')).rejects.toMatchObject({ code: 'STORE' });
  });
});
