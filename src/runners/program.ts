/** What the runners of programs share: the environment that a program finds, and what its end means. */
import { messageOf, TaskError } from '../domain/errors.js';
import type { Json } from '../domain/json.js';
import { formatBytes } from '../domain/bytes.js';
import { outputOfTexts, type OutputText } from '../domain/output-texts.js';
import type { Limits, Program } from '../domain/program.js';
import { askedBeforeMs } from '../domain/stopping-early.js';
import { SetUpError, type ProgramRun, type RunRequest } from './runner.js';

/** Characters of standard error that an error's stack carries, and its details. */
const TAIL = 2_000;
const DETAILS = 700;

/** A request of which it is known that it is a program's. */
export type ProgramRequest = RunRequest & { program: ProgramRun };

/** Where a program finds its input, and where it puts its output and artifacts. */
export interface ProgramPaths {
  input: string;
  output: string;
  /** Folder of texts, which become the output where there is no file of it. */
  outputs: string;
  artifacts: string;
}

/**
 * The request as its program meets it: the input with the places of its files, and with it the expressions in what it is
 * started with replaced.
 *
 * @param folder where its files are put, as the program sees it
 * @throws TaskError EXPRESSION, INPUT_INVALID
 */
export function filledRequest<R extends ProgramRequest>(request: R, folder: string): R {
  const { program: run } = request;
  const input = run.files?.input(folder) ?? run.input;
  const program = run.fill?.(input) ?? run.program;
  return {
    ...request,
    program: { ...run, program, input, env: { ...run.env, ...envOf(program) } },
  };
}

function envOf(program: Program): Record<string, string> | undefined {
  if (program.kind === 'faas') return undefined;
  return program.kind === 'process' ? program.process.env : program.container.env;
}

/**
 * The variables of a program: document 004's two, the user's over them, ours over all.
 *
 * @returns `TASK_ID` (the node's execution id), `WORKFLOW_ID`, the user's, `TEMPOGRAPH_INPUT`, `_OUTPUT`, `_OUTPUTS`,
 *   `_ARTIFACTS`, `_ATTEMPT`, `_IDEMPOTENCY_KEY` and `_DEADLINE` (ISO)
 */
export function programEnv(
  { context, program }: ProgramRequest,
  { input, output, outputs, artifacts }: ProgramPaths,
): Record<string, string> {
  return {
    TASK_ID: context.executionId,
    WORKFLOW_ID: context.graphId,
    ...program.env,
    TEMPOGRAPH_INPUT: input,
    TEMPOGRAPH_OUTPUT: output,
    TEMPOGRAPH_OUTPUTS: outputs,
    TEMPOGRAPH_ARTIFACTS: artifacts,
    TEMPOGRAPH_ATTEMPT: String(context.attempt),
    TEMPOGRAPH_IDEMPOTENCY_KEY: context.idempotencyKey,
    TEMPOGRAPH_DEADLINE: context.deadline.toISOString(),
  };
}

/**
 * How long a program may go on once it is asked to stop: as the setting says, and so that it has ended before its
 * attempt's time has, for then another one may begin.
 */
export function graceWithin({ context }: RunRequest, graceMs: number): number {
  const allowedMs = Math.max(0, context.deadline.getTime() - Date.now());
  return Math.min(graceMs, askedBeforeMs(allowedMs) / 2);
}

/**
 * What a program wrote as its output: the JSON of its file, else an object of its texts. One that wrote nothing gave null.
 *
 * @throws TaskError OUTPUT_INVALID
 */
export function parseOutput(bytes: Uint8Array | undefined, texts: readonly OutputText[]): Json {
  const none = bytes === undefined || bytes.byteLength === 0;
  if (texts.length > 0 && !none)
    throw new TaskError(
      'OUTPUT_INVALID',
      'the program wrote both a document to TEMPOGRAPH_OUTPUT and texts below TEMPOGRAPH_OUTPUTS; write one of them',
    );
  if (none) return texts.length > 0 ? outputOfTexts(texts) : null;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Json;
  } catch (error) {
    throw new TaskError(
      'OUTPUT_INVALID',
      `the program's output is no JSON: ${messageOf(error)}; write one JSON document in UTF-8 to the file named by TEMPOGRAPH_OUTPUT`,
      { cause: error },
    );
  }
}

