/** The door for tests: an engine, a worker and a server that skips time, in one call. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkerOptions } from '@temporalio/worker';
import { TaskEngine } from './client.js';
import type { ProgramKind } from './domain/program.js';
import { TaskError } from './domain/errors.js';
import { didYouMean, nearOrFirst } from './domain/suggest.js';
import {
  defineTask,
  withUndoTasks,
  type AnyTask,
  type HandlerInput,
  type NamedTask,
  type TaskDefinition,
} from './registry.js';
import type { Hooks } from './task-hooks.js';
import type { TaskContext } from './task-context.js';
import { findTimeSkippingServer } from './servers/find-time-skipping-server.js';
import { createLogger, installRuntime, type Logger } from './telemetry.js';
import { BUILT_IN_TASKS, startWorker, type RunningWorker, type SecretProvider } from './worker.js';

/** Stands where a task's `run` does; the task's schemas, options and retries stay. It ends when it returns. */
export type Mock = (input: never, context: TaskContext) => unknown;

/** What stands in for a task's `run`: see {@link mock}. */
export interface TaskMock {
  readonly task: AnyTask;
  readonly run: Mock;
}

/**
 * A mock of a task that is at hand: it is given what the task's `run` is, and has to return what that does.
 *
 * @param task its definition; it need not be among `tasks`
 */
export function mock<Input, Output, Given, Made>(
  task: TaskDefinition<Input, Output, Given, Made>,
  run: (input: NoInfer<Input>, context: TaskContext) => Promise<NoInfer<Made>> | NoInfer<Made>,
): TaskMock {
  return { task: task, run };
}

/** What the worker of a test runs, and what stands in for it. */
export interface TestEngineOptions {
  tasks?: Iterable<AnyTask>;
  /**
   * Handlers instead of the tasks' own: a list of {@link mock}s, typed by the definitions, or an object by task name. With
   * `tasks`, each name has to be one of theirs or a built-in's, so that no slip runs the real thing; without, a name without
   * a task is a new task.
   */
  mocks?: readonly TaskMock[] | Readonly<Record<string, Mock>>;
  hooks?: Hooks;
  namedHooks?: Hooks;
  /** Kinds of programs that are really run. Default none. */
  programs?: readonly ProgramKind[];
  /** Gives the secrets that inputs and programs name. */
  secrets?: SecretProvider;
  /** Default: silent. */
  logger?: Logger;
  /** A time-skipping server's executable. Default: found, or got into the user's cache. */
  serverPath?: string;
  /** More options for Temporal's `Worker.create`. */
  temporal?: Partial<WorkerOptions>;
}

/** A server whose time skips, with a worker and an engine. */
export interface TestEngine {
  engine: TaskEngine;
  worker: RunningWorker;
  env: TestWorkflowEnvironment;
  /**
   * The inputs that a task's `run`, or its mock, was given so far, oldest first: each attempt's.
   *
   * @param task its definition, which types them, or its name
   * @throws TaskError CONFIGURATION where there is no such task
   */
  calls: <Task extends NamedTask>(task: Task) => readonly HandlerInput<Task>[];
  /** Stops worker and server and removes their files. A second call waits for the first. */
  stop: () => Promise<void>;
}

/**
 * Starts a server whose clock jumps ahead while everything waits: retries of hours and timers of days end in
 * milliseconds. The built-in `sleep` skips too. Time stands still while a handler runs.
 *
 * @throws TaskError CONFIGURATION for a mock of a task that there is not, or whose name is nearly a built-in's
 */
