/** What the commands print, character by character, from one scenario: `npx jest test/cli/golden -u` writes it anew. */
import type * as Durations from '../../src/domain/duration.js';
import { isSaid, startGoldenScene, VIEWS, type GoldenScene } from '../support/golden-scene.js';

/** A measured time is another one on every run, and its width would move the columns. */
jest.mock('../../src/domain/duration.js', () => {
  const real = jest.requireActual<typeof Durations>('../../src/domain/duration.js');
  return {
    ...real,
    formatDuration: (ms: number) => (isSaid(ms) ? real.formatDuration(ms) : '1.2 s'),
  };
});

let scene: GoldenScene;
beforeAll(async () => {
  scene = await startGoldenScene();
});
afterAll(() => scene.stop());

const FILE = 'FOLDER/nightly.yaml';
const DURATIONS = ['extract=20s', 'overview=5m', 'load-into-warehouse=40s', 'mail=5s']
  .map((one) => `--duration ${one}`)
  .join(' ');

it.each([
  'list',
  'list --status failed',
  'list --project nowhere',
  'list --nodes --status skipped',
  'status nightly-1',
  'status nightly-1/load-into-warehouse',
  'status release-1',
  'status hello-1',
  'status nowhere',
  'explain nightly-1',
  'explain release-1',
  'explain release-1/build-docs',
  'report nightly-1',
  'artifacts nightly-1',
  'artifacts hello-1',
  'logs nightly-1',
  'logs hello-1',
  'events hello-1',
  `plan ${FILE} --options --no-overhead ${DURATIONS}`,
  `plan ${FILE} -p rows=none`,
  `validate ${FILE}`,
  'what-if nightly-1 --duration overview=5m',
  'rerun nightly-1 --from failed --dry-run',
  'retry-preview --strategy FIBONACCI_BACKOFF --delay 5s --max-retries 6 --max-delay 30s',
  'retry-preview --strategy NONE',
  'templates',
  'stats',
  'stats --by task',
  'stats --nodes',
  'schedule list',
  'schedule show nightly',
  'schedule show beat',
  'limit list',
  'limit show builders',
  'circuit list',
  'circuit show bank',
  'cache invalidate --all',
  'dead-letter list',
  'dead-letter list --sink other',
  'key list',
  'audit',
  'audit --who nobody',
  'project list',
  'project show shop',
  'task list',
  'task show nightly',
  'task versions hello',
  'pause nightly-1',
  'approve nightly-1/mail',
  'approve release-1/nothing',
])('%s', async (line) => {
  for (const view of VIEWS) expect(await scene.shown(line.split(' '), view)).toMatchSnapshot(view);
});
