/** `tempograph plan`: what a run would be like, without running anything. */
import { SpecInvalidError, TaskError } from '../domain/errors.js';
import type { Fault } from '../domain/fault.js';
import { planGraph, type GraphForecast } from '../domain/forecast.js';
import { isObject } from '../domain/json.js';
import { MAX_ITEMS } from '../domain/node-kind.js';
import { NO_OVERHEAD } from '../domain/overhead.js';
import { parseText } from '../domain/pipeline.js';
import { NO_FACTS } from '../domain/plan-facts.js';
import { programsOf } from '../domain/program-looks.js';
import type { GraphSpec } from '../domain/spec.js';
import { validateGraph } from '../domain/validate.js';
import {
  collect,
  duration,
  option,
  wholeNumber,
  type CommandDefinition,
  type CommonOptions,
} from './command.js';
import { EXIT, UsageError } from './exit.js';
import { localFacts } from './local-worker.js';
import type { Output } from './output.js';
import { pairsOf } from './pairs.js';
import { pipelineOf, readPipeline, readText, refused } from './pipeline-source.js';
import { planDot, planMermaid } from './plan-picture.js';
import { printPlan } from './plan-text.js';
import { serverOf } from './server-option.js';
import { serverPipeline } from './server-pipeline.js';
import { listens, target, withSession } from './session.js';
import { noParams, withTemplate } from './submission.js';
import { loadTasks, TASKS_OPTION, type TaskModuleOptions } from './task-modules.js';
import { givesParams, PARAM_OPTIONS, readParams, readValue, type ParamOptions } from './values.js';

const FORMATS = ['text', 'json', 'mermaid', 'dot'] as const;

interface PlanCommandOptions extends CommonOptions, ParamOptions, TaskModuleOptions {
  input?: string;
  durations?: string;
  duration?: string[];
  items?: string[];
  concurrency?: number;
  /** False by `--no-overhead`. */
  overhead: boolean;
  check?: boolean;
  options?: boolean;
  format?: (typeof FORMATS)[number];
}

export const plan: CommandDefinition<PlanCommandOptions> = {
  name: 'plan',
  summary: 'Show what a run would be like, without running it',
  description:
    'Order, critical path, how long it takes, the worst that its retries allow, what it costs in Temporal.\n' +
    "How long tasks take: as given, else by the store's history, else as the task says, else 1 s. Needs no server.",
  parameters: [['<file|task>', "a pipeline's file (- is standard input), or a task's name"]],
  options: [
    ...PARAM_OPTIONS,
    option('-i, --input <json|@file>', "a task's input"),
    option('--durations <file>', 'how long nodes or tasks take: names and durations, JSON or YAML'),
    option('--duration <name=time>', 'of one node or task; may be repeated', collect),
    option('--items <node=n>', 'how many items a map has; may be repeated', collect),
    option('--concurrency <n>', 'another window', wholeNumber('--concurrency', 1, 1_000)),
    option('--no-overhead', 'what handlers take, and nothing else'),
    option(
      '--check',
      'fail where no worker can check tasks; look up images, functions and secrets of programs',
    ),
    option('--options', 'where each option comes from'),
    option('--format <how>', 'default text').choices(FORMATS),
    TASKS_OPTION,
  ],
  examples: [
    ['tempograph plan nightly.yaml', 'in words'],
    ['tempograph plan nightly.yaml --duration load=5m --concurrency 20', 'under other terms'],
    ['tempograph plan nightly.yaml --format mermaid', 'as a picture'],
  ],
  run: async (out, options, [what = '']) => {
    if (out.json && options.format !== undefined && options.format !== 'json')
      throw new UsageError(`--json and --format ${options.format}: say one of the two`);
    const subject = await subjectOf(out, what, options);
    const made = await planOf(out, subject, options);
    out.document(made);
    show(out, made, options);
    return EXIT.done;
  },
};

/** What is planned. */
interface Subject {
  spec: GraphSpec;
  params: Record<string, unknown>;
  refused: (faults: readonly Fault[]) => Error;
}

async function subjectOf(out: Output, what: string, options: PlanCommandOptions): Promise<Subject> {
  const file = await pipelineOf(what, options);
  const source =
    file === undefined ? await serverPipeline(what, options) : await readPipeline(file, out);
  if (source === undefined) return await taskSubject(out, what, options);
  if (options.input !== undefined)
    throw new UsageError('--input is for a task; a pipeline takes --param and --params');
  if ([what, options.params, options.durations].filter((file) => file === '-').length > 1)
    throw new UsageError(
      'only one of the pipeline, --params and --durations can be standard input',
    );
  if (source.faults.length > 0) throw refused(source.name, source.faults);
  return {
    spec: source.spec,
    params: await readParams(options, source.params, out),
    refused: (faults) => refused(source.name, source.locate(faults)),
  };
}

