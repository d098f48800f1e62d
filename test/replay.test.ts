import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { createLogger, installRuntime } from '../src/telemetry.js';
import { shared } from './support/shared.js';

const folder = join(__dirname, 'histories');
const histories = readdirSync(folder).filter((file) => file.endsWith('.json'));

interface Recorded {
  workflowId: string;
  history: unknown;
}

beforeAll(() => installRuntime(createLogger('silent')));

describe('replay of recorded histories', () => {
  it('has one of each kind', () => {
    expect(histories.map((file) => file.replace('.json', ''))).toEqual(
      expect.arrayContaining([
        'completed',
        'put-off',
        'failed',
        'cancelled',
        'node-cancelled',
        'cleans-up',
        'results-apart',
        'rejected',
        'coordinator-continued-as-new',
        'coordinator-completed',
        'segment',
        'coordinator-lends',
        'segment-lent',
        'nested',
        'map',
        'subgraph',
      ]),
    );
  });

  it.each(histories)('%s gives the same commands as when it was recorded', async (file) => {
    const { history, workflowId } = JSON.parse(
      readFileSync(join(folder, file), 'utf8'),
    ) as Recorded;
    await Worker.runReplayHistory(
      { workflowBundle: { codePath: shared().bundle } },
      history,
      workflowId,
    );
  });

  it('is refused where the history has an activity that the code would not schedule', async () => {
    const text = readFileSync(join(folder, 'completed.json'), 'utf8').replace(
      '"activityId":"a"',
      '"activityId":"z"',
    );
    await expect(
      Worker.runReplayHistory(
        { workflowBundle: { codePath: shared().bundle } },
        (JSON.parse(text) as Recorded).history,
        'edited',
      ),
    ).rejects.toThrow();
  });
});
