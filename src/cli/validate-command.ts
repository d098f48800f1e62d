/** `tempograph validate`: everything that is wrong with a pipeline, without running it. */
import { TaskError } from '../domain/errors.js';
import type { Fault } from '../domain/fault.js';
import { jsonFaults } from '../domain/json-faults.js';
import { isObject } from '../domain/json.js';
import { SPEC_LIMITS, type GraphSpec, type ParamSpec } from '../domain/spec.js';
import { validateGraph } from '../domain/validate.js';
import type { CommandDefinition, CommonOptions } from './command.js';
import { EXIT, UsageError, type ExitCode } from './exit.js';
import { knownTasks } from './local-worker.js';
import type { Output } from './output.js';
import {
  allFaults,
  faultLines,
  pipelineOf,
  readPipeline,
  type PipelineSource,
} from './pipeline-source.js';
import { serverOf } from './server-option.js';
import { listens, target, withSession } from './session.js';
import { loadTasks, TASKS_OPTION, type TaskModuleOptions } from './task-modules.js';
import { givesParams, PARAM_OPTIONS, readParams, type ParamOptions } from './values.js';

type ValidateOptions = CommonOptions & ParamOptions & TaskModuleOptions;

export const validate: CommandDefinition<ValidateOptions> = {
  name: 'validate',
  summary: 'Check a pipeline without running it',
  description:
    'Needs no server. The names and inputs of tasks are checked by a worker where one is running, or with --tasks.\n' +
    'Parameters are checked when any is given.',
  parameters: [
    ['<file|template>', "a pipeline's file (- is standard input), or a template's name"],
  ],
  options: [...PARAM_OPTIONS, TASKS_OPTION],
  examples: [
    ['tempograph validate nightly.yaml', 'all faults, with their lines'],
    ['tempograph validate nightly.yaml --tasks tasks.ts', 'names and inputs of tasks too'],
    ['tempograph validate wait-for-url', 'a template'],
    ['tempograph validate - --json < nightly.yaml', 'in a script'],
  ],
  run: async (out, options, [file = '']) => {
    if (file === '-' && options.params === '-')
      throw new UsageError('only one of the pipeline and --params can be standard input');
    const source = await readPipeline((await pipelineOf(file, options)) ?? file, out);
    const ofGraph = source.broken ? [] : await faultsOf(out, source, options);
    return tell(out, source, allFaults(source, ofGraph));
  },
};

async function faultsOf(
  out: Output,
  source: PipelineSource,
  options: ValidateOptions,
): Promise<Fault[]> {
  const given = givesParams(options);
  const params = given ? await readParams(options, source.params, out) : {};
  const spec = given ? source.spec : withParamsOpen(source.spec);
  const foreign = jsonFaults(spec, SPEC_LIMITS); // which would not come to a worker as it is
  if (foreign.length > 0) return foreign;
  if (options.tasks) {
    const known = await knownTasks(await loadTasks(options.tasks), options);
    return validateGraph(spec, { params }, known).faults;
  }
  const found = await askWorker(spec, params, options);
  if (typeof found !== 'string') return found;
  out.note(`task names not checked: ${found}`);
  return validateGraph(spec, { params }).faults;
}

/** The spec with a default for each parameter that must be given, so that the rest can be checked without them. */
function withParamsOpen(spec: GraphSpec): GraphSpec {
  if (!isObject(spec) || !isObject(spec.params)) return spec;
  const params = Object.entries(spec.params as Record<string, ParamSpec>).map(([name, param]) =>
    isObject(param) && param['default'] === undefined && validParam(name, param)
      ? [name, { default: null }]
      : [name, param],
  );
  return { ...spec, params: Object.fromEntries(params) as Record<string, ParamSpec> };
}

/** False for one that has faults of its own: they must be told. */
function validParam(name: string, param: ParamSpec): boolean {
  const alone = { name: 'x', params: { [name]: param }, tasks: [{ id: 'x', task: 'x' }] };
  const { faults } = validateGraph(alone);
  return faults.every(({ code, path }) => code === 'MISSING' && path === `params.${name}`);
}

/** The faults that a worker finds, or why none was asked. */
async function askWorker(
  spec: GraphSpec,
  params: Record<string, unknown>,
  options: CommonOptions,
): Promise<Fault[] | string> {
  if (!serverOf(options)) {
    const { address } = target(options);
    if (!(await listens(address))) return `no Temporal server answers at ${address}`;
  }
  try {
    return await withSession(options, async (session) => {
      const { taskQueue, pollers } = await session.workers();
      if (pollers === 0) return `no worker polls the task queue ${taskQueue}`;
      return await session.engine.validate(spec, { params, askWorker: true });
    });
  } catch (error) {
    return error instanceof TaskError ? error.message : `Temporal: ${(error as Error).message}`;
  }
}

function tell(out: Output, { name }: PipelineSource, faults: readonly Fault[]): ExitCode {
  const issues = faults.map(({ path, code, message, hint, line, column }) => ({
    path,
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(line === undefined ? {} : { line, column }),
  }));
  out.document({ valid: faults.length === 0, issues });
  if (faults.length === 0) out.print(`${out.style.green('✔')} ${name} is valid`);
  for (const line of faultLines(name, faults)) out.print(line);
  if (faults.length > 0)
    out.note(`${faults.length} ${faults.length === 1 ? 'fault' : 'faults'} in ${name}`);
  return faults.length === 0 ? EXIT.done : EXIT.refused;
}
