/** A function behind an address: one request, its answer checked. Safe against server-side request forgery. */
import { request as send, type Agent, type Dispatcher } from 'undici';
import { TaskError } from '../domain/errors.js';
import { getOwn, preview, type Json } from '../domain/json.js';
import {
  checkHost,
  checkResolves,
  guardedAgent,
  isPublicAddress,
  privateAllowed,
  type AddressRule,
} from '../net/safe-http.js';
import { jsonOutput, readUpTo } from './faas-answer.js';
import {
  callFacts,
  headerText,
  type CallOptions,
  type FunctionAnswer,
  type FunctionCall,
} from './faas-call.js';
import { eventHeaders, eventOutput } from './faas-cloudevents.js';
import { answerError, wayError } from './faas-errors.js';
import { exhausted } from './program.js';

/** Bytes of an error's body that are read. */
const ERROR_BYTES = 65_536;

export class HttpFunctions {
  private readonly rule: AddressRule;
  private agent: Agent | undefined;

  /** @param allowPrivate asked for every address that is none of the public internet */
  constructor(allowPrivate: () => boolean = privateAllowed) {
    this.rule = {
      allowed: (address) => allowPrivate() || isPublicAddress(address),
      refusal: (host, address) =>
        new TaskError(
          'CONFIGURATION',
          `faas: ${host} is ${address}, which is no public address; a worker with TEMPOGRAPH_HTTP_ALLOW_PRIVATE=1 may reach it`,
        ),
    };
  }

  /** @throws FunctionError or an error by the status; TaskError CONFIGURATION, OUTPUT_INVALID, RESOURCE_EXHAUSTED */
  async call(call: FunctionCall, url: string, { signal }: CallOptions): Promise<FunctionAnswer> {
    const { faas, program } = call;
    const { origin, from } = this.allowed(url);
    const dispatcher = (this.agent ??= guardedAgent(this.rule));
    const headers = await headersOf(call);
    const answer = await received(
      from,
      program.maxOutputBytes,
      async () =>
        await send(url, {
          dispatcher,
          ...{
            method: faas.method ?? 'POST',
            headers,
            signal,
            body: JSON.stringify(program.input),
          },
          // A function may take as long as its attempt; the signal ends both.
          ...{ headersTimeout: 0, bodyTimeout: 0 },
        }),
    );
    return { output: outputOf(answer, call, from), environmentId: origin };
  }

  /**
   * Whether its host may be reached and has an address. Nothing is sent to it.
   *
   * @returns the host
   * @throws TaskError CONFIGURATION for one that may not, or that nobody knows; what the resolver says else
   */
  async find(url: string): Promise<string> {
    const { host, origin } = this.allowed(url);
    const from = `faas: ${origin}`;
    try {
      await checkResolves(url, this.rule);
      return host;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTFOUND') throw wayError(error, from);
      // A call is tried again, since a resolver may come back; beforehand it is a name that nobody knows.
      throw new TaskError(
        'CONFIGURATION',
        `${from}: the worker finds no host of that name; correct the address`,
        { cause: error },
      );
    }
  }

  /** @throws TaskError CONFIGURATION */
  private allowed(url: string): { host: string; origin: string; from: string } {
    checkHost(url, this.rule);
    const { host, origin, pathname, username, password } = new URL(url);
    if (username !== '' || password !== '')
      throw new TaskError(
        'CONFIGURATION',
        `faas.url: ${origin} is given with a name or password in it, which would be recorded; give them by secretHeaders`,
      );
    // What stands behind ? may be a key.
    return { host, origin, from: `faas: ${origin}${pathname}` };
  }

  async close(): Promise<void> {
    await this.agent?.destroy();
  }
}

/** The user's headers, secrets over them, ours over all. */
async function headersOf(call: FunctionCall): Promise<Record<string, string>> {
  const { faas, program } = call;
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/json',
    // Bytes are counted as they come: unpacking could make much of little.
    'accept-encoding': 'identity',
  };
  const put = (given: Readonly<Record<string, string>>): void => {
    for (const [name, value] of Object.entries(given)) headers[name.toLowerCase()] = value;
  };
  put(faas.headers ?? {});
  for (const [header, secret] of Object.entries(faas.secretHeaders ?? {})) {
    const value = getOwn(program.env, secret);
    if (value === undefined)
      throw new TaskError(
        'CONFIGURATION',
        `faas.secretHeaders[${preview(header)}]: there is no secret ${preview(secret)}`,
      );
    put({ [header]: value });
  }
  const ours = await callFacts(call);
  const event = faas.protocol === 'cloudevents' ? eventHeaders(call) : {};
  for (const [name, value] of Object.entries({ ...ours, ...event }))
    headers[name] = name === 'tracestate' ? value : headerText(value);
  return headers;
}

/** An answer whose body has come, as far as it may be long. */
interface Received {
  status: number;
  headers: Dispatcher.ResponseData['headers'];
  bytes: Buffer;
  whole: boolean;
}

async function received(
  from: string,
  maxOutputBytes: number,
  request: () => Promise<Dispatcher.ResponseData>,
): Promise<Received> {
  try {
    const { statusCode: status, headers, body } = await request();
    const most = isSuccess(status) ? maxOutputBytes : ERROR_BYTES;
    return { status, headers, ...(await readUpTo(body, most)) };
  } catch (error) {
    throw wayError(error, from);
  }
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

function outputOf(
  { status, headers, bytes, whole }: Received,
  { faas, program }: FunctionCall,
  from: string,
): Json {
  if (!isSuccess(status)) {
    if (status < 400) throw redirected(from, status, headers['location']);
    const text = new TextDecoder().decode(bytes);
    throw answerError({ from, status, text, retryAfter: headers['retry-after'] });
  }
  if (!whole) throw exhausted('output', program);
  return faas.protocol === 'cloudevents'
    ? eventOutput(headers, bytes, from)
    : jsonOutput(bytes, from);
}

/** Following one could lead anywhere, with headers that were meant for this host. */
function redirected(from: string, status: number, location: unknown): TaskError {
  const to = typeof location === 'string' ? location.replace(/[?#].*$/s, '') : 'nowhere';
  return new TaskError(
    'CONFIGURATION',
    `${from} answered ${status}: it points to ${preview(to, 300)}, and redirects are not followed; give the function's own address`,
    { details: { status } },
  );
}