async function taskSubject(
  out: Output,
  task: string,
  options: PlanCommandOptions,
): Promise<Subject> {
  if (givesParams(options)) throw noParams(task, options);
  const { taskSpec } = await import('../client/start-request.js');
  const given =
    options.input === undefined ? undefined : await readValue('--input', options.input, out);
  return {
    spec: taskSpec(task, given).spec,
    params: {},
    refused: (faults) =>
      new SpecInvalidError(
        faults.map((one) => ({
          ...withTemplate(one, task, options),
          path: one.path.replace(/^tasks\[0\]\./, ''),
        })),
        `task ${task}`,
      ),
  };
}

async function planOf(
  out: Output,
  { spec, params, refused: words }: Subject,
  options: PlanCommandOptions,
): Promise<GraphForecast> {
  const overrides = {
    durations: {
      ...(await readDurations(out, options.durations)),
      ...pairsOf('--duration', options.duration, duration('--duration')),
    },
    items: pairsOf('--items', options.items, wholeNumber('--items', 0, MAX_ITEMS)),
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    ...(options.overhead ? {} : { overhead: NO_OVERHEAD }),
  };
  const offline = async (): Promise<GraphForecast> => {
    const known = options.tasks
      ? await localFacts(await loadTasks(options.tasks), spec, options)
      : {};
    const made = planGraph(spec, {
      ...{ ...overrides, ...known, submission: { params }, startAt: Date.now() },
    });
    if (!made.plan) throw new SpecInvalidError(made.faults);
    const { notes } = made.plan;
    // A module of tasks knows nothing of engines and secrets.
    return options.check && hasPrograms(spec, params)
      ? { ...made.plan, notes: [...notes, 'programs were not looked up: no worker was asked'] }
      : made.plan;
  };
  try {
    if (options.tasks) return await offline();
    const address = serverOf(options) ? undefined : target(options).address;
    if (address !== undefined && !(await listens(address))) {
      if (options.check)
        throw new TaskError(
          'UNREACHABLE',
          `--check: no Temporal server answers at ${address}; start one, or name the tasks with --tasks`,
        );
      return await offline();
    }
    return await withSession(
      options,
      async ({ engine }) =>
        await engine.plan(spec, {
          ...{ ...overrides, params },
          ...(options.check ? { askWorker: true } : {}),
        }),
    );
  } catch (error) {
    throw error instanceof SpecInvalidError ? inWords(error.faults, words, options) : error;
  }
}

/** Whether the graph has programs, or one that is written below it; a pipeline that it names is not read here. */
function hasPrograms(spec: GraphSpec, params: Subject['params']): boolean {
  const { valid } = validateGraph(spec, { params });
  return valid !== undefined && programsOf(valid, NO_FACTS).programs.length > 0;
}

/** Faults of the options are no faults of the pipeline. */
function inWords(
  faults: readonly Fault[],
  words: Subject['refused'],
  { duration: named = [] }: PlanCommandOptions,
): Error {
  const ours = faults.filter(({ path }) => /^(durations|items|concurrency)\b/.test(path));
  if (ours.length === 0) return words(faults);
  const given = (path: string): string => {
    const name = path.replace(/^durations\./, '');
    const alone = name !== path && named.some((pair) => pair.startsWith(`${name}=`));
    return alone ? `duration ${name}` : path.replace('.', ' ');
  };
  return new UsageError(
    ours
      .map(({ path, message, hint }) => `--${given(path)}: ${message}${hint ? ` (${hint})` : ''}`)
      .join('\n'),
  );
}

async function readDurations(
  out: Output,
  file: string | undefined,
): Promise<Record<string, string | number>> {
  if (file === undefined) return {};
  let text: string;
  try {
    text = await readText(file, out);
  } catch (error) {
    throw new UsageError(`--durations ${file}: ${(error as Error).message}`);
  }
  const { spec, faults } = parseText(text);
  const [wrong] = faults;
  if (wrong) throw new UsageError(`--durations ${file}:${wrong.line ?? 1} ${wrong.message}`);
  if (!isObject(spec))
    throw new UsageError(
      `--durations ${file}: expected names and durations, such as {"load": "5m"}`,
    );
  return spec as Record<string, string | number>; // each is checked with the rest
}

function show(
  out: Output,
  made: GraphForecast,
  { format = 'text', options }: PlanCommandOptions,
): void {
  switch (format) {
    case 'text':
      return printPlan(out, made, options === true);
    case 'json':
      return out.source(JSON.stringify(made, null, 2));
    case 'mermaid':
      return out.source(planMermaid(made));
    case 'dot':
      return out.source(planDot(made));
  }
}
