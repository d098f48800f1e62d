/** Each view of the page in light, in dark and on a phone: nothing that axe-core takes for serious. */
import type { GraphSpec } from '../../src/domain/spec.js';
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
    {
      ...{ id: 'train', task: 'gated', input: { gate: 'train' }, ...after('join') },
      limit: { key: 'look-warehouse', max: 2 },
    },
    { id: 'flaky', task: 'fail', retry: { maxRetries: 5, delay: '1h' }, ...after('orders') },
    { id: 'sign-off', approval: { message: 'Publish the report?' }, ...after('join') },
    { id: 'mail', task: 'echo', ...after('sign-off', 'train') },
    { id: 'score', graph: { name: 'scoring', tasks: SCORING }, ...after('join') },
  ],
};
const REPORT: GraphSpec = {
  name: 'report',
  params: { day: { type: 'string', default: 'today', description: 'of which day' } },
  tasks: [{ id: 'a', task: 'echo', input: '${{ params.day }}' }],
};

/** Every kind of field. */
const PARAMS = {
  day: { type: 'string', format: 'date', description: 'the day that is reported' },
  rows: { type: 'integer', minimum: 1, maximum: 5_000, default: 120, description: 'at most' },
  mode: { enum: ['fast', 'safe'], default: 'safe', description: 'how it is loaded' },
  loud: { type: 'boolean', default: false },
  tables: { type: 'array', items: { type: 'string' }, default: ['orders', 'customers'] },
  token: { type: 'string', writeOnly: true, minLength: 3, description: 'of the shop' },
};
/** So many that they are painted from afar. */
const LARGE = {
  name: 'many',
  tasks: Array.from({ length: 160 }, (_, nth) => ({ id: `step-${nth}`, task: 'noop' })),
};

(CHROMIUM ? describe : describe.skip)('the look of the page', () => {
  let scene: PageScene;
  let id: string;
  let kept: Kept;
  let large: string;
  beforeAll(async () => {
    scene = await startPageScene();
    id = await scene.submit(GRAPH);
    large = await scene.submit(LARGE);
    kept = await keep(scene);
    await scene.http.call('POST', '/circuits/bank/open', {});
  });
  afterAll(async () => {
    await scene.harness.engine.schedules.delete(kept.schedule);
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
    ['schedules', () => '#/schedules', 'tbody tr'],
    ['schedule', () => `#/schedules/${encodeURIComponent(kept.schedule)}`, '.plain-list a'],
    ['new-schedule', () => '#/schedules?new=yes', '.preview'],
    ['catalogue', () => '#/catalogue', '.catalogue section:nth-child(2) tbody tr'],
    ['project', () => `#/catalogue?project=${kept.project}`, 'tbody tr'],
    ['task', () => `#/catalogue?task=${kept.task}`, '.plain-list a'],
    ['statistics', () => '#/statistics?kind=node', '.plot canvas'],
    ['system', () => '#/system', '[data-limit="look-warehouse"]'],
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

    it('a form of parameters, with faults, and a plan have nothing serious', async () => {
      const { page, close } = await scene.open('#/submit', look);
      await page.getByLabel('YAML', { exact: true }).check();
      await page
        .getByLabel(/^Pipeline \(YAML\)/)
        .fill(JSON.stringify({ ...GRAPH, params: PARAMS }));
      await page.getByRole('button', { name: 'Plan', exact: true }).click();
      await page.locator('[data-path="params.day"]').waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      expect(await overflowing(page)).toBe(false);
      await picture(page, `form-${look}`);
      await page.getByLabel('day (required)').fill('2027-01-31');
      await page.getByLabel('token (required)').fill('hush');
      await page.getByRole('button', { name: 'Plan', exact: true }).click();
      await page.locator(drawn('mail')).waitFor();
      await picture(page, `figures-${look}`);
      await page.locator(drawn('flaky')).click();
      await page.getByText('As a table').click();
      expect(await seriousFaults(page)).toEqual([]);
      expect(await overflowing(page)).toBe(false);
      await picture(page, `plan-${look}`);
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

interface Kept {
  schedule: string;
  project: string;
  task: string;
}

/** A schedule and a task of the catalogue, each of which has run. */
async function keep({ harness }: PageScene): Promise<Kept> {
  const { schedules, catalogue } = harness.engine;
  const { id: schedule } = await schedules.create({
    ...{ id: `${harness.taskQueue} nightly`, task: 'echo', input: { rows: 3 }, project: 'shop' },
    ...{ cron: '30 2 * * MON-FRI', timezone: 'Europe/Zurich', note: 'of the shop' },
  });
  await schedules.trigger(schedule);
  const project = await catalogue.projects.create({
    ...{ name: 'shop', description: 'What the shop asks for' },
  });
  const task = await catalogue.tasks.create({
    ...{ projectId: project.id, name: 'Nightly report', description: 'Sales of the day' },
    ...{ run: { graph: REPORT }, defaults: { retry: { maxRetries: 2 } }, priority: 'HIGH' },
  });
  const handle = await harness.engine.scheduleTask({ taskId: task.id });
  await handle.result();
  return { schedule, project: project.id, task: task.id };
}
