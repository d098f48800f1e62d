/**
 * WfFormat, the workflow traces of WfCommons: 1.5 and 1.6 with `specification` and `execution`, 1.3 and 1.4 with one list
 * of tasks. Run times become `expectedDuration`.
 */
import { isObject, preview, setOwn, type JsonObject } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';
import { mapStrings, plain } from './cel.js';
import { keptAsInput, refused, type NewNode, type Settled } from './conversion.js';
import { nodeNames } from './ids.js';
import type { Source } from './source.js';

/** What a task says of its work, in any version. */
const WORK = ['command', 'inputFiles', 'outputFiles', 'files'];
/** Longest run time that is a duration here, in milliseconds. */
const MOST_MS = 10 * 365 * 24 * 3_600_000;

interface Task {
  source: Source;
  /** Its part of the trace, in versions that have one. */
  run: Source | undefined;
  id: string;
}

/** @throws TaskError where it is no trace */
export function fromWfFormat(source: Source, settled: Settled): GraphSpec {
  if (!isObject(source.value) || !isObject(source.value['workflow']))
    throw refused(
      'this is no WfFormat: expected an object "workflow" with "specification" or "tasks"',
    );
  const workflow = source.get('workflow');
  const specification = workflow.get('specification');
  const list = specification.given
    ? specification.get('tasks')
    : workflow.get(workflow.get('tasks').given ? 'tasks' : 'jobs');
  if (!Array.isArray(list.value) || list.value.length === 0)
    throw refused('workflow.specification.tasks: expected a list of tasks');
  const runs = runsOf(workflow.get('execution'));
  const ids = nodeNames();
  const known = new Map<string, Task>();
  const tasks = list.items().map((one, index): Task => {
    if (!isObject(one.value))
      throw refused(`tasks[${index}]: expected an object, got ${preview(one.value)}`);
    const name = one.get('name').text();
    const raw = one.get('id').text() ?? name ?? `task-${index}`;
    const task = { source: one, run: runs.get(raw), id: ids.fresh(raw) };
    if (known.has(raw))
      one.get('id').lose(`${preview(raw)} is the id of an earlier task; this one is ${task.id}`);
    else known.set(raw, task);
    return task;
  });
  // Older versions name parents by their names.
  for (const task of tasks) {
    const name = task.source.get('name').value;
    if (typeof name === 'string' && !known.has(name)) known.set(name, task);
  }
  const parents = parentsOf(tasks, known);
  const nodes = tasks.map((task) => nodeOf(task, parents.get(task) ?? new Set(), settled));
  lose(source, specification);
  const description = source.get('description').text();
  return {
    name: source.get('name').text()?.slice(0, 200) || settled.name,
    ...(description === undefined ? {} : { description: description.slice(0, 10_000) }),
    concurrency: 100,
    tasks: nodes,
  };
}

function runsOf(execution: Source): Map<string, Source> {
  const runs = new Map<string, Source>();
  for (const run of execution.get('tasks').items()) {
    const id = run.get('id').text();
    if (id !== undefined && !runs.has(id)) runs.set(id, run);
  }
  return runs;
}

/** From `parents` and from `children`, which say the same twice. */
function parentsOf(
  tasks: readonly Task[],
  known: ReadonlyMap<string, Task>,
): Map<Task, Set<string>> {
  const parents = new Map(tasks.map((task) => [task, new Set<string>()]));
  const named = (list: Source): Task[] =>
    list.items().flatMap((one) => {
      const name = one.text();
      const task = name === undefined ? undefined : known.get(name);
      if (name !== undefined && name !== '' && !task)
        one.lose(`there is no task ${preview(name)}; the edge is left out`);
      return task ? [task] : [];
    });
  for (const task of tasks) {
    for (const parent of named(task.source.get('parents'))) parents.get(task)?.add(parent.id);
    for (const child of named(task.source.get('children'))) parents.get(child)?.add(task.id);
  }
  return parents;
}

function nodeOf({ source, run, id }: Task, parents: Set<string>, { task }: Settled): NewNode {
  const name = source.get('name').text();
  const input: JsonObject = {};
  for (const part of [source, run])
    for (const key of WORK)
      if (part?.get(key).given) setOwn(input, key, mapStrings(part.get(key).take(), plain));
  const expectedDuration = durationOf(source) ?? (run && durationOf(run));
  if (Object.hasOwn(input, 'command'))
    (run?.get('command').given ? run : source).losses.add(
      (run?.get('command').given ? run : source).get('command').path,
      'command',
      keptAsInput('the command is', task),
    );
  return {
    id,
    task,
    ...(name === undefined || name === id ? {} : { description: name.slice(0, 1_000) }),
    ...(parents.size === 0 ? {} : { dependsOn: [...parents] }),
    ...(expectedDuration === undefined ? {} : { expectedDuration }),
    ...(Object.keys(input).length === 0 ? {} : { input }),
  };
}

/** `runtimeInSeconds`, or `runtime` before 1.4, in milliseconds. */
function durationOf(source: Source): number | undefined {
  for (const key of ['runtimeInSeconds', 'runtime']) {
    const part = source.get(key);
    if (!part.given) continue;
    const seconds = part.number();
    if (seconds === undefined) continue;
    const ms = Math.round(seconds * 1_000);
    if (ms >= 0 && ms <= MOST_MS) return ms;
    part.lose(`${seconds} s is no duration here; left out`);
  }
  return undefined;
}

/** What a trace says of a run that was: one line for each kind, not one for each task. */
function lose(source: Source, specification: Source): void {
  const version = source.get('schemaVersion');
  if (version.given && !/^1\.[3-6]$/.test(String(version.text())))
    version.lose(
      `${preview(version.value)} is not a version that is known (1.3 to 1.6); read as far as it fits`,
    );
  const files = specification.get('files');
  if (files.given) files.lose('the sizes of files have no counterpart; left out');
  const execution = source.get('workflow').get('execution');
  for (const [path, measured] of measures(source)) source.losses.add(path, measured, MEASURED);
  for (const key of ['makespanInSeconds', 'executedAt', 'machines'])
    if (execution.get(key).given) execution.get(key).lose(MEASURED);
}

const MEASURED = 'what was measured of the recorded run; left out';

/** The measured fields of all tasks, each told once at its list. */
function* measures(source: Source): Generator<[string, string]> {
  const workflow = source.get('workflow');
  const lists = [
    ['workflow.execution.tasks[*]', workflow.get('execution').get('tasks')],
    ['workflow.tasks[*]', workflow.get('tasks')],
    ['workflow.jobs[*]', workflow.get('jobs')],
  ] as const;
  for (const [path, list] of lists)
    for (const key of MEASURES) {
      const found = Array.isArray(list.value)
        ? list
            .items()
            .map((one) => one.get(key))
            .filter(({ given }) => given)
        : [];
      for (const one of found) one.take();
      if (found.length > 0) yield [`${path}.${key}`, key];
    }
}

const MEASURES = [
  'coreCount',
  'cores',
  'avgCPU',
  'readBytes',
  'bytesRead',
  'writtenBytes',
  'bytesWritten',
  'memoryInBytes',
  'memory',
  'energyInKWh',
  'energy',
  'avgPowerInW',
  'avgPower',
  'priority',
  'machine',
  'machines',
  'executedAt',
  'launchDir',
  'type',
  'category',
];
