/** What `run` submits: a pipeline or a task, checked as far as that goes without Temporal. */
import type { Fault } from '../domain/fault.js';
import type { Priority } from '../domain/priority.js';
import { SpecInvalidError } from '../domain/errors.js';
import type { GraphSpec } from '../domain/spec.js';
import { validateGraph, type KnownTasks } from '../domain/validate.js';
import type { CommandHandle } from '../remote/surface.js';
import type { CommonOptions } from './command.js';
import { UsageError } from './exit.js';
import { inOptionNames } from './option-names.js';
import type { Output } from './output.js';
import {
  pipelineOf,
  readPipeline,
  refused,
  templateMeant,
  type PipelineSource,
} from './pipeline-source.js';
import { serverPipeline } from './server-pipeline.js';
import type { Session } from './session.js';
import { givesParams, readInput, readParams, type ParamOptions } from './values.js';

/** Whether an id may run again, as the engine takes it. */
export const REUSE = ['never', 'afterFailure', 'always'] as const;

/** What the engine calls them. */
const OPTION_NAMES = {
  executionId: '--id',
  reuse: '--reuse',
  project: '--project',
  sessionId: '--session',
  priority: '--priority',
  input: '--input',
} as const;

export interface SubmissionOptions extends ParamOptions {
  input?: string;
  id?: string;
  reuse?: (typeof REUSE)[number];
  project?: string;
  session?: string;
  priority?: Priority;
}

export interface Prepared {
  /** The name shown while it runs. */
  name: string;
  /** Undefined where only the server has it. */
  spec: GraphSpec | undefined;
  submit(session: Session): Promise<CommandHandle>;
  /** Words for faults that only a worker found. */
  refused(faults: readonly Fault[]): Error;
}

/**
 * Reads and checks what is to be run.
 *
 * @param known the tasks, where this process has them
 * @throws TaskError SPEC_INVALID with every fault, UsageError
 */
export async function prepare(
  out: Output,
  what: string,
  options: SubmissionOptions & CommonOptions,
  known?: KnownTasks,
): Promise<Prepared> {
  const prepared = await prepareWhat(out, what, options, known);
  return {
    ...prepared,
    submit: (session) => inOptionNames(OPTION_NAMES, prepared.submit(session)),
  };
}

async function prepareWhat(
  out: Output,
  what: string,
  options: SubmissionOptions & CommonOptions,
  known: KnownTasks | undefined,
): Promise<Prepared> {
  const file = await pipelineOf(what, options);
  if (file !== undefined) return await preparePipeline(out, file, options, known);
  const named = await serverPipeline(what, options);
  return named
    ? await prepareNamed(out, named, options)
    : await prepareTask(out, what, options, known);
}

async function prepareNamed(
  out: Output,
  { name, spec, params: specs, faults }: PipelineSource,
  options: SubmissionOptions,
): Promise<Prepared> {
  if (faults.length > 0) throw refused(name, faults);
  if (options.input !== undefined)
    throw new UsageError('--input is for a task; a pipeline takes --param and --params');
  const params = await readParams(options, specs, out);
  return {
    ...{ name, spec },
    submit: ({ engine }) => engine.scheduleTaskGraph(name, { ...submitOptions(options), params }),
    refused: (wrong) => refused(name, wrong),
  };
}

async function preparePipeline(
  out: Output,
  file: string,
  options: SubmissionOptions,
  known: KnownTasks | undefined,
): Promise<Prepared> {
  if (options.input !== undefined)
    throw new UsageError('--input is for a task; a pipeline takes --param and --params');
  if (file === '-' && options.params === '-')
    throw new UsageError('only one of the pipeline and --params can be standard input');
  const source = await readPipeline(file, out);
  if (source.faults.length > 0) throw refused(source.name, source.faults);
  const params = await readParams(options, source.params, out);
  const words = (faults: readonly Fault[]) => refused(source.name, source.locate(faults));
  const { faults } = validateGraph(source.spec, { params }, known);
  if (faults.length > 0) throw words(faults);
  return {
    name: source.spec.name,
    spec: source.spec,
    submit: ({ engine }) =>
      engine.scheduleTaskGraph(source.spec, { ...submitOptions(options), params }),
    refused: words,
  };
}

async function prepareTask(
  out: Output,
  task: string,
  options: SubmissionOptions & CommonOptions,
  known: KnownTasks | undefined,
): Promise<Prepared> {
  if (givesParams(options)) {
    const meant = templateMeant(task, options);
    const hint = meant === undefined ? '' : `; ${meant}`;
    throw new UsageError(`--param is for a pipeline; the task ${task} takes --input${hint}`);
  }
  const { LONE_NODE } = await import('../client.js');
  const given = options.input === undefined ? undefined : await readInput(options.input, out);
  const spec: GraphSpec = { name: task, tasks: [{ id: LONE_NODE, task }] };
  const words = (faults: readonly Fault[]) =>
    new SpecInvalidError(
      faults.map((one) => ({
        ...(one.code === 'UNKNOWN_TASK' ? withTemplate(one, task, options) : one),
        path: one.path.replace(/^tasks\[0\]\./, ''),
      })),
      `task ${task}`,
    );
  const { faults } = validateGraph(spec, {}, known && { names: known.names });
  const problems = faults.length > 0 ? [] : (known?.checkInput?.(task, given ?? null) ?? []);
  const wrong = problems.map((message): Fault => ({
    path: 'input',
    code: 'INPUT_INVALID',
    message,
  }));
  if (faults.length + wrong.length > 0) throw words([...faults, ...wrong]);
  return {
    name: task,
    spec,
    submit: ({ engine }) =>
      engine.scheduleTask({
        ...submitOptions(options),
        task,
        ...(given === undefined ? {} : { input: given }),
      }),
    refused: words,
  };
}

/** What is no task may be a template whose name has a slip. */
function withTemplate(one: Fault, task: string, options: CommonOptions): Fault {
  const meant = templateMeant(task, options);
  if (meant === undefined) return one;
  const isNear = one.hint?.startsWith('did you mean') === true;
  return { ...one, hint: isNear ? `${one.hint} ${meant}` : meant };
}

function submitOptions({ id, reuse, project, session, priority }: SubmissionOptions) {
  return {
    ...(id === undefined ? {} : { executionId: id }),
    ...(reuse === undefined ? {} : { reuse }),
    ...(project === undefined ? {} : { project }),
    ...(session === undefined ? {} : { sessionId: session }),
    ...(priority === undefined ? {} : { priority }),
  };
}
