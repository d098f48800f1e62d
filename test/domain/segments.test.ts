import type { NodeClass } from '../../src/domain/plan.js';
import type { NodeOutcome } from '../../src/domain/outcome.js';
import type { Carry } from '../../src/workflows/between.js';
import type { Delivered } from '../../src/workflows/node-executor.js';
import { SegmentsExecutor } from '../../src/workflows/segments.js';

/** Segments to which no message comes: they are gone. */
jest.mock('@temporalio/workflow', () => ({
  CancellationScope: class {
    run = (): Promise<void> => Promise.resolve();
    cancel = (): void => undefined;
  },
  getExternalWorkflowHandle: () => ({ signal: () => Promise.reject(new Error('not found')) }),
  log: { warn: () => undefined },
  workflowInfo: () => ({ workflowId: 'g' }),
}));

const completed: NodeOutcome = {
  ...{ status: 'COMPLETED', attemptCount: 1, attempts: [], executionTimeMs: 0 },
};

it('a segment that is found to be gone while its reports are kept back has ended what they say', async () => {
  const told: [number, Delivered][] = [];
  const carry = {
    segments: [
      {
        id: 's',
        handed: 2,
        sealed: true,
        inFlight: [
          [0, null, 0],
          [1, null, 0],
        ],
      },
    ],
    nextSegment: 1,
  } as unknown as Carry;
  const executor = new SegmentsExecutor(
    {
      ...{ context: {} as never, nodesPerSegment: 2, carry, keep: () => undefined },
      classes: [{ retry: { maxRetries: 3, neverRetryOn: [] } } as unknown as NodeClass],
    },
    (index, delivered) => void told.push([index, delivered]),
  );
  executor.freeze();
  executor.settled({ segmentId: 's', outcomes: [[0, completed]] });
  executor.stop([0], 'cancel');
  await new Promise((done) => setImmediate(done));
  expect(told).toEqual([]);
  expect(executor.pending()).toBeGreaterThan(0); // so that no new run goes on without knowing
  executor.thaw();
  expect(told).toMatchObject([
    [0, completed],
    [1, { held: 'retry', attemptsUsed: 1 }],
  ]);
  expect(executor.pending()).toBe(0);
});
