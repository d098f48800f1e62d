/** What `run` submits: a pipeline or a task, checked as far as that goes without Temporal. */
import type { Fault } from '../domain/fault.js';
import { SpecInvalidError } from '../domain/errors.js';
import type { GraphSpec } from '../domain/spec.js';
import { validateGraph, type KnownTasks } from '../domain/validate.js';
import type { CommandHandle } from '../remote/surface.js';
import { catalogueMeant } from './catalogue-meant.js';
import type { CommonOptions } from './command.js';
import { UsageError } from './exit.js';
import { inOptionNames } from './option-names.js';
import type { Output } from './output.js';
import {
  allFaults,
  pipelineOf,
  readPipeline,
  refused,
  templateMeant,
  type PipelineSource,
} from './pipeline-source.js';
import { serverPipeline } from './server-pipeline.js';
import type { Session } from './session.js';
import { OPTION_NAMES, submitOptions, type SubmitFlags } from './submit-options.js';
import { givesParams, readParams, readValue, type ParamOptions } from './values.js';

export interface SubmissionOptions extends ParamOptions, SubmitFlags {
  input?: string;
}

/** What was started, and the spec for the picture of it; undefined where only the server has it. */
export interface Submitted {
  handle: CommandHandle;
  spec: GraphSpec | undefined;
}

export interface Prepared {
  /** The name shown while it runs. */
  name: string;
  submit(session: Session): Promise<Submitted>;
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
  // What a workflowType runs need be no task of these workers.
  const names = options.workflowType === undefined ? known : undefined;
  const prepared = await prepareWhat(out, what, options, names);
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
  const said = submitOptions(options);
  return {
    name,
    submit: async ({ engine }) => ({
      handle: await engine.scheduleTaskGraph(name, { ...said, params }),
      spec,
    }),
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
  if (source.broken) throw refused(source.name, source.faults);
  const params = await readParams(options, source.params, out);
  const words = (faults: readonly Fault[]) => refused(source.name, allFaults(source, faults));
  const { faults } = validateGraph(source.spec, { params }, known);
  if (source.faults.length + faults.length > 0) throw words(faults);
  const said = submitOptions(options);
  const { spec } = source;
  const named = source.graph === spec ? {} : { name: spec.name };
  return {
    name: spec.name,
    submit: async ({ engine }) => ({
      handle: await engine.scheduleTaskGraph(source.graph, { ...said, ...named, params }),
      // What the catalogue says of the ids of an adjacency form, only the server has.
      spec: source.graph === spec ? spec : undefined,
    }),
    refused: words,
  };
}

async function prepareTask(
  out: Output,
  task: string,
  options: SubmissionOptions & CommonOptions,
  known: KnownTasks | undefined,
): Promise<Prepared> {
  if (givesParams(options) && known !== undefined) throw noParams(task, options);
  const said = submitOptions(options);
  const { LONE_NODE } = await import('../client.js');
  const given =
    options.input === undefined ? undefined : await readValue('--input', options.input, out);
  const spec: GraphSpec = { name: task, tasks: [{ id: LONE_NODE, task }] };
  const words = (faults: readonly Fault[]) =>
    new SpecInvalidError(
      faults.map((one) => ({
        ...withTemplate(one, task, options),
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
    submit: async (session) => {
      const { engine } = session;
      const work = { ...said, ...(given === undefined ? {} : { input: given }) };
      const entry = known === undefined ? await catalogueMeant(session, task) : undefined;
      const specs = entry?.run && 'graph' in entry.run ? (entry.run.graph.params ?? {}) : undefined;
      if (givesParams(options) && specs === undefined) throw noParams(task, options);
      const params = specs === undefined ? {} : { params: await readParams(options, specs, out) };
      if (entry) {
        const handle = await engine.scheduleTask({ ...work, ...params, taskId: task });
        return { handle, spec: undefined };
      }
      return { handle: await engine.scheduleTask({ ...work, task }), spec };
    },
    refused: words,
  };
}

/** For parameters of what is no pipeline, but may be a template whose name has a slip. */
export function noParams(task: string, options: CommonOptions): UsageError {
  const meant = templateMeant(task, options);
  const hint = meant === undefined ? '' : `; ${meant}`;
  return new UsageError(`--param is for a pipeline; the task ${task} takes --input${hint}`);
}

/** The fault; where it says that there is no such task, also which template may be meant, whose name has a slip. */
export function withTemplate(one: Fault, task: string, options: CommonOptions): Fault {
  if (one.code !== 'UNKNOWN_TASK') return one;
  const meant = templateMeant(task, options);
  if (meant === undefined) return one;
  const isNear = one.hint?.startsWith('did you mean') === true;
  return { ...one, hint: isNear ? `${one.hint} ${meant}` : meant };
}
