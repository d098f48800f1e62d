/** `tempograph run`: submits a pipeline or a task and watches it to its end. */
import { randomUUID } from 'node:crypto';
import type { ExecutionResult } from '../client.js';
import type { GraphSpec } from '../domain/spec.js';
import type { CommandHandle } from '../remote/surface.js';
import type { RunningWorker } from '../worker.js';
import { option, type CommandDefinition, type CommonOptions } from './command.js';
import { UsageError, type ExitCode } from './exit.js';
import { GraphView } from './graph-view.js';
import { interruptSignal } from './interrupts.js';
import { leave, tellRejection } from './leave.js';
import { knownTasks, startLocalWorker } from './local-worker.js';
import type { Output } from './output.js';
import { exitOf, faultsOf, printResult, resultDocument } from './result-text.js';
import { withDirectSession, withSession, type Session } from './session.js';
import { specOf } from './spec-of.js';
import { prepare, type Prepared, type SubmissionOptions } from './submission.js';
import { SUBMIT_OPTIONS } from './submit-options.js';
import { loadTasks, TASKS_OPTION, type TaskModuleOptions } from './task-modules.js';
import { PARAM_OPTIONS } from './values.js';
import { viewerFor } from './views.js';
import { watchToEnd } from './watch-to-end.js';

interface RunOptions extends CommonOptions, SubmissionOptions, TaskModuleOptions {
  detach?: boolean;
}

export const run: CommandDefinition<RunOptions> = {
  name: 'run',
  summary: 'Run a pipeline or a task, and watch it to its end',
  description:
    'FILE|TASK is a pipeline in YAML or JSON (- is standard input), the name of a template, the name of a task, or, where no worker knows that, the id of a task of the catalogue.\n' +
    '"tempograph templates" lists templates; of a template and a task of one name the template is run.\n' +
    'A worker must be running ("tempograph dev" or "tempograph worker"), or give --tasks.\n' +
    'Exit code: 0 completed, 1 failed or cancelled, 2 refused, 3 Temporal not reached, 130 interrupted.',
  parameters: [
    [
      '<file|task>',
      "a pipeline's file, the name of a template or a task, or an id of the catalogue",
    ],
  ],
  options: [
    ...PARAM_OPTIONS,
    option('-i, --input <json|@file>', "the task's input"),
    TASKS_OPTION,
    ...SUBMIT_OPTIONS,
    option('-d, --detach', 'submit only, print the id, and say if the workers refuse it'),
  ],
  examples: [
    ['tempograph run nightly.yaml -p day=2027-01-31', 'run a pipeline'],
    ['tempograph run nightly.yaml --tasks tasks.ts', 'with the tasks of a file'],
    ['tempograph run wait-for-url -p url=https://example.com', 'run a template'],
    [`tempograph run echo -i '{"hello":"world"}'`, 'run one task'],
    [
      'tempograph run nightly-report --scheduled-time 2h --max-retries 0',
      'of the catalogue, later',
    ],
    ['generate | tempograph run - --json | jq .output', 'in a script'],
  ],
  run: runCommand,
};

async function runCommand(
  out: Output,
  options: RunOptions,
  [what = '']: readonly string[],
): Promise<ExitCode> {
  if (options.detach && options.tasks)
    throw new UsageError(
      '--detach ends this process, and the worker that --tasks asks for with it; use one of the two',
    );
  const tasks = await loadTasks(options.tasks);
  const prepared = await prepare(
    out,
    what,
    options,
    options.tasks ? await knownTasks(tasks, options) : undefined,
  );
  if (!options.tasks)
    return await withSession(options, async (session) =>
      options.detach
        ? await leave(out, session, (await prepared.submit(session)).handle, {
            refused: (faults) => prepared.refused(faults),
            startsLater: options.scheduledTime !== undefined,
          })
        : await submitAndWatch(out, session, prepared),
    );
  return await withDirectSession(withOwnQueue(options), async (session) => {
    const worker = await startLocalWorker(
      { ...quietUnlessAsked(options), taskQueue: session.taskQueue },
      tasks,
    );
    return await submitAndWatch(out, session, prepared, {
      worker,
      taskQueue: session.taskQueue,
    });
  });
}

/** Workers of one queue must know the same tasks: the worker of `--tasks` gets a queue that no other one polls. */
function withOwnQueue(options: RunOptions): RunOptions {
  const said = options.taskQueue !== undefined || Boolean(process.env['TEMPOGRAPH_TASK_QUEUE']);
  return !said ? { ...options, taskQueue: `tempograph-run-${randomUUID().slice(-12)}` } : options;
}

/** What the nodes do is shown anyway; a log beside it only where it was asked for. */
function quietUnlessAsked(options: RunOptions): RunOptions {
  const asked = options.logLevel !== undefined || Boolean(process.env['TEMPOGRAPH_LOG_LEVEL']);
  return asked ? options : { ...options, logLevel: 'silent' };
}

async function submitAndWatch(
  out: Output,
  session: Session,
  prepared: Prepared,
  own?: { worker: RunningWorker; taskQueue: string },
): Promise<ExitCode> {
  const { signal, stop } = interruptSignal();
  try {
    const { handle, spec: known } = await prepared.submit(session);
    const spec = known ?? (await specOf(session, handle.executionId));
    const view = new GraphView(handle.executionId, prepared.name, spec, Date.now());
    announce(out, handle, spec);
    return await watchToEnd(out, session, handle, {
      view,
      viewer: viewerFor(out, view),
      interrupted: signal,
      ...(own
        ? {
            workerDied: deathOf(own.worker),
            aside: ` once a worker that has its tasks polls ${own.taskQueue}`,
          }
        : {}),
      finish: (result) => finish(out, result, prepared),
    });
  } finally {
    await own?.worker.shutdown().catch(() => undefined); // why it died was told
    stop();
  }
}

function announce(
  out: Output,
  { executionId, executions }: CommandHandle,
  spec: GraphSpec | undefined,
): void {
  const nodes = spec?.tasks.length ?? executions.length;
  const count = `${nodes} ${nodes === 1 ? 'task' : 'tasks'}`;
  out.progress(`${out.style.bold(executionId)} submitted, ${count}`);
}

/** Rejects when the worker ends although nobody asked it to. */
async function deathOf(worker: RunningWorker): Promise<never> {
  await worker.stopped;
  return await new Promise<never>(() => undefined);
}

function finish(out: Output, result: ExecutionResult, prepared: Prepared): ExitCode {
  if (faultsOf(result).length > 0) tellRejection(out, result, (wrong) => prepared.refused(wrong));
  else {
    printResult(out, result);
    out.document(resultDocument(result));
  }
  return exitOf(result);
}
