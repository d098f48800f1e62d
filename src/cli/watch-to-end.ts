/** Watching an execution to its end, or until Ctrl-C: what `run` and `watch` share. */
import type { ExecutionResult } from '../client.js';
import type { CommandHandle } from '../remote/surface.js';
import { EXIT, type ExitCode } from './exit.js';
import { follow } from './follow.js';
import type { GraphView } from './graph-view.js';
import type { Output } from './output.js';
import type { Session } from './session.js';
import type { Viewer } from './views.js';

export interface WatchOptions {
  view: GraphView;
  viewer: Viewer;
  interrupted: AbortSignal;
  workerDied?: Promise<never>;
  /** Tells the result. @returns the exit code */
  finish: (result: ExecutionResult) => ExitCode;
  /** What becomes of the execution once nobody watches, beside that it goes on. */
  aside?: string;
}

export async function watchToEnd(
  out: Output,
  session: Session,
  handle: CommandHandle,
  { view, viewer, interrupted, workerDied, finish, aside }: WatchOptions,
): Promise<ExitCode> {
  let result: ExecutionResult | undefined;
  try {
    result = await follow(session, handle, {
      view,
      observer: viewer,
      interrupted,
      ...(workerDied ? { workerDied } : {}),
    });
  } catch (error) {
    viewer.close();
    out.note(`${handle.executionId} goes on. ${whereToFind(handle.executionId)}`);
    throw error;
  }
  viewer.close();
  if (result) return finish(result);
  out.note(`Stopped watching; ${handle.executionId} goes on${aside ?? ''}.`);
  out.note(whereToFind(handle.executionId));
  out.document({ executionId: handle.executionId, interrupted: true });
  return EXIT.interrupted;
}

function whereToFind(executionId: string): string {
  const id = /^[\w./-]+$/.test(executionId)
    ? executionId
    : `'${executionId.replaceAll("'", `'\\''`)}'`;
  return [
    'To find it again:',
    `  tempograph watch ${id}`,
    `  tempograph status ${id}`,
    `  tempograph cancel ${id}`,
  ].join('\n');
}
