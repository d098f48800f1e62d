/**
 * The guest's side: does the jobs that its worker hands it, one at a time, and says how each ended. What a handler
 * leaves running after its end is no longer heard.
 */
import { isMainThread } from 'node:worker_threads';
import { messageOf, TaskError } from '../domain/errors.js';
import { Answers } from './answers.js';
import { cloneFault } from './clone.js';
import { guestContext } from './guest-context.js';
import { markAsGuest } from './guest-mark.js';
import type { GuestPort, Job, Said, ToGuest } from './protocol.js';
import { findTask } from './task-module.js';
import { dehydrate } from './thrown.js';
import { startUsage } from './usage.js';

interface Current {
  port: GuestPort;
  controller: AbortController;
  answers: Answers;
}

let current: Current | undefined;

/** Takes what the worker says. Resolves when the job it began is done. */
export async function hear(message: ToGuest, port: GuestPort): Promise<void> {
  if (message.type === 'job') return await serve(message.job, port);
  if (message.type === 'answer') return current?.answers.take(message);
  const { message: text, kind } = message;
  current?.controller.abort(Object.assign(new DOMException(text, 'AbortError'), { kind }));
}

async function serve(job: Job, port: GuestPort): Promise<void> {
  const mine: Current = {
    ...{ port, controller: new AbortController() },
    answers: new Answers(),
  };
  current = mine;
  try {
    const output = job.kind === 'check' ? await check(job) : await run(job, mine);
    port.post({ type: 'end', output });
  } catch (thrown) {
    port.post({ type: 'end', thrown: dehydrate(thrown) });
  } finally {
    current = undefined;
  }
}

async function run(job: Extract<Job, { kind: 'run' }>, mine: Current): Promise<unknown> {
  const definition = await findTask(job.module, job.task);
  const { signal } = mine.controller;
  signal.throwIfAborted();
  const { answers } = mine;
  const say = (said: Said): void => {
    if (current === mine) mine.port.post({ type: 'said', said });
  };
  const context = guestContext(job.context, job.checkpoint, { signal, say, answers });
  // A thread shares its process with others.
  const usage = isMainThread ? startUsage() : undefined;
  let output: unknown;
  try {
    output = await definition.run(job.input, context);
  } finally {
    for (const [name, value] of Object.entries(usage?.() ?? {})) context.metric(name, value);
  }
  const fault = cloneFault(output, 'output');
  if (fault) throw new TaskError('OUTPUT_INVALID', fault);
  return output;
}

async function check({ tasks }: Extract<Job, { kind: 'check' }>): Promise<string[]> {
  const faults: string[] = [];
  for (const { module, task } of tasks)
    await findTask(module, task).catch((error: unknown) => faults.push(messageOf(error)));
  return faults;
}

/**
 * Prepares this thread or process for handlers.
 *
 * @param leave ends it, after an error that nothing caught
 */
export function becomeGuest(leave: () => void): void {
  markAsGuest();
  process.on('uncaughtException', (error) => {
    if (!current) return leave();
    current.port.post({ type: 'crash', thrown: dehydrate(error) }, leave);
  });
}
