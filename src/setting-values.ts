/** How single settings are read: values given in code, or texts of the environment. Each fault names the setting, its value and what was expected. */
import { isIPv4, isIPv6 } from 'node:net';
import { availableParallelism, totalmem } from 'node:os';
import { z } from 'zod';
import { byName } from './domain/by-name.js';
import { CircuitSettingsSchema, type CircuitSettings } from './domain/circuit.js';
import { AllowedNetworkSchema } from './domain/container-network.js';
import { parseDuration } from './domain/duration.js';
import { TaskError } from './domain/errors.js';
import { formatFaults } from './domain/fault.js';
import { preview } from './domain/json.js';
import { LATE_NAME } from './domain/late-values.js';
import { LIMIT_MOST } from './domain/limit.js';
import { OidcSchema, type Oidc } from './domain/oidc.js';
import {
  limitsOf,
  PROGRAM_KINDS,
  ResourcesSchema,
  PRELOADING,
  PreloadSchema,
  RUNTIMES,
  SECURITY_LEVELS,
  type Limits,
  type ProgramKind,
  type Runtime,
} from './domain/program.js';
import { parseBytes } from './domain/bytes.js';
import { HooksSchema, type Hook } from './domain/hook.js';
import { SinksSchema, type Sink } from './domain/sink.js';
import { TaskOptionsSchema, type TaskOptions } from './domain/spec.js';
import { faultsFromZod, faultsOfIssues } from './domain/spec-faults.js';
import type { WarmWish } from './domain/warm-plan.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Longer than any wait: the server keeps all of them. */
const ALWAYS_MS = 366 * 86_400_000;

export const whole = (name: string, least: number, most: number) => (value: unknown) => {
  const parsed = z.coerce.number().int().min(least).max(most).safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TaskError(
    'CONFIGURATION',
    `${name}: expected a whole number from ${least} to ${most}, got ${JSON.stringify(value)}`,
  );
};

/** In the environment: `REGION,STAGE`. */
export function variables(value: unknown): string[] {
  const names =
    typeof value === 'string'
      ? value.split(',').map((name) => name.trim())
      : Array.isArray(value)
        ? (value as unknown[])
        : [value];
  const wrong = names.find((name) => typeof name !== 'string' || !LATE_NAME.test(name));
  if (wrong === undefined) return names as string[];
  throw new TaskError(
    'CONFIGURATION',
    `env: expected names of environment variables, such as REGION,STAGE, got ${JSON.stringify(wrong)}`,
  );
}

export function serverWaits(value: unknown): number {
  if (value === 'always') return ALWAYS_MS;
  try {
    return parseDuration(typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value);
  } catch (error) {
    throw new TaskError('CONFIGURATION', `serverWaits: ${(error as Error).message}, or "always"`);
  }
}

/** A duration, which is taken up to the least. */
export const atLeast = (name: string, leastMs: number) => (value: unknown) => {
  try {
    return Math.max(leastMs, parseDuration(value));
  } catch (error) {
    throw new TaskError('CONFIGURATION', `${name}: ${(error as Error).message}`);
  }
};

export function stopGrace(value: unknown): number {
  try {
    return parseDuration(typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value);
  } catch (error) {
    throw new TaskError('CONFIGURATION', `stopGrace: ${(error as Error).message}`);
  }
}

/** What this machine's use is held below while sandboxes and containers are begun: parts of its CPUs and its memory. */
export interface LoadTarget {
  cpu: number;
  memory: number;
}

const Part = z.number().gt(0).max(1).default(1);
const LoadTargetSchema = z.strictObject({ cpu: Part, memory: Part });

/** In the environment: JSON, `{"cpu":0.9,"memory":0.8}`. */
export function targetLoad(value: unknown): LoadTarget {
  const given = fromJson(value);
  const parsed = LoadTargetSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new TaskError(
    'CONFIGURATION',
    `targetLoad: expected { cpu, memory }, each above 0 and at most 1, such as { "cpu": 0.9, "memory": 0.8 }, got ${preview(given)}`,
  );
}

