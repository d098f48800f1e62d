/** What a schedule runs: a pipeline or a task, with the places of faults in the file. */
import type { GraphWork, ScheduleRecord, ScheduleUpdate, TaskWork } from '../client.js';
import { expressionFaults } from '../client/schedule-literals.js';
import type { Priority } from '../domain/priority.js';
import { validateGraph } from '../domain/validate.js';
import type { CommonOptions } from './command.js';
import { UsageError } from './exit.js';
import type { Output } from './output.js';
import { pipelineOf, readPipeline, refused, type PipelineSource } from './pipeline-source.js';
import { serverPipeline } from './server-pipeline.js';
import { noParams } from './submission.js';
import { givesParams, readParams, readValue, type ParamOptions } from './values.js';

export interface TargetOptions extends ParamOptions {
  input?: string;
  project?: string;
  session?: string;
  priority?: Priority;
}

type Params = Readonly<Record<string, unknown>>;

/**
 * @param before values of parameters that stay where the pipeline still has them
 * @throws TaskError SPEC_INVALID with every fault of a pipeline, UsageError
 */
export async function readTarget(
  out: Output,
  what: string,
  options: TargetOptions & CommonOptions,
  before: Params = {},
): Promise<TaskWork | GraphWork> {
  const { input } = options;
  const common = commonOf(options);
  const file = await pipelineOf(what, options);
  if (file === '-' && options.params === '-')
    throw new UsageError('only one of the pipeline and --params can be standard input');
  const source =
    file === undefined ? await serverPipeline(what, options) : await readPipeline(file, out);
  if (source !== undefined) return { ...common, ...(await graphOf(out, source, options, before)) };
  if (givesParams(options)) throw noParams(what, options);
  return {
    ...common,
    task: what,
    ...(input === undefined ? {} : { input: await readValue('--input', input, out) }),
  };
}

/**
 * What an update says of what runs; all that it does not say stays, also where a file or a name replaces it.
 *
 * @throws as {@link readTarget} does
 */
export async function readChanges(
  out: Output,
  { kind, spec, submission }: ScheduleRecord,
  what: string | undefined,
  options: TargetOptions & CommonOptions,
): Promise<ScheduleUpdate> {
  const { params: before = {}, options: more, ...said } = submission;
  const task = kind === 'task' ? spec.tasks[0]?.task : undefined;
  if (what !== undefined && what !== task) {
    const { kind: _kind, rerun: _rerun, scheduledTime: _time, ...stays } = said;
    const target = await readTarget(out, what, options, before);
    return { ...more, ...stays, ...target } as ScheduleUpdate;
  }
  const { input } = options;
  if (kind === 'graph' && input !== undefined) throw noInput();
  if (kind === 'task' && givesParams(options)) throw noParams(task ?? spec.name, options);
  return {
    ...commonOf(options),
    ...(input === undefined ? {} : { input: await readValue('--input', input, out) }),
    ...(givesParams(options)
      ? { params: { ...before, ...(await readParams(options, spec.params ?? {}, out)) } }
      : {}),
  };
}

function commonOf({ project, session, priority }: TargetOptions) {
  return {
    ...(project === undefined ? {} : { project }),
    ...(session === undefined ? {} : { sessionId: session }),
    ...(priority === undefined ? {} : { priority }),
  };
}

const noInput = (): UsageError =>
  new UsageError('--input is for a task; a pipeline takes --param and --params');

async function graphOf(
  out: Output,
  source: PipelineSource,
  options: TargetOptions,
  before: Params,
) {
  if (options.input !== undefined) throw noInput();
  if (source.faults.length > 0) throw refused(source.name, source.faults);
  const kept = Object.entries(before).filter(([name]) => Object.hasOwn(source.params, name));
  const given = await readParams(options, source.params, out);
  const params = { ...Object.fromEntries(kept), ...given };
  const expressions = expressionFaults({ params: given }, before);
  const isTold = new Set(expressions.map(({ path }) => path));
  const { faults: others } = validateGraph(source.spec, { params });
  // Why an expression has not the format of a date says nothing to whoever meant it to be evaluated.
  const faults = [...expressions, ...others.filter(({ path }) => !isTold.has(path))];
  if (faults.length > 0) throw refused(source.name, source.locate(faults));
  return { graph: source.spec, params };
}
