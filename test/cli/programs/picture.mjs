/**
 * A picture that moves, in a process that is kept from everything else until the picture's next turn is due: what a busy
 * machine does to it. It makes the file `busy` when that begins, goes on when `go` exists, and ends when `end` does.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { clearInterval, setImmediate, setInterval } from 'node:timers';
import { GraphView } from '../../../lib/cli/graph-view.js';
import { Output } from '../../../lib/cli/output.js';
import { viewerFor } from '../../../lib/cli/views.js';

const [, , busy, go, end] = process.argv;
/** Longer than the picture takes to its next turn, in milliseconds. */
const A_TURN = 200;
const tasks = ['first', 'second', 'third'].map((id) => ({
  id: `${id}-with-a-name-that-needs-room`,
  task: 'work',
}));
const view = new GraphView('busy-1', 'busy', { name: 'busy', tasks }, Date.now());
view.apply({
  status: 'RUNNING',
  counts: {},
  total: 3,
  startedAt: new Date().toISOString(),
  changed: tasks.map(({ id, task }) => ({
    ...{ id, task, status: 'RUNNING', attempts: 2, maxRetries: 3 },
    progress: { done: 1, total: 3, message: 'as far as the edge of a terminal that is wide' },
  })),
});
const viewer = viewerFor(new Output({ json: false }), view);
// Between hearing of signals and the timers of the picture.
setTimeout(() =>
  setImmediate(() => {
    const due = Date.now() + A_TURN;
    writeFileSync(busy, '');
    while (!existsSync(go) || Date.now() < due);
  }),
);
const waiting = setInterval(() => {
  if (!existsSync(end)) return;
  clearInterval(waiting);
  viewer.close();
}, 20);