/** In the environment: `db=3,api=10`. */
export function limits(value: unknown): Record<string, { max: number }> {
  const pairs =
    typeof value === 'string'
      ? value.split(',').map((pair) => [pair.replace(/=[^=]*$/, ''), /[^=]*$/.exec(pair)?.[0]])
      : Object.entries(value as object).map(([key, one]) => [key, (one as { max?: unknown }).max]);
  return Object.fromEntries(
    pairs.map(([key, max]) => [
      String(key).trim(),
      { max: whole(`limits: max of ${JSON.stringify(key)}`, 1, LIMIT_MOST)(max) },
    ]),
  );
}

/** In the environment: JSON, `{"crm":{"failures":3}}`. */
export function circuits(value: unknown): Record<string, CircuitSettings> {
  const given = fromJson(value);
  const parsed = byName(z.string(), CircuitSettingsSchema).safeParse(given);
  if (parsed.success) return parsed.data;
  const fields = Object.keys(CircuitSettingsSchema.shape);
  throw refused('circuits', given, parsed.error, `{ <name>: { ${fields.join(', ')} } }`, fields);
}

/** In the environment: JSON, `{"retry":{"maxRetries":0}}`. */
export function taskDefaults(value: unknown): TaskOptions {
  const given = { defaults: fromJson(value) };
  const parsed = z.object({ defaults: TaskOptionsSchema }).safeParse(given);
  if (parsed.success) return parsed.data.defaults;
  throw new TaskError('CONFIGURATION', formatFaults(faultsFromZod(parsed.error, given)));
}

/** In the environment: JSON, `[{"name":"ops","url":"https://…"}]`. A message never shows a secret. */
export function sinks(value: unknown): Sink[] {
  const parsed = SinksSchema.safeParse(fromJson(value));
  if (parsed.success) return parsed.data;
  throw refusedUnseen('sinks', parsed.error, '[{ name, kind, url, events, project, format, … }]');
}

/** In the environment: JSON. A message never shows a secret. */
export function webhooks(value: unknown): Hook[] {
  const parsed = HooksSchema.safeParse(fromJson(value));
  if (parsed.success) return parsed.data;
  throw refusedUnseen('webhooks', parsed.error, '[{ name, secret, project, pipeline, params, … }]');
}

/** An address as people type it, without a slash at the end. */
export function publicUrl(value: unknown): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  const bare = url && url.username === '' && url.search === '' && url.hash === '';
  if (bare && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, '');
  throw new TaskError(
    'CONFIGURATION',
    `publicUrl: expected an address such as https://tempograph.example.com, got ${withoutPassword(value)}`,
  );
}

const withoutPassword = (value: unknown): string =>
  preview(typeof value === 'string' ? value.replace(/\/\/[^/]*@/, '//***@') : value);

/** In the environment: JSON, `{"issuer":"https://…","audience":"tempograph","roles":{"ops":"operate"}}`. */
export function oidc(value: unknown): Oidc {
  const given = fromJson(value);
  const parsed = OidcSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const fields = ['issuer', 'audience', 'roleClaim', 'roles', 'projectsClaim', 'nameClaim'];
  throw refused('oidc', given, parsed.error, `{ ${fields.join(', ')} }`, fields);
}

/** What a schema refuses of a setting that is data: the place, what stands there, what was expected. */
function refused(
  name: string,
  given: unknown,
  error: z.ZodError,
  shape: string,
  fields: readonly string[] = [],
): TaskError {
  const [first] = faultsOfIssues(error, given, () => fields);
  // Where the whole is wrong it may be no JSON: only the shape says what to write.
  if (!first || first.path === '(root)')
    return new TaskError('CONFIGURATION', `${name}: expected ${shape}, got ${preview(given)}`);
  const place = `${name}${first.path.startsWith('[') ? '' : '.'}${first.path}`;
  const hint = first.hint === undefined ? '' : `, ${first.hint}`;
  return new TaskError('CONFIGURATION', `${place}: ${first.message}${hint}; ${name} is ${shape}`);
}

