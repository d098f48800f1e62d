/** A program that hands a spinning handler to a process, says which, and waits. Run with tsx, to be killed. */
import { TaskRegistry } from '../../src/registry.js';
import type { TaskContext } from '../../src/task-context.js';
import { ProcessRunner } from '../../src/runners/process.js';
import { tasks } from './tasks.js';

const task = new TaskRegistry(tasks).get('process.spinsAs');
const runner = new ProcessRunner({ maxProcesses: 1, memoryMb: 128, graceMs: 1_000 });
const context = {
  deadline: new Date(Date.now() + 600_000),
  lastCheckpoint: () => undefined,
  log: { info: (pid: string) => process.stdout.write(pid) },
} as unknown as TaskContext;
if (task)
  await runner.run({ task, input: null, context }, { signal: new AbortController().signal });
