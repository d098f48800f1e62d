/** Each view of the page in light, in dark and on a phone: nothing that axe-core takes for serious. */
import {
  CHROMIUM,
  LOOKS,
  overflowing,
  picture,
  seriousFaults,
  type LookName,
} from '../support/browser.js';
import { drawn, hashOf, startPageScene, type PageScene } from '../support/page-scene.js';

const after = (...dependsOn: string[]) => ({ dependsOn });
const SCORING = [
  { id: 'sample', task: 'echo', input: 1 },
  { id: 'model', task: 'gated', input: { gate: 'model' }, dependsOn: ['sample'] },
];
const GRAPH = {
  name: 'nightly-report',
  tasks: [
    { id: 'orders', task: 'echo', input: { rows: 120 } },
    { id: 'customers', task: 'sleep', input: { ms: 300 } },
    { id: 'join', task: 'echo', input: { ok: true }, ...after('orders', 'customers') },
    { id: 'check', task: 'fail', input: { message: 'no space left' }, retry: { maxRetries: 0 } },
    { id: 'publish', task: 'echo', ...after('join', 'check') },
    { id: 'each', task: 'echo', map: { over: [1, 2, 3] }, input: { n: 1 }, ...after('join') },
    { id: 'train', task: 'gated', input: { gate: 'train' }, ...after('join') },
    { id: 'flaky', task: 'fail', retry: { maxRetries: 5, delay: '1h' }, ...after('orders') },
    { id: 'sign-off', approval: { message: 'Publish the report?' }, ...after('join') },
    { id: 'mail', task: 'echo', ...after('sign-off', 'train') },
    { id: 'score', graph: { name: 'scoring', tasks: SCORING }, ...after('join') },
  ],
};
/** So many that they are painted from afar. */
const LARGE = {
  name: 'many',
  tasks: Array.from({ length: 160 }, (_, nth) => ({ id: `step-${nth}`, task: 'noop' })),
};

(CHROMIUM ? describe : describe.skip)('the look of the page', () => {
  let scene: PageScene;
  let id: string;
  let large: string;
  beforeAll(async () => {
    scene = await startPageScene();
    id = await scene.submit(GRAPH);
    large = await scene.submit(LARGE);
  });
  afterAll(async () => {
    await scene.harness.engine.cancelExecution(id);
    const { strangers, complaints } = await scene.stop();
    expect(strangers).toEqual([]);
    expect(complaints).toEqual([]);
  });

  const VIEWS: [name: string, hash: () => string, seen: string][] = [
    ['executions', () => '#/executions', 'tbody tr'],
    ['graph', () => hashOf(id), drawn('flaky', 'RETRYING')],
    ['unfolded', () => hashOf(id, '?open=each,score'), drawn('score/model', 'RUNNING')],
    ['afar', () => hashOf(large), drawn('step-0', 'COMPLETED')],
    ['drawer', () => hashOf(id, '?node=check'), '.drawer .attempts li'],
    ['asking', () => hashOf(id, '?node=sign-off'), '.drawer .note'],
    ['gantt', () => hashOf(id, '?tab=gantt'), '.gantt li:nth-child(5)'],
    ['approvals', () => '#/approvals', '.cards li'],
    ['submit', () => '#/submit', 'option:nth-child(2)'],
    ['system', () => '#/system', '.system .wide dl'],
  ];

  describe.each(Object.keys(LOOKS) as LookName[])('%s', (look) => {
    it.each(VIEWS)('%s has nothing serious', async (name, hash, seen) => {
      const { page, close } = await scene.open(hash(), look);
      await page.locator(seen).first().waitFor({ state: 'attached' });
      const isGraph = await page.getByRole('button', { name: 'Graph', pressed: true }).count();
      if (isGraph && name !== 'afar') await page.locator(drawn('mail')).waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      expect(await overflowing(page)).toBe(false);
      await picture(page, `${name}-${look}`);
      await close();
    });

    it('a dialog has nothing serious', async () => {
      const { page, close } = await scene.open(hashOf(id), look);
      await page.locator('.head').getByRole('button', { name: 'Cancel' }).click();
      await page.locator('dialog[open]').waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      await picture(page, `dialog-${look}`);
      await close();
    });
  });
});