/** The same of a setting that holds secrets: its values are not shown. */
function refusedUnseen(name: string, error: z.ZodError, shape: string): TaskError {
  const [issue] = error.issues;
  const path = issue?.path ?? [];
  if (!issue || (path.length === 0 && issue.code === 'invalid_type'))
    return new TaskError(
      'CONFIGURATION',
      `${name}: expected ${shape}, as JSON in the environment; its value may hold secrets and is not shown`,
    );
  const what =
    issue.code === 'invalid_type'
      ? `expected ${issue.expected}`
      : issue.code === 'unrecognized_keys'
        ? `unknown field ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`
        : issue.message.replace(/^Invalid \w+: /, '');
  return new TaskError('CONFIGURATION', `${[name, ...path.map(String)].join('.')}: ${what}`);
}

function fromJson(value: unknown): unknown {
  try {
    return typeof value === 'string' ? (JSON.parse(value) as unknown) : value;
  } catch {
    return value;
  }
}

export const spareCpus = (): number => Math.max(1, availableParallelism() - 1);

export function logLevel(value: unknown): LogLevel {
  const known = LOG_LEVELS.find((level) => level === value);
  if (known) return known;
  throw new TaskError(
    'CONFIGURATION',
    `logLevel: expected one of ${LOG_LEVELS.join(', ')}, got ${JSON.stringify(value)}`,
  );
}

/** A list, or in the environment `process,faas`; `none` for none. */
export function programs(value: unknown): readonly ProgramKind[] {
  const names = typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value;
  const list = Array.isArray(names) && names.join() === 'none' ? [] : names;
  const parsed = z.array(z.enum(PROGRAM_KINDS)).safeParse(list);
  if (parsed.success) return parsed.data;
  throw new TaskError(
    'CONFIGURATION',
    `programs: expected a list of ${PROGRAM_KINDS.join(', ')}, or none, got ${JSON.stringify(value)}`,
  );
}

/** `true` or `false`, in the environment `1` and `0` too. */
export const yesOrNo = (name: string) => (value: unknown) => {
  const found = new Map([
    ...['true', '1'].map((word) => [word, true] as const),
    ...['false', '0'].map((word) => [word, false] as const),
  ]).get(String(value));
  if (found !== undefined) return found;
  throw new TaskError(
    'CONFIGURATION',
    `${name}: expected true or false, got ${JSON.stringify(value)}`,
  );
};

/** In the environment: `python=python:3.13-slim,node=node:22-slim`. */
export function images(value: unknown): Partial<Record<Runtime, string>> {
  const pairs =
    typeof value === 'string'
      ? value.split(',').map((pair) => pair.trim().split(/=(.*)/s).slice(0, 2))
      : Object.entries(value as object);
  const parsed = z
    .partialRecord(z.enum(RUNTIMES), z.string().min(1))
    .safeParse(Object.fromEntries(pairs as [string, unknown][]));
  if (parsed.success) return parsed.data;
  throw new TaskError(
    'CONFIGURATION',
    `images: expected an image for each of ${RUNTIMES.join(', ')}, such as python=python:3.13-slim, got ${JSON.stringify(value)}`,
  );
}

/** In the environment: JSON, `{"memory":"2Gi"}`. */
export function maxResources(value: unknown): Limits {
  const given = fromJson(value);
  const parsed = ResourcesSchema.safeParse(given);
  if (!parsed.success)
    throw refused('maxResources', given, parsed.error, 'an object such as {"memory":"2Gi"}', [
      ...['cpu', 'memory', 'disk', 'processes', 'logs'],
    ]);
  const { cpu, memory, disk, processes, logs } = parsed.data;
  return {
    cpu: cpu ?? availableParallelism(),
    memoryBytes: memory ?? totalmem(),
    diskBytes: disk ?? 64 * 2 ** 30,
    processes: processes ?? 4_096,
    logBytes: logs ?? 64 * 2 ** 20,
  };
}

const WarmSchema = z.array(
  z
    .strictObject({
      runtime: z.enum(RUNTIMES),
      /** Default 1. */
      count: z.coerce.number().int().min(1).max(64).default(1),
      resources: ResourcesSchema.optional(),
      /** Default LOW, as a program's. */
      level: z.enum(SECURITY_LEVELS).default('LOW'),
      preload: PreloadSchema.optional(),
    })
    .refine(({ runtime, preload }) => preload === undefined || PRELOADING.includes(runtime), {
      path: ['preload'],
      error: `is for ${PRELOADING.join(' and ')}`,
    }),
);

