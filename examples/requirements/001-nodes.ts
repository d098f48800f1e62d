/** What the jobs of 001-coordinator.ts run, once for each execution mode. Threads and processes load this module. */
import { threadId } from 'node:worker_threads';
import { defineTask, type TaskContext } from 'tempograph';

const myNode = ({ name }: { name: string }, { task }: TaskContext): string =>
  `${name} by ${task} in ${process.env['COORDINATOR_PID'] === String(process.pid) ? 'the same' : 'another'} process, ${threadId === 0 ? 'main' : 'another'} thread`;

const module = import.meta.url;
/** Railtracks' AsyncioExecutionStrategy. */
export const asyncNode = defineTask({ name: 'async-node', isolation: 'in-process', run: myNode });
/** Its ThreadedExecutionStrategy, "not fully implemented" there. */
export const threadNode = defineTask({
  name: 'thread-node',
  isolation: 'thread',
  module,
  run: myNode,
});
/** Its ProcessExecutionStrategy, "not fully implemented" there. */
export const processNode = defineTask({
  name: 'process-node',
  isolation: 'process',
  module,
  run: myNode,
});