export async function startTestEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const path = options.serverPath ?? (await findTimeSkippingServer()).path;
  const logger = options.logger ?? createLogger('silent');
  installRuntime(logger);
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'tempograph-testing-'));
    const calls = new Map<string, unknown[]>();
    const tasks = recorded(mocked(options, env), calls);
    const taskQueue = `test-${randomUUID()}`;
    const settings = { dataDir, taskQueue };
    const worker = await startWorker({
      ...settings,
      tasks,
      connection: env.nativeConnection,
      namespace: env.namespace ?? 'default',
      logger,
      ...(options.hooks ? { hooks: options.hooks } : {}),
      ...(options.namedHooks ? { namedHooks: options.namedHooks } : {}),
      programs: options.programs ?? [],
      ...(options.secrets ? { secrets: options.secrets } : {}),
      ...(options.temporal ? { temporal: options.temporal } : {}),
    });
    const engine = await TaskEngine.connect({ ...settings, client: env.client });
    let stopped: Promise<void> | undefined;
    return {
      engine,
      worker,
      env,
      calls: (task) => {
        const name = typeof task === 'string' ? task : task.name;
        const given = calls.get(name);
        if (given) return given as HandlerInput<typeof task>[];
        const there = nearOrFirst(name, [...calls.keys()]);
        throw new TaskError(
          'CONFIGURATION',
          `calls: no task is named ${JSON.stringify(name)} (${there})`,
        );
      },
      stop: () =>
        (stopped ??= (async () => {
          await worker.shutdown();
          await engine.shutdown();
          await env.teardown();
          await rm(dataDir, { recursive: true, force: true });
        })()),
    };
  } catch (error) {
    await env.teardown();
    throw error;
  }
}

function mocked(
  { tasks = [], mocks = {} }: TestEngineOptions,
  env: TestWorkflowEnvironment,
): AnyTask[] {
  const own = withUndoTasks(tasks);
  const known = new Map<string, AnyTask>([...BUILT_IN_TASKS, ...own].map((one) => [one.name, one]));
  known.set('sleep', skippingSleep(known.get('sleep'), env));
  for (const [name, run, task] of standIns(mocks)) {
    if (task && !known.has(name)) known.set(name, task);
    if (!known.has(name)) assertNewTask(name, own, known.keys());
    // What a mock returns is the output, also of a task that ends elsewhere.
    known.set(name, { ...(known.get(name) ?? { name }), completion: 'handler', run });
  }
  return [...known.values()];
}

/** Mocks by the names of their tasks, with the definitions where they were given. */
function standIns(
  mocks: NonNullable<TestEngineOptions['mocks']>,
): (readonly [name: string, run: Mock, task?: AnyTask])[] {
  if (Array.isArray(mocks))
    return (mocks as readonly TaskMock[]).map(({ task, run }) => [task.name, run, task]);
  return Object.entries(mocks as Readonly<Record<string, Mock | undefined>>).flatMap(
    ([name, run]) => (run ? [[name, run] as const] : []),
  );
}

/** Beside tasks of the caller's a name that none has is a slip, and its graph would run the real handler. */
function assertNewTask(name: string, own: readonly AnyTask[], known: Iterable<string>): void {
  const near = didYouMean(name, known);
  if (near === undefined && own.length === 0) return;
  const names = own.map((task) => task.name);
  const there = near ?? nearOrFirst(name, names);
  const remedy = near === undefined ? '; a task that is new goes into tasks' : '';
  throw new TaskError(
    'CONFIGURATION',
    `mocks: no task is named ${JSON.stringify(name)} (${there})${remedy}`,
  );
}

function skippingSleep(task: AnyTask | undefined, env: TestWorkflowEnvironment): AnyTask {
  return defineTask<{ ms: number }>({
    ...(task as object),
    name: 'sleep',
    run: async ({ ms }) => {
      await env.sleep(ms);
      return { sleptMs: ms };
    },
  });
}

function recorded(tasks: readonly AnyTask[], calls: Map<string, unknown[]>): AnyTask[] {
  for (const { name } of tasks) calls.set(name, []);
  return tasks.map((task) => ({
    ...task,
    isolation: 'in-process', // a mock or a recording is a closure of this process
    run: (input: never, context: TaskContext) => {
      calls.set(task.name, [...(calls.get(task.name) ?? []), input]);
      return task.run(input, context);
    },
  }));
}
