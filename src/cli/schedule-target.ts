/** What `schedule create` runs: a pipeline or a task, with the places of faults in the file. */
import type { GraphWork, TaskWork } from '../client.js';
import type { Priority } from '../domain/priority.js';
import { validateGraph } from '../domain/validate.js';
import type { CommonOptions } from './command.js';
import { UsageError } from './exit.js';
import type { Output } from './output.js';
import { pipelineOf, readPipeline, refused, type PipelineSource } from './pipeline-source.js';
import { serverPipeline } from './server-pipeline.js';
import { givesParams, readInput, readParams, type ParamOptions } from './values.js';

export interface TargetOptions extends ParamOptions {
  input?: string;
  project?: string;
  session?: string;
  priority?: Priority;
}

/** @throws TaskError SPEC_INVALID with every fault of a pipeline, UsageError */
export async function readTarget(
  out: Output,
  what: string,
  options: TargetOptions & CommonOptions,
): Promise<TaskWork | GraphWork> {
  const { input, project, session, priority } = options;
  const common = {
    ...(project === undefined ? {} : { project }),
    ...(session === undefined ? {} : { sessionId: session }),
    ...(priority === undefined ? {} : { priority }),
  };
  const file = await pipelineOf(what, options);
  if (file === '-' && options.params === '-')
    throw new UsageError('only one of the pipeline and --params can be standard input');
  const source =
    file === undefined ? await serverPipeline(what, options) : await readPipeline(file, out);
  if (source !== undefined) return { ...common, ...(await graphOf(out, source, options)) };
  if (givesParams(options))
    throw new UsageError(`--param is for a pipeline; the task ${what} takes --input`);
  return {
    ...common,
    task: what,
    ...(input === undefined ? {} : { input: await readInput(input, out) }),
  };
}

async function graphOf(out: Output, source: PipelineSource, options: TargetOptions) {
  if (options.input !== undefined)
    throw new UsageError('--input is for a task; a pipeline takes --param and --params');
  if (source.faults.length > 0) throw refused(source.name, source.faults);
  const params = await readParams(options, source.params, out);
  const { faults } = validateGraph(source.spec, { params });
  if (faults.length > 0) throw refused(source.name, source.locate(faults));
  return { graph: source.spec, params };
}
