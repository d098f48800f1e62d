/** Runs of Schemathesis, a fuzzer that reads the OpenAPI document which a server serves. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { schemathesis } from '../../scripts/schemathesis.mjs';

export interface FuzzOptions {
  url: string;
  /** Undefined: it sends no key. */
  token?: string;
  /** Values that it tries half of the time, by name of the parameter. */
  known: Readonly<Record<string, readonly string[]>>;
  seed: number;
  /** Requests of each operation that it makes up, at most, beside those that it derives from the document. */
  examples: number;
}

export interface Exchange {
  method: string;
  path: string;
  status: number;
  headers: string;
  text: string;
}

export interface Fuzzed {
  /** What the fuzzer says where it found anything; else empty. */
  findings: string;
  /** Requests that the server got. */
  requests: number;
  exchanges: Exchange[];
}

/**
 * What fits its schema and is still refused: a graph may have a cycle, an expression no end, a name no task, a key no
 * time to live. Cursors are taken as they were given.
 */
const SEMANTIC: Readonly<Record<string, readonly number[]>> = {
  '^/api/v1/executions/\\{executionId\\}/(rerun|rerun-plan|edit|what-if|nodes|nodes/\\{nodeId\\}/complete)$':
    [400, 422],
  '^/api/v1/(executions|batches|schedule-preview|schedules(/\\{scheduleId\\}.*)?|tasks(/.*)?|projects(/.*)?)$':
    [400, 422],
  '^/api/v1/pipelines/': [400, 422],
  '^/api/v1/(audit|dead-letters(/.*)?|keys(/.*)?|limits/.*|cache/invalidate)$': [400, 422],
};
const REFUSED = [400, 401, 403, 404, 405, 406, 409, 415, 422, 428, 429, 431];
const ACCEPTED = ['2xx', '3xx', 401, 403, 404, 409];

/** @throws where Schemathesis cannot be had */
export async function fuzz(options: FuzzOptions): Promise<Fuzzed> {
  const { python, unavailable } = await schemathesis({ log: (line) => console.error(`\n${line}`) });
  if (python === undefined) throw new Error(`Schemathesis cannot be had here: ${unavailable}`);
  const folder = mkdtempSync(join(tmpdir(), 'tempograph-fuzz-'));
  const config = join(folder, 'schemathesis.toml');
  const report = join(folder, 'exchanges.har');
  writeFileSync(config, configOf(options));
  const counter = countRequests(Number(new URL(options.url).port));
  try {
    const { code, output } = await run(python, folder, [
      ...['-m', 'schemathesis.cli', '--config-file', config, 'run'],
      ...[`${options.url}/api/v1/openapi.json`, '--origin', options.url, '--no-color'],
      ...['--checks', 'all', '--continue-on-failure', '--warnings', 'off'],
      ...['--seed', String(options.seed), '--max-examples', String(options.examples)],
      ...['--report', 'har', '--report-har-path', report],
    ]);
    return {
      findings: code === 0 ? '' : output,
      requests: counter.count(),
      exchanges: exchangesOf(readFileSync(report, 'utf8')),
    };
  } finally {
    counter.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function configOf({ token, known }: FuzzOptions): string {
  const names = Object.keys(known);
  return [
    `hooks = ${JSON.stringify(join(__dirname, 'schemathesis', 'hooks.py'))}`,
    'request-timeout = 60',
    'generation.database = "none"',
    'output.sanitization.enabled = false',
    // An address that is too long is refused before anybody reads it.
    `checks.negative_data_rejection.expected-statuses = ${JSON.stringify(REFUSED)}`,
    ...(token === undefined ? [] : [`auth.openapi.bearer = { bearer = ${JSON.stringify(token)} }`]),
    ...names.map((name) => `dictionaries.${name}.values = ${JSON.stringify(known[name])}`),
    ...names.map((name) => `parameters.${name} = { dictionary = "${name}", probability = 0.5 }`),
    ...Object.entries(SEMANTIC).flatMap(([path, statuses]) => [
      '[[operations]]',
      `include-path-regex = ${JSON.stringify(path)}`,
      `checks.positive_data_acceptance.expected-statuses = ${JSON.stringify([...ACCEPTED, ...statuses])}`,
    ]),
    '',
  ].join('\n');
}

/** Of requests to this port of this process. */
function countRequests(port: number): { count: () => number; stop: () => void } {
  const CHANNEL = 'http.server.request.start';
  let requests = 0;
  const got = (message: unknown): void => {
    if ((message as { request: IncomingMessage }).request.socket.localPort === port) requests++;
  };
  subscribe(CHANNEL, got);
  return { count: () => requests, stop: () => void unsubscribe(CHANNEL, got) };
}

/** @param cwd where it leaves what it keeps for itself */
async function run(
  command: string,
  cwd: string,
  args: readonly string[],
): Promise<{ code: number; output: string }> {
  return await new Promise((resolve) => {
    execFile(
      command,
      args,
      { cwd, maxBuffer: 2 ** 28, env: { ...process.env, PYTHONUTF8: '1', NO_PROXY: '127.0.0.1' } },
      (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
    );
  });
}

interface Har {
  log: {
    entries: {
      request: { method: string; url: string };
      response: {
        status: number;
        headers: { name: string; value: string }[];
        content: { text?: string; encoding?: string };
      };
    }[];
  };
}

function exchangesOf(har: string): Exchange[] {
  return (JSON.parse(har) as Har).log.entries.map(({ request, response }) => {
    const { text = '', encoding } = response.content;
    return {
      method: request.method,
      path: request.url.replace(/^https?:\/\/[^/]+/, ''),
      status: response.status,
      headers: response.headers.map(({ name, value }) => `${name}: ${value}`).join('\n'),
      text: encoding === 'base64' ? Buffer.from(text, 'base64').toString('utf8') : text,
    };
  });
}
