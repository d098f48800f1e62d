/** Variables `TEMPOGRAPH_*` of the environment that nothing reads, and whose names are near one that is read. */
import { suggest } from './domain/suggest.js';
import { SETTING_NAMES, variableOf } from './setting-names.js';

const PREFIX = 'TEMPOGRAPH_';

/** What a process reads of its environment, without the prefix. */
const READ: readonly string[] = [
  ...SETTING_NAMES.map((name) => variableOf(name).slice(PREFIX.length)),
  ...['API_KEY', 'CACHE_DIR', 'HTTP_ALLOW_PRIVATE', 'NO_DOWNLOAD', 'SERVER'],
];

/** What programs get from us. A command line that one of them starts has it in its environment. */
const GIVEN: readonly string[] = [
  ...['ARTIFACTS', 'ATTEMPT', 'DEADLINE', 'IDEMPOTENCY_KEY', 'INPUT', 'OUTPUT', 'PROXY_SOCKET'],
];

/** Names that people choose, those of our tests, and what Kubernetes makes for a service that is called tempograph…. */
const OPEN = /^(SECRET|TEST)_|(^|_)(SERVICE_HOST$|SERVICE_PORT(_|$)|PORT(_|$))/;

export interface Misspelt {
  name: string;
  meant: string;
}

/** Those of an environment, in its order. A name that is near none is somebody else's, and not among them. */
export function misspeltVariables(env: NodeJS.ProcessEnv): Misspelt[] {
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith(PREFIX)) return [];
    const rest = name.slice(PREFIX.length);
    if (READ.includes(rest) || GIVEN.includes(rest) || OPEN.test(rest)) return [];
    const meant = suggest(rest, READ);
    return meant === undefined ? [] : [{ name, meant: `${PREFIX}${meant}` }];
  });
}

const told = new Set<string>();

/** Tells of each of them once in a process: a worker may run inside the command line. */
export function warnOfMisspelt(env: NodeJS.ProcessEnv, warn: (text: string) => void): void {
  for (const { name, meant } of misspeltVariables(env)) {
    if (told.has(name)) continue;
    told.add(name);
    warn(`nothing reads the environment variable ${name}; did you mean ${meant}?`);
  }
}
