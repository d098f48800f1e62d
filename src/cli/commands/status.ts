/** `tempograph status`: one execution, or one node of it, as it stands now. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutionRecord } from '../../client.js';
import { recordOf } from '../../client/record.js';
import { formatDuration } from '../../domain/duration.js';
import { formatError } from '../../domain/errors.js';
import { type CommandDefinition } from '../command.js';
import { EXIT } from '../exit.js';
import { renderNodes } from '../frame.js';
import { GraphView } from '../graph-view.js';
import type { Output } from '../output.js';
import { withSession, type Session } from '../session.js';
import { specOf } from '../spec-of.js';
import { painter, signOf } from '../status-style.js';
import { localTime } from './list.js';

export const status: CommandDefinition = {
  name: 'status',
  summary: 'Show how an execution, or one node of it, stands now',
  parameters: [['<id>', "the execution's id, or <execution>/<node>"]],
  examples: [
    ['tempograph status nightly-3f2a', 'the execution and its nodes'],
    ['tempograph status nightly-3f2a/fetch --json', 'one node'],
  ],
  run: async (out, options, [id = '']) =>
    await withSession(options, async (session) => {
      const found = await lookUp(session, id);
      if (!found.answered) out.note('no worker answered, so what follows is what Temporal knows');
      const { record, view } = found;
      out.document({ ...record, ...(view ? { nodes: nodesOf(view, found.outputs) } : {}) });
      printRecord(out, record);
      if (view && record.kind === 'graph')
        for (const line of renderNodes(view, {
          width: out.live ? out.width : 200,
          now: Date.now(),
          style: out.style,
        }))
          out.print(line);
      return EXIT.done;
    }),
};
