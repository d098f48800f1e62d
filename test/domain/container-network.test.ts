import { resolveSettings } from '../../src/config.js';
import { grantsOf } from '../../src/domain/grants.js';
import { ContainerSchema, ProcessSchema, type Program } from '../../src/domain/program.js';
import { validateGraph } from '../../src/domain/validate.js';

const MODES = ['host', 'default', 'private', 'container:db', 'ns:/proc/1/ns/net', 'pasta'];
const MODES_TOO = ['slirp4netns', 'slirp4netns:port_handler=slirp4netns', 'pasta:-T', 'ns'];
const NO_NAMES = [
  '',
  'a b',
  '-a',
  'a,b',
  'api.example.com:443',
  'žluť',
  'bridge\n',
  'a'.repeat(129),
];
const NAMES = ['bridge', 'tempograph-db', 'a.b_c-1', 'A', 'hosts', 'a'.repeat(128)];

const container = (network: unknown, more: object = {}) => ({
  container: { image: 'busybox', network },
  ...more,
});
const faultsOf = (node: object) =>
  validateGraph({ name: 'g', tasks: [{ id: 'a', ...node }] }).faults;

describe('the network that a container names', () => {
  it.each(['none', ...NAMES])('may be %s', (network) => {
    expect(ContainerSchema.safeParse({ image: 'a', network }).success).toBe(true);
    expect(faultsOf(container(network))).toEqual([]);
  });

  it.each([...MODES, ...MODES_TOO])(
    'is no mode of an engine: %s, and it is said why',
    (network) => {
      expect(faultsOf(container(network))).toMatchObject([
        {
          ...{ path: 'tasks[0].container.network', code: 'INVALID_VALUE' },
          message: expect.stringMatching(
            /mode of the engine.* the host's.*name a network/,
          ) as string,
        },
      ]);
    },
  );

  it.each(NO_NAMES)('is a name and no other text: %j', (network) => {
    expect(faultsOf(container(network))).toMatchObject([
      { message: expect.stringContaining('must be the name of a network') as string },
    ]);
  });

  it.each([[['api.example.com:443']], [['bridge']]])(
    'is not a list, and what to write instead is said before a worker is asked: %j',
    (network) => {
      expect(faultsOf(container(network))).toMatchObject([
        {
          ...{ path: 'tasks[0].container.network', code: 'INVALID_VALUE' },
          message: expect.stringMatching(
            /no filtered network, so .* cannot be allowed; name a network of the engine .*network: bridge.*a process/,
          ) as string,
        },
      ]);
    },
  );

  it('may be left open by an empty list, which allows nothing', () => {
    expect(faultsOf(container([]))).toEqual([]);
  });

  it('is not for a process, which is told what it may say', () => {
    expect(faultsOf({ process: { command: ['true'], network: 'bridge' } })).toMatchObject([
      {
        path: 'tasks[0].process.network',
        message: expect.stringMatching(
          /must be none, or a list .*names of networks are for a container, got "bridge"/,
        ) as string,
      },
    ]);
    expect(ProcessSchema.safeParse({ command: ['true'], network: 'none' }).success).toBe(true);
  });
});

describe('a container that names a network is granted it', () => {
  const program = (network: string): Program => ({
    kind: 'container',
    container: { image: 'a', network },
  });

  it('at LOW by its own description, and by no list of hosts', () => {
    expect(grantsOf(program('bridge'), 'LOW', [])).toEqual({ network: [], secrets: [], env: [] });
  });

  it.each(['MEDIUM', 'HIGH'] as const)('at %s by a permission of the same text alone', (level) => {
    const refused = (permissions: string[]) => grantsOf(program('db'), level, permissions);
    for (const permissions of [[], ['network:bridge'], ['network:db:5432'], ['network:DB']])
      expect(refused(permissions)).toEqual({
        refused: expect.stringContaining('add "network:db" to security.permissions') as string,
      });
    expect(refused(['network:db'])).toEqual({ network: [], secrets: [], env: [] });
    expect(grantsOf(program('none'), level, [])).not.toHaveProperty('refused');
  });

  it('while the same permission gives a process no host', () => {
    const process: Program = { kind: 'process', process: { command: ['true'] } };
    const permissions = ['network:db', 'network:a.example:443'];
    expect(grantsOf(process, 'LOW', permissions)).toMatchObject({ network: ['a.example:443'] });
  });
});

describe('the setting containerNetworks', () => {
  const read = (text: string) =>
    resolveSettings({}, { TEMPOGRAPH_CONTAINER_NETWORKS: text }).containerNetworks;

  it('allows none where nothing is said, and those that it names', () => {
    expect(resolveSettings({}, {}).containerNetworks).toEqual([]);
    expect(read('none')).toEqual([]);
    expect(read('bridge, tempograph-db')).toEqual(['bridge', 'tempograph-db']);
    expect(resolveSettings({ containerNetworks: ['db'] }, {}).containerNetworks).toEqual(['db']);
  });

  it.each([...MODES, ...MODES_TOO])('refuses the mode %s, as a pipeline does', (name) => {
    expect(() => read(`bridge,${name}`)).toThrow(
      /TEMPOGRAPH_CONTAINER_NETWORKS, containerNetworks\[1\]: is a mode of the engine .*got ".*"/,
    );
  });

  it.each(['a b', '*', 'bridge,', 'bridge,none', 'db:5432'])('refuses %j', (text) => {
    expect(() => read(text)).toThrow(
      /containerNetworks\[\d\]: .*; containerNetworks is a list of networks/,
    );
  });

  it.each([7, [7], { a: 'bridge' }])('refuses what is no list of texts: %j', (value) => {
    expect(() => resolveSettings({ containerNetworks: value as never }, {})).toThrow(
      /containerNetworks(\[0\])?: expected .*got/,
    );
  });
});