/** A list, or in the environment `python+numpy,java:2`, or the list as JSON. */
export function warm(value: unknown): WarmWish[] {
  const list = typeof value === 'string' && !value.trim().startsWith('[') ? words(value) : value;
  const given = fromJson(list);
  const parsed = WarmSchema.safeParse(given);
  if (parsed.success)
    return parsed.data.map(({ runtime, count, resources, level, preload }) => {
      const key = { runtime, level, limits: limitsOf(resources) };
      return { key: preload === undefined ? key : { ...key, preload }, count };
    });
  throw refused(
    ...(['warm', given, parsed.error] as const),
    '[{ runtime, count, resources, level, preload }], or python,java:2 or python+numpy',
    ['runtime', 'count', 'resources', 'level', 'preload'],
  );
}

/** `python+numpy+pandas:2`: modules behind `+`; the count is 1 where none stands. */
const words = (text: string): { runtime: string; count?: string; preload?: string[] }[] =>
  text.split(',').map((word) => {
    // A module may hold a colon, as node:zlib does: a count is digits.
    const [, what = '', count] = /^(.*?)(?::(\d*))?$/s.exec(word.trim()) ?? [];
    const [runtime = '', ...preload] = what.split('+');
    return {
      runtime,
      ...(count === undefined ? {} : { count }),
      ...(preload.length === 0 ? {} : { preload }),
    };
  });

/** Bytes, `512Mi`, or a fraction of the machine's memory: `0.1`, `10%`. 0 for none. */
export function warmBudget(value: unknown): number {
  const text = String(value).trim();
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(text)?.[1];
  const number = percent === undefined ? Number(text) : Number(percent) / 100;
  if (text !== '' && number >= 0 && number <= 1) return Math.floor(number * memoryOfMachine());
  try {
    if (percent !== undefined)
      throw new RangeError(`a fraction is at most 100%, got ${preview(text)}`);
    return parseBytes(text);
  } catch (error) {
    throw new TaskError(
      'CONFIGURATION',
      `warmBudget: ${(error as Error).message}; or a fraction of the machine's memory, such as 0.1 or 10%`,
    );
  }
}

/** What this process may have of it, where that is less. */
function memoryOfMachine(): number {
  const held = process.constrainedMemory() || Infinity; // 0 where nothing is known
  return Math.min(totalmem(), held);
}

/** In the environment: `/data,/scratch:rw`. */
export function mounts(value: unknown): { source: string; readOnly: boolean }[] {
  const names = typeof value === 'string' ? value.split(',') : (value as readonly unknown[]);
  return names.map((one) => {
    const [, source, mode] = /^\s*(\/.*?)(:rw|:ro)?\s*$/.exec(String(one)) ?? [];
    if (source !== undefined) return { source, readOnly: mode !== ':rw' };
    throw new TaskError(
      'CONFIGURATION',
      `containerMounts: expected absolute paths, with :rw where containers may write, got ${JSON.stringify(one)}`,
    );
  });
}

/** In the environment: `bridge,tempograph-db`; `none` for none. */
export function networks(value: unknown): readonly string[] {
  const names = typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value;
  const list = Array.isArray(names) && names.join() === 'none' ? [] : names;
  const parsed = z.array(AllowedNetworkSchema).safeParse(list);
  if (parsed.success) return parsed.data;
  const shape = 'a list of networks of the engine, by name, such as bridge,tempograph-db';
  throw refused('containerNetworks', list, parsed.error, shape);
}

/** An IPv4 or IPv6 address: Temporal's runtime resolves no names, except that everybody knows `localhost`. */
export function metricsAddress(value: unknown): string {
  const address = String(value).replace(/^localhost:/, '127.0.0.1:');
  const [, four, six, port] = /^(?:([\d.]+)|\[(.+)\]):(\d{1,5})$/.exec(address) ?? [];
  const host = four === undefined ? isIPv6(six ?? '') : isIPv4(four);
  if (host && Number(port) <= 65_535) return address;
  throw new TaskError(
    'CONFIGURATION',
    `metricsAddress: expected <IP address>:<port> such as 127.0.0.1:9464, got ${JSON.stringify(value)}`,
  );
}