/** What can run out. */
export type ExhaustedResource = 'memory' | 'disk' | 'processes' | 'cpu' | 'logs' | 'output';

const LIMIT_OF: Readonly<Record<Exclude<ExhaustedResource, 'output'>, (limits: Limits) => string>> =
  {
    memory: ({ memoryBytes }) => `${formatBytes(memoryBytes)} (resources.memory)`,
    disk: ({ diskBytes }) => `${formatBytes(diskBytes)} (resources.disk)`,
    processes: ({ processes }) => `${processes} processes and threads (resources.processes)`,
    cpu: ({ cpu }) => `${cpu} CPU (resources.cpu)`,
    logs: ({ logBytes }) => `${formatBytes(logBytes)} of output (resources.logs)`,
  };

/** A program that used up what it may have, and was ended. */
export function exhausted(
  resource: ExhaustedResource,
  { limits, maxOutputBytes }: ProgramRun,
): TaskError {
  const limit =
    resource === 'output'
      ? `${formatBytes(maxOutputBytes)} of result (maxOutputBytes)`
      : LIMIT_OF[resource](limits);
  return new TaskError(
    'RESOURCE_EXHAUSTED',
    `the program used more than its ${limit}, and was ended; raise the limit, or have it need less`,
    { details: { resource, limit } },
  );
}

/** How a program ended that was not ended by us. */
export interface ProgramExit {
  /** Null where a signal ended it. */
  code: number | null;
  signal: string | null;
  /** The end of what it wrote to standard error. */
  stderr: string;
}

/**
 * The error of a program that failed. Its message has the line that says why; its stack and its details have the end of
 * what the program wrote to standard error.
 *
 * @param by what ran it: `the program`, `the container`
 */
export function programFailed(
  { code, signal, stderr }: ProgramExit,
  by = 'the program',
): TaskError {
  const tail = lastLines(stderr.trim());
  const details = { exitCode: code, signal, stderr: endOf(tail) };
  const why = whyOf(tail);
  if (isMissing(code, why)) {
    const hint = 'give a program that is there, with its path or in PATH';
    return new TaskError('CONFIGURATION', `${by} cannot be started: ${why}; ${hint}`, { details });
  }
  const how = signal === null ? `exit code ${code}` : signal;
  const message = `${by} ended with ${how}${why === '' ? '' : `: ${why}`}`;
  const error = new TaskError('PROGRAM_FAILED', message, { details });
  if (tail !== '') error.stack = tail;
  return error;
}

/** The end of a text, whole lines of it: half a line may hold half a secret, which nobody would know for one. */
function lastLines(text: string, characters = TAIL): string {
  if (text.length <= characters) return text;
  const end = text.slice(-Math.floor(characters));
  return end.includes('\n') ? end.slice(end.indexOf('\n') + 1) : end;
}

/** The end of a text that is so short that the record of an error takes it, whatever its characters. */
function endOf(text: string): string {
  let end = lastLines(text, DETAILS);
  while (JSON.stringify(end).length > DETAILS + 100) end = lastLines(end, end.length / 2);
  return end;
}

/** `TypeError: …`, `java.lang.IllegalStateException: …`, `error: Uncaught …`, `Main.java:3: error: …`. */
const SAYS_WHY =
  /^(?:Exception in thread "[^"]*" |error: )?(?:[\w.$]*(?:Error|Exception)\b|Uncaught\b|\S+:\d+: error: )/;

/** The line of a program's last words that says why: the last that names an error, else the last of all. */
function whyOf(tail: string): string {
  const lines = tail.split('\n');
  const line = lines.findLast((one) => SAYS_WHY.test(one)) ?? lines.at(-1) ?? '';
  return line.trim();
}

/** A shell could not start it: another try finds no more. */
const isMissing = (code: number | null, why: string): boolean =>
  (code === 127 && /: not found$/.test(why)) || (code === 126 && /ermission denied$/.test(why));

/** Nothing of the program has run. */
export function notPrepared(what: string, cause?: unknown): TaskError {
  return new SetUpError(`its environment could not be prepared: ${what}`, { cause });
}
