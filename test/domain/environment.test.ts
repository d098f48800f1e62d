/** Variables `TEMPOGRAPH_*`: what is said of a bad value, and of a name that nothing reads. */
import { resolveSettings } from '../../src/config.js';
import { misspeltVariables, warnOfMisspelt } from '../../src/misspelt-variables.js';

/** Names that `resolveSettings` asks for. */
function askedFor(): string[] {
  const asked = new Set<string>();
  const env = new Proxy<NodeJS.ProcessEnv>(
    {},
    { get: (_none, name) => void (typeof name === 'string' && asked.add(name)) },
  );
  resolveSettings({}, env);
  return [...asked].filter((name) => name.startsWith('TEMPOGRAPH_'));
}

describe('a variable with a bad value', () => {
  it.each([
    ['MAX_THREADS', 'many', 'maxThreads: expected a whole number from 1 to 1000, got "many"'],
    ['STOP_GRACE', 'soon', 'stopGrace: expected a duration such as "5s"'],
    ['LOG_LEVEL', 'loud', 'logLevel: expected one of trace, debug, info, warn, error, silent, got'],
    ['CIRCUITS', 'crm', 'circuits: expected { <name>: { failures, window, openFor, probes'],
    ['CIRCUITS', '{"crm":{"failures":"x"}}', 'circuits.crm.failures: expected number, got "x"'],
    ['CIRCUITS', '{"crm":{"failurs":3}}', 'circuits.crm.failurs: unknown field "failurs", did you'],
    [
      'MAX_RESOURCES',
      '2Gi',
      'maxResources: expected an object such as {"memory":"2Gi"}, got "2Gi"',
    ],
    ['MAX_RESOURCES', '{"memory":"two"}', 'maxResources.memory: expected a number of bytes'],
    ['WARM', 'ruby', 'warm[0].runtime: expected one of node, python, java, javascript, got "ruby"'],
  ])('%s=%s is named, with the value and what was expected', (name, value, message) => {
    const variable = `TEMPOGRAPH_${name}`;
    expect(() => resolveSettings({}, { [variable]: value })).toThrow(`${variable}, ${message}`);
  });

  it.each([
    ['SINKS', 'hunter2', 'sinks: expected [{ name, kind, url, events'],
    ['SINKS', '[{"name":"a","url":["hunter2"]}]', 'sinks.0.url: expected string'],
    ['WEBHOOKS', '["hunter2"]', 'webhooks.0: expected object'],
    ['PUBLIC_URL', 'http://app:hunter2@x/', 'publicUrl: expected an address such as'],
  ])('%s is named, and what may be a secret is not shown', (name, value, message) => {
    const variable = `TEMPOGRAPH_${name}`;
    const read = (): unknown => resolveSettings({}, { [variable]: value });
    expect(read).toThrow(`${variable}, ${message}`);
    expect(read).not.toThrow('hunter2');
  });

  it('is not looked at where the option is given in code, and that names no variable', () => {
    const env = { TEMPOGRAPH_MAX_THREADS: 'many' };
    expect(resolveSettings({ maxThreads: 2 }, env).maxThreads).toBe(2);
    expect(() => resolveSettings({ maxThreads: 0 }, env)).toThrow(/^maxThreads: expected/);
  });
});

describe('misspeltVariables', () => {
  it('takes every variable of the settings as known', () => {
    const asked = askedFor();
    expect(asked).toContain('TEMPOGRAPH_MAX_THREADS');
    expect(misspeltVariables(Object.fromEntries(asked.map((name) => [name, 'x'])))).toEqual([]);
    for (const name of asked)
      expect(misspeltVariables({ [`${name}X`]: '' })).toEqual([{ name: `${name}X`, meant: name }]);
  });

  it.each([
    ['TEMPOGRAPH_MAX_THREDS', 'TEMPOGRAPH_MAX_THREADS'],
    ['TEMPOGRAPH_DATADIR', 'TEMPOGRAPH_DATA_DIR'],
    ['TEMPOGRAPH_API_KYE', 'TEMPOGRAPH_API_KEY'],
    ['TEMPOGRAPH_SECRET_DIR', undefined], // a secret may be called DIR
  ])('takes %s for %s', (name, meant) => {
    expect(misspeltVariables({ [name]: 'x' })).toEqual(meant ? [{ name, meant }] : []);
  });

  it.each([
    ...['SECRET_SHOP', 'TEST_POSTGRES', 'CACHE_DIR', 'NO_DOWNLOAD', 'HTTP_ALLOW_PRIVATE', 'SERVER'],
    ...['INPUT', 'OUTPUT', 'ATTEMPT', 'ARTIFACTS', 'DEADLINE', 'IDEMPOTENCY_KEY', 'PROXY_SOCKET'],
    ...['SERVICE_HOST', 'SERVICE_PORT', 'SERVICE_PORT_HTTP', 'PORT', 'PORT_80_TCP_ADDR'],
    ...['SERVER_SERVICE_HOST', 'SERVER_PORT', 'SERVER_PORT_7233_TCP_PROTO'],
    ...['VERSION', 'HOST', 'TOKEN', 'NIGHTLY'],
  ])('says nothing of TEMPOGRAPH_%s', (rest) => {
    expect(misspeltVariables({ [`TEMPOGRAPH_${rest}`]: 'x' })).toEqual([]);
  });
});

describe('warnOfMisspelt', () => {
  it('tells of each once in a process', () => {
    const told: string[] = [];
    const env = { TEMPOGRAPH_MAX_THREDS: '3' };
    for (const more of [{}, {}, { TEMPOGRAPH_WRAM: 'python' }])
      warnOfMisspelt({ ...env, ...more }, (text) => void told.push(text));
    expect(told).toEqual([
      'nothing reads the environment variable TEMPOGRAPH_MAX_THREDS; did you mean TEMPOGRAPH_MAX_THREADS?',
      'nothing reads the environment variable TEMPOGRAPH_WRAM; did you mean TEMPOGRAPH_WARM?',
    ]);
  });
});
