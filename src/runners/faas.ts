/**
 * Runs functions: behind an address, by HTTP or as CloudEvents, and AWS Lambda's. Isolation is their provider's; ours is
 * the request, its deadline, its idempotency key and the size of its answer. Giving up a request does not end the
 * function: it may go on, and do what it would have done.
 */
import { TaskError } from '../domain/errors.js';
import type { ProgramAsk, ProgramFinding } from '../domain/program-looks.js';
import { privateAllowed } from '../net/safe-http.js';
import type { CallOptions, FunctionAnswer, FunctionCall } from './faas-call.js';
import { HttpFunctions } from './faas-http.js';
import { LambdaFunctions } from './faas-lambda.js';
import { finding, type LookUps, type ProgramRunner } from './look-ups.js';
import {
  metricsOf,
  StoppedError,
  type Enforced,
  type ModeDetail,
  type RunOptions,
  type RunOutcome,
  type RunRequest,
} from './runner.js';

export interface FaasRunnerOptions {
  /** Asked before each connection: may it go to a private address? Default: `TEMPOGRAPH_HTTP_ALLOW_PRIVATE=1`. */
  allowPrivate?: () => boolean;
  /** Where Lambda is asked. Default: `AWS_ENDPOINT_URL_LAMBDA`, else AWS's own for the region. */
  lambdaEndpoint?: string | undefined;
}

/** `provider`: whatever the provider does about it; we neither know nor ask. */
const ENFORCED: Enforced = {
  ...{ time: 'request', output: 'bytes', termination: 'none' },
  ...{ memory: 'provider', cpu: 'provider', processes: 'provider', disk: 'provider' },
  ...{ network: 'provider', syscalls: 'provider', user: 'provider' },
};

export class FaasRunner implements ProgramRunner {
  readonly detail: ModeDetail = { mode: 'faas', size: null, memoryMb: null };
  private readonly http: HttpFunctions;
  private readonly lambda: LambdaFunctions;
  private readonly calls = new Set<{ given: AbortController; ended: Promise<unknown> }>();
  private closing: Promise<void> | undefined;

  constructor({ allowPrivate = () => privateAllowed(), lambdaEndpoint }: FaasRunnerOptions = {}) {
    this.http = new HttpFunctions(allowPrivate);
    this.lambda = new LambdaFunctions(lambdaEndpoint);
  }

  /** @throws StoppedError once the signal is aborted; the function may go on */
  async run(request: RunRequest, { signal, ...options }: RunOptions): Promise<RunOutcome> {
    const { program } = request;
    if (program?.program.kind !== 'faas')
      throw new TaskError(
        'CONFIGURATION',
        `task ${JSON.stringify(request.task.definition.name)}: only a program with faas runs as a function; a handler does not`,
      );
    if (this.closing) throw closed();
    if (signal.aborted) throw new StoppedError('it was stopped before the function was called');
    const call = { ...request, program, faas: program.program.faas };
    const started = Date.now();
    const { output, environmentId } = await this.stoppable(signal, (own) =>
      this.call(call, { ...options, signal: own }),
    );
    return {
      output,
      metrics: metricsOf(started, Date.now(), environmentId),
      enforced: ENFORCED,
    };
  }

  async check(): Promise<string[]> {
    return [];
  }

  async lookUp({ program }: ProgramAsk, looks: LookUps): Promise<ProgramFinding[]> {
    if (program.kind !== 'faas') return [];
    const { faas } = program;
    const { url, function: name, qualifier, region } = faas;
    if (url !== undefined) {
      const look = async (): Promise<string> => {
        const { origin, username, password } = new URL(url);
        const isNamed = username !== '' || password !== '';
        const what = `${isNamed ? 'host with a name' : 'host'} ${origin}`;
        const host = await looks.once(what, () => this.http.find(url));
        return `host ${host}`;
      };
      return [await finding(['faas', 'url'], look)];
    }
    const look = async (): Promise<string> => {
      await looks.once(`function ${[name, qualifier, region].join(' ').trim()}`, async () => {
        looks.outside();
        await this.lambda.find(faas, looks.signal);
      });
      return `function ${name}${qualifier === undefined ? '' : `:${qualifier}`}`;
    };
    return [await finding(['faas', 'function'], look)];
  }

  async close(): Promise<void> {
    await (this.closing ??= this.end());
  }

  private async call(call: FunctionCall, options: CallOptions): Promise<FunctionAnswer> {
    const { url } = call.faas;
    return url === undefined
      ? await this.lambda.call(call, options)
      : await this.http.call(call, url, options);
  }

  /** Ends with the signal or with the runner, whichever comes first. */
  private async stoppable<T>(
    signal: AbortSignal,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const given = new AbortController();
    const abort = (): void => given.abort();
    signal.addEventListener('abort', abort, { once: true });
    const ended = run(given.signal);
    const call = { given, ended: ended.catch(() => undefined) };
    this.calls.add(call);
    try {
      return await ended;
    } catch (error) {
      if (signal.aborted) throw givenUp();
      throw this.closing ? closed() : error;
    } finally {
      signal.removeEventListener('abort', abort);
      this.calls.delete(call);
    }
  }

  private async end(): Promise<void> {
    const calls = [...this.calls];
    for (const { given } of calls) given.abort();
    await Promise.all(calls.map(({ ended }) => ended));
    await this.http.close();
    this.lambda.close();
  }
}

const givenUp = (): StoppedError =>
  new StoppedError('the request was given up when asked to stop; the function may go on');
const closed = (): StoppedError =>
  new StoppedError('the worker has closed its calls of functions; the function may go on');
