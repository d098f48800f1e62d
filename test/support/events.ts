/** Events of executions, as the store tells them. */
import type { ExecutionEvent } from '../../src/store/execution-events.js';

/** A graph that failed. */
export const failure = (more: Partial<ExecutionEvent> = {}): ExecutionEvent => ({
  ...{ id: 'evt_1', position: 7, event: 'failed', executionId: 'nightly-3f2a', kind: 'graph' },
  ...{ status: 'FAILED', reason: null, attempt: null, at: '2026-03-14T09:30:00.000Z' },
  ...{ taskId: 'nightly', project: 'billing', sessionId: null, parentId: null },
  ...{ runId: 'run-1', requestId: null, durationMs: 180_000, attempts: 1 },
  error: { code: 'ECONNRESET', message: 'socket hang up', origin: 'task', retriable: true },
  ...more,
});

/** Names and a message that would do harm where they are taken for markup. */
export const HOSTILE: Partial<ExecutionEvent> = {
  taskId: '<script>alert(1)</script> *bold* @everyone',
  executionId: 'x"><img src=x> <!channel> @here',
  project: '[click](https://evil.test) <@U123> <users/all>',
  error: {
    code: '@channel',
    message:
      '<https://evil.test|click>\n# heading\n> quote `code` __all__ <a href="https://evil.test">x</a>',
    origin: 'task',
    retriable: false,
  },
};
