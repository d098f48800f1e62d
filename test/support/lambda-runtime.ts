/**
 * AWS Lambda as far as a test needs it: the public Runtime API that a runtime polls, and in front of it the Invoke API
 * that AWS's SDK asks. The runtime is a process; one that ends is started again with the next call.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLoopback, type Loopback } from './loopback.js';

const RUNTIME = '/2018-06-01/runtime';
const INVOKE = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;
const VERSION = '7';

/** One call on its way through the runtime. */
interface Invocation {
  id: string;
  payload: Buffer;
  clientContext: string | undefined;
  /** @param failed it is the function's error */
  end(payload: Buffer, failed: boolean): void;
}

/** What the Invoke API answered instead of running the function: `x-amzn-ErrorType`, status and headers. */
export interface ServiceError {
  type: string;
  status: number;
  message?: string;
  headers?: Record<string, string>;
}

export interface LambdaOptions {
  /** Name of the function that it has. */
  name: string;
  /** Starts the runtime. */
  command: readonly [program: string, ...args: string[]];
  cwd: string;
  env?: Record<string, string>;
}

export class LambdaEmulator {
  /** Requests to the Invoke API, as they came. */
  readonly asked: { path: string; query: URLSearchParams; headers: IncomingMessage['headers'] }[] =
    [];
  /** What the next calls are answered instead of being run. */
  readonly errors: ServiceError[] = [];
  private readonly waiting: Invocation[] = [];
  private readonly running = new Map<string, Invocation>();
  private poll: ServerResponse | undefined;
  private runtime: ChildProcess | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), 'tempograph-lambda-runtime-'));
  /** A file and no pipe: what was said before an answer is in it when the answer comes. */
  private readonly log = openSync(join(this.folder, 'log'), 'a+');
  private count = 0;

  private constructor(
    private readonly options: LambdaOptions,
    private readonly server: Loopback,
  ) {}

  static async start(options: LambdaOptions): Promise<LambdaEmulator> {
    const server = await startLoopback((request, response) => {
      void emulator.serve(request, response);
    });
    const emulator = new LambdaEmulator(options, server);
    return emulator;
  }

  get endpoint(): string {
    return this.server.origin;
  }

  async stop(): Promise<void> {
    const { runtime } = this;
    this.runtime = undefined;
    if (runtime && runtime.exitCode === null && runtime.signalCode === null) {
      runtime.kill('SIGKILL');
      await once(runtime, 'exit');
    }
    await this.server.close();
    closeSync(this.log);
    rmSync(this.folder, { recursive: true });
  }

  /** What the runtime has said since the log had so many bytes. */
  private logged(since: number): Buffer {
    const bytes = Buffer.alloc(fstatSync(this.log).size - since);
    readSync(this.log, bytes, 0, bytes.length, since);
    return bytes;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const body = await bytesOf(request);
    const [, name] = INVOKE.exec(pathname) ?? [];
    if (name !== undefined) {
      this.asked.push({ path: pathname, query: searchParams, headers: request.headers });
      return this.invoke(decodeURIComponent(name), request, body, response);
    }
    if (pathname === `${RUNTIME}/invocation/next`) {
      this.poll = response;
      return this.hand();
    }
    const [, id = '', how] = /\/invocation\/([^/]+)\/(response|error)$/.exec(pathname) ?? [];
    response.writeHead(202).end('{}');
    this.running.get(id)?.end(body, how === 'error');
  }

  private invoke(
    name: string,
    { headers }: IncomingMessage,
    payload: Buffer,
    response: ServerResponse,
  ): void {
    const error =
      this.errors.shift() ??
      (name.split(':').includes(this.options.name)
        ? undefined
        : {
            type: 'ResourceNotFoundException',
            status: 404,
            message: `Function not found: ${name}`,
          });
    if (error) return refuse(response, error);
    const id = `00000000-0000-0000-0000-${String(++this.count).padStart(12, '0')}`;
    const context = headers['x-amz-client-context'];
    const said = fstatSync(this.log).size;
    const invocation: Invocation = {
      ...{ id, payload },
      clientContext:
        typeof context === 'string' ? Buffer.from(context, 'base64').toString() : undefined,
      end: (answer, failed) => {
        this.running.delete(id);
        response.writeHead(200, {
          'x-amz-executed-version': VERSION,
          ...(failed ? { 'x-amz-function-error': 'Unhandled' } : {}),
          ...(headers['x-amz-log-type'] === 'Tail'
            ? { 'x-amz-log-result': this.logged(said).toString('base64') }
            : {}),
        });
        response.end(answer);
      },
    };
    this.waiting.push(invocation);
    this.runtime ??= this.begin();
    this.hand();
  }

  /** Gives the runtime that waits the call that waits. */
  private hand(): void {
    const invocation = this.poll && this.waiting.shift();
    if (!this.poll || !invocation) return;
    const { poll } = this;
    this.poll = undefined;
    this.running.set(invocation.id, invocation);
    poll.writeHead(200, {
      ...{ 'content-type': 'application/json', 'lambda-runtime-aws-request-id': invocation.id },
      'lambda-runtime-deadline-ms': String(Date.now() + 900_000),
      'lambda-runtime-invoked-function-arn': `arn:aws:lambda:eu-central-1:0:function:${this.options.name}`,
      ...(invocation.clientContext === undefined
        ? {}
        : { 'lambda-runtime-client-context': invocation.clientContext }),
    });
    poll.end(invocation.payload);
  }

  private begin(): ChildProcess {
    const { command, cwd, env, name } = this.options;
    const [program, ...args] = command;
    const runtime = spawn(program, args, {
      cwd,
      stdio: ['ignore', this.log, this.log],
      env: {
        ...{ PATH: process.env['PATH'], AWS_LAMBDA_RUNTIME_API: new URL(this.endpoint).host },
        ...{ AWS_LAMBDA_FUNCTION_NAME: name, AWS_LAMBDA_FUNCTION_VERSION: VERSION },
        ...{ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128', AWS_REGION: 'eu-central-1' },
        ...{ PYTHONUNBUFFERED: '1', PYTHONIOENCODING: 'utf-8', ...env },
      },
    });
    runtime.on('close', (code, signal) => {
      if (this.runtime !== runtime) return;
      this.runtime = undefined;
      this.poll = undefined;
      const how = code === null ? `signal: ${signal}` : `exit status ${code}`;
      const error = {
        errorType: 'Runtime.ExitError',
        errorMessage: `Error: Runtime exited with error: ${how}`,
      };
      for (const one of [...this.running.values(), ...this.waiting.splice(0)])
        one.end(Buffer.from(JSON.stringify(error)), true);
    });
    return runtime;
  }
}

function refuse(
  response: ServerResponse,
  { type, status, message = type, headers }: ServiceError,
): void {
  response.writeHead(status, {
    ...{ 'content-type': 'application/json', 'x-amzn-errortype': type },
    ...headers,
  });
  response.end(JSON.stringify({ Type: 'User', Message: message, message }));
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
