/**
 * Functions of AWS Lambda, by its SDK: an optional peer dependency, loaded with the first call. Whose functions may be
 * called is for the worker's AWS credentials; a pipeline brings none.
 */
import type * as Sdk from '@aws-sdk/client-lambda';
import { TaskError } from '../domain/errors.js';
import { isObject, preview } from '../domain/json.js';
import type { FaasSpec } from '../domain/program.js';
import { jsonOutput } from './faas-answer.js';
import {
  callFacts,
  type CallOptions,
  type FunctionAnswer,
  type FunctionCall,
} from './faas-call.js';
import { FunctionError, toldError } from './faas-errors.js';
import { sdkError } from './faas-lambda-errors.js';
import { NotKnown } from './look-ups.js';
import { exhausted } from './program.js';

/** Characters of base64 that Lambda takes as client context. */
const CONTEXT_CHARACTERS = 3_583;
const REGION = /^[a-z0-9]+(?:-[a-z0-9]+)+$/;
const ARN = /^arn:[^:]*:lambda:([^:]+):/;
/** What another attempt would find as it is: a function that its runtime cannot load. */
const BROKEN = [
  'Runtime.ImportModuleError',
  'Runtime.HandlerNotFound',
  'Runtime.UserCodeSyntaxError',
  'Runtime.MalformedHandlerName',
];

export class LambdaFunctions {
  private readonly clients = new Map<string, Sdk.LambdaClient>();

  /**
   * @param endpoint instead of AWS's own and of `AWS_ENDPOINT_URL_LAMBDA`
   * @param load gives the SDK
   */
  constructor(
    private readonly endpoint?: string,
    private readonly load: () => Promise<typeof Sdk> = () => import('@aws-sdk/client-lambda'),
  ) {}

  /** @throws FunctionError; TaskError CONFIGURATION, ENVIRONMENT, OUTPUT_INVALID, TOO_LARGE, RESOURCE_EXHAUSTED */
  async call(call: FunctionCall, { signal, onOutput }: CallOptions): Promise<FunctionAnswer> {
    const { faas, program } = call;
    const name = faas.function ?? '';
    const from = `faas: the function ${name}`;
    const sdk = await this.sdk();
    const command = new sdk.InvokeCommand({
      FunctionName: name,
      ...(faas.qualifier === undefined ? {} : { Qualifier: faas.qualifier }),
      InvocationType: 'RequestResponse',
      Payload: Buffer.from(JSON.stringify(program.input)),
      ClientContext: await clientContext(call),
      ...(onOutput ? { LogType: 'Tail' } : {}),
    });
    const client = this.client(sdk, regionOf(faas));
    let answer: Sdk.InvocationResponse;
    try {
      answer = await client.send(command, { abortSignal: signal });
    } catch (error) {
      throw sdkError(error, from);
    }
    if (answer.LogResult) onOutput?.('stderr', Buffer.from(answer.LogResult, 'base64').toString());
    // Lambda holds an answer to 6 MB, so it is small enough to be taken whole before it is measured.
    const payload = answer.Payload ?? new Uint8Array();
    if (answer.FunctionError !== undefined) throw failure(answer.FunctionError, payload, from);
    if (payload.byteLength > program.maxOutputBytes) throw exhausted('output', program);
    return {
      output: jsonOutput(payload, from),
      environmentId: `${withoutQualifier(name)}:${answer.ExecutedVersion ?? faas.qualifier ?? '$LATEST'}`,
    };
  }

  /**
   * Whether there is such a function, version or alias. It is not invoked: its configuration is asked for.
   *
   * @throws TaskError as {@link call} does; {@link NotKnown} where the credentials may not ask for that
   */
  async find(faas: FaasSpec, signal: AbortSignal): Promise<void> {
    const name = faas.function ?? '';
    const from = `faas: the function ${name}`;
    const sdk = await this.sdk();
    const command = new sdk.GetFunctionConfigurationCommand({
      FunctionName: name,
      ...(faas.qualifier === undefined ? {} : { Qualifier: faas.qualifier }),
    });
    try {
      await this.client(sdk, regionOf(faas)).send(command, { abortSignal: signal });
    } catch (error) {
      // To invoke is another permission, which the worker may have.
      if (isObject(error) && error['name'] === 'AccessDeniedException')
        throw new NotKnown(
          `${from}: the worker may not ask for it (lambda:GetFunctionConfiguration)`,
        );
      throw sdkError(error, from);
    }
  }

  close(): void {
    for (const client of this.clients.values()) client.destroy();
    this.clients.clear();
  }

  private async sdk(): Promise<typeof Sdk> {
    try {
      return await this.load();
    } catch (error) {
      const code = isObject(error) ? error['code'] : undefined;
      if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error;
      throw new TaskError(
        'CONFIGURATION',
        'faas.function: functions of AWS Lambda need the package @aws-sdk/client-lambda, which this worker does not have: npm install @aws-sdk/client-lambda',
        { cause: error },
      );
    }
  }

  private client({ LambdaClient }: typeof Sdk, region: string | undefined): Sdk.LambdaClient {
    const key = region ?? '';
    const known = this.clients.get(key);
    if (known) return known;
    const client = new LambdaClient({
      ...(region === undefined ? {} : { region }),
      ...(this.endpoint === undefined ? {} : { endpoint: this.endpoint }),
      // Retries are the task's policy's: one of the SDK's own would run the function twice in an attempt.
      maxAttempts: 1,
      // A function may take as long as its attempt; the signal ends both.
      requestHandler: { requestTimeout: 0, socketTimeout: 0 },
    });
    this.clients.set(key, client);
    return client;
  }
}

/** The region of a function; undefined leaves it to the worker. It becomes part of a host's name, so it must be a name. */
function regionOf({ region, function: name = '' }: FaasSpec): string | undefined {
  const said = region ?? ARN.exec(name)?.[1];
  if (said === undefined || REGION.test(said)) return said;
  throw new TaskError(
    'CONFIGURATION',
    `faas.region: ${preview(said)} is no region of AWS; expected such as eu-central-1`,
  );
}

/** The facts of the call as `context.client_context.custom`; ids that are too long for it are left out, the key never. */
async function clientContext(call: FunctionCall): Promise<string> {
  const facts = await callFacts(call);
  const {
    'tempograph-task-id': _task,
    'tempograph-workflow-id': _workflow,
    tracestate: _state,
    ...needed
  } = facts;
  const texts = [facts, needed].map((custom) =>
    Buffer.from(JSON.stringify({ custom })).toString('base64'),
  );
  const fitting = texts.find(({ length }) => length <= CONTEXT_CHARACTERS);
  if (fitting !== undefined) return fitting;
  throw new TaskError(
    'TOO_LARGE',
    `faas: the idempotency key is too long for Lambda's client context (${CONTEXT_CHARACTERS} characters of base64); give the execution a shorter id`,
  );
}

/** @param kind Lambda's word: Handled or Unhandled */
function failure(kind: string, payload: Uint8Array, from: string): FunctionError {
  const text = new TextDecoder().decode(payload);
  const told = toldError(text);
  const code = told?.code ?? kind;
  return new FunctionError(told?.message ?? `${from} failed: ${preview(text, 300)}`, {
    ...{ code, stack: told?.stack, details: told?.details },
    retriable: BROKEN.includes(code) ? false : told?.retriable,
  });
}

/** An ARN without the version or alias at its end; a name as it is, without one. */
function withoutQualifier(name: string): string {
  const parts = name.split(':');
  const of = parts.indexOf('function');
  return of < 0 ? (parts[0] ?? name) : parts.slice(0, of + 2).join(':');
}
