import { availableParallelism } from 'node:os';
import { resolveSettings } from '../../src/config.js';

const read = (env: Record<string, string>) => resolveSettings({}, env);

describe('the settings of programs', () => {
  it('leave it to the host, and give what the machine has', () => {
    expect(read({})).toMatchObject({
      ...{
        programs: null,
        maxPrograms: 4 * availableParallelism(),
        containerMounts: [],
        containerNetworks: [],
        images: {},
      },
      ...{ cgroupParent: null, containerEngine: null, containerRuntime: null },
      runners: { inProcess: true, faas: true },
      maxResources: { cpu: availableParallelism(), processes: 4_096 },
    });
  });

  it('are read from the environment', () => {
    const env = {
      TEMPOGRAPH_PROGRAMS: 'process, faas',
      TEMPOGRAPH_MAX_PROGRAMS: '7',
      TEMPOGRAPH_MAX_RESOURCES: '{"memory":"1Gi","cpu":3}',
      TEMPOGRAPH_CONTAINER_MOUNTS: '/data, /scratch:rw',
      TEMPOGRAPH_IMAGES: 'python=registry.example:5000/python:3.13-slim,node=n',
      TEMPOGRAPH_IN_PROCESS: 'false',
      TEMPOGRAPH_FAAS: '0',
    };
    expect(read(env)).toMatchObject({
      ...{ programs: ['process', 'faas'], maxPrograms: 7 },
      maxResources: { memoryBytes: 2 ** 30, cpu: 3 },
      containerMounts: [
        { source: '/data', readOnly: true },
        { source: '/scratch', readOnly: false },
      ],
      images: { python: 'registry.example:5000/python:3.13-slim', node: 'n' },
      runners: { inProcess: false, faas: false },
    });
    expect(read({ TEMPOGRAPH_PROGRAMS: 'none' }).programs).toEqual([]);
  });

  it.each([
    ['TEMPOGRAPH_PROGRAMS', 'lambda', /programs: expected a list of process, container, faas/],
    ['TEMPOGRAPH_MAX_PROGRAMS', '513', /maxPrograms: expected a whole number from 1 to 512/],
    [
      'TEMPOGRAPH_MAX_RESOURCES',
      '{"ram":1}',
      /maxResources\.ram: unknown field "ram"; maxResources is an object/,
    ],
    ['TEMPOGRAPH_CONTAINER_MOUNTS', 'data', /containerMounts: expected absolute paths/],
    ['TEMPOGRAPH_IMAGES', 'ruby=a', /images: expected an image for each of node, python/],
    ['TEMPOGRAPH_FAAS', 'perhaps', /faas: expected true or false, got "perhaps"/],
  ])('refuse %s=%s', (name, value, message) => {
    expect(() => read({ [name]: value })).toThrow(message);
  });
});
