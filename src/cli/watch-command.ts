/** `tempograph watch`: watches an execution that was started earlier. */
import { rootExecutionId } from '../domain/execution-id.js';
import { type CommandDefinition } from './command.js';
import type { ExitCode } from './exit.js';
import { GraphView } from './graph-view.js';
import { interruptSignal } from './interrupts.js';
import { exitOf, printResult, resultDocument } from './result-text.js';
import { withSession, type Session } from './session.js';
import { specOf } from './spec-of.js';
import { JsonLines, viewerFor } from './views.js';
import { watchToEnd } from './watch-to-end.js';

export const watch: CommandDefinition = {
  name: 'watch',
  summary: 'Watch an execution to its end',
  description:
    'Ctrl-C stops watching; the execution goes on.\n' +
    'With --json: a line {"event":"node",…} for each transition, {"event":"progress",…} as tasks tell theirs, then {"event":"result",…}.',
  parameters: [['<id>', "the execution's id"]],
  examples: [
    ['tempograph watch nightly-3f2a', 'watch it in the terminal'],
    ['tempograph watch nightly-3f2a --json', 'JSON lines, for scripts'],
  ],
  run: async (out, options, [id = '']) =>
    await withSession(options, async (session) => {
      const handle = await session.engine.open(id);
      const [spec, kind] = await Promise.all([specOf(session, id), kindOf(session, id)]);
      const view = new GraphView(id, spec?.name ?? id, spec, Date.now());
      const { signal, stop } = interruptSignal();
      try {
        return await watchToEnd(out, session, handle, {
          view,
          viewer: out.json ? new JsonLines(out, id) : viewerFor(out, view),
          interrupted: signal,
          finish: (result): ExitCode => {
            printResult(out, result, kind);
            out.jsonLine({ event: 'result', ...resultDocument(result) });
            return exitOf(result);
          },
        });
      } finally {
        stop();
      }
    }),
};

/** Of all that it is part of; a graph where that cannot be told. */
async function kindOf(
  { engine }: Session,
  executionId: string,
): Promise<'graph' | 'task' | 'batch'> {
  const record = await engine.getExecution(rootExecutionId(executionId)).catch(() => undefined);
  return record?.kind === 'batch' || record?.kind === 'task' ? record.kind : 'graph';
}
