/** Schedules on the page: what is done there reaches the server, and what the server says is seen there. */
import { CHROMIUM, picture } from '../support/browser.js';
import { drawn, startPageScene, type PageScene } from '../support/page-scene.js';

(CHROMIUM ? describe : describe.skip)('schedules on the page', () => {
  let scene: PageScene;
  const made: string[] = [];
  const name = (end: string): string => `${scene.harness.taskQueue} ${end}`;
  const at = (id: string): string => `/schedules/${encodeURIComponent(id)}`;
  const hash = (id: string): string => `#/schedules/${encodeURIComponent(id)}`;
  beforeAll(async () => {
    scene = await startPageScene();
  });
  afterAll(async () => {
    const { schedules } = scene.harness.engine;
    for (const id of made) await schedules.delete(id).catch(() => undefined);
    const { strangers, complaints } = await scene.stop();
    expect(strangers).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('makes one by the form, triggers, pauses, resumes and deletes it, and leads to what it started', async () => {
    const id = name('yearly');
    made.push(id);
    const { page, close } = await scene.open('#/schedules');
    await page.getByRole('link', { name: 'New schedule' }).click();
    await page.getByLabel('Name', { exact: true }).fill(id);
    await page.getByRole('radio', { name: 'Task', exact: true }).check();
    await page.getByLabel('Task name').fill('echo');
    await page.getByLabel(/^Input/).fill('{ "hello": "by the clock" }');
    await page.getByLabel('Cron', { exact: true }).fill('30 2 1 1 *');
    await page.getByLabel(/^Time zone/).fill('Asia/Tokyo');
    const preview = page.getByRole('status', { name: 'Next starts' });
    await preview.locator('time').nth(4).waitFor();
    const told = await preview.locator('time').first().getAttribute('datetime');
    expect(told).toMatch(/-12-31T17:30:00.000Z$/);
    await page.getByLabel('While one runs').selectOption({ label: 'run both' });
    await page.getByLabel(/^Reason/).fill('asked for');
    await page.getByRole('button', { name: 'Create' }).click();

    await page.getByRole('heading', { name: id, level: 1 }).waitFor();
    expect((await scene.http.call('GET', at(id))).json).toMatchObject({
      ...{ id, kind: 'task', taskId: 'echo', overlap: 'allowAll', timezone: 'Asia/Tokyo' },
      ...{ times: { cron: ['30 2 1 1 *'] }, paused: false, nextAt: told },
    });

    const press = async (verb: string, reason: string): Promise<void> => {
      await page.getByRole('button', { name: verb, exact: true }).click();
      const dialog = page.locator('dialog');
      await dialog.getByLabel('Reason').fill(reason);
      await dialog.getByRole('button', { name: verb, exact: true }).click();
      await dialog.waitFor({ state: 'detached' });
    };
    await press('Pause', 'stocktaking');
    await page.locator('[data-paused="true"]').waitFor();
    await page.getByText('None while it is paused.').waitFor();
    await page.getByText('stocktaking').waitFor();
    expect((await scene.http.call('GET', at(id))).json).toMatchObject({
      ...{ paused: true, note: 'stocktaking' },
    });
    await press('Resume', 'it is over');
    await page.locator('[data-paused="false"]').waitFor();

    await press('Trigger now', 'to see it');
    const started = page.getByRole('status').getByRole('link');
    await started.waitFor();
    const executionId = (await started.textContent()) ?? '';
    expect((await scene.http.call('GET', at(id))).json['recent']).toMatchObject([{ executionId }]);
    await page.locator('.plain-list [data-status="COMPLETED"]').waitFor();
    await page.locator('.plain-list').getByRole('link', { name: executionId }).click();
    await page.locator('.head [data-status="COMPLETED"]').waitFor();

    await page.getByRole('link', { name: 'Schedules', exact: true }).click();
    await page.getByRole('link', { name: id, exact: true }).click();
    await press('Delete', 'no more');
    await page.getByRole('heading', { name: 'Schedules', level: 1 }).waitFor();
    await page.getByRole('link', { name: id, exact: true }).waitFor({ state: 'detached' });
    expect((await scene.http.call('GET', at(id))).status).toBe(404);
    await close();
  });

  it('changes when one starts and what happens while it runs; what is left empty stays', async () => {
    const id = name('changes');
    made.push(id);
    await scene.harness.engine.schedules.create({
      ...{ id, task: 'echo', cron: '0 0 1 1 *', timezone: 'Asia/Tokyo' },
    });
    const { page, close } = await scene.open(hash(id));
    const dialog = page.locator('dialog');
    const change = page.getByRole('button', { name: 'Change', exact: true });
    await change.click();
    await picture(page, 'schedule-change');
    await dialog.getByRole('button', { name: 'Change', exact: true }).click();
    await dialog.getByText('Nothing is another than before.').waitFor();
    await dialog.getByLabel('New cron expression').fill('nonsense');
    await dialog.getByRole('button', { name: 'Change', exact: true }).click();
    await dialog.getByText('nonsense').first().waitFor();
    await dialog.getByLabel('New cron expression').fill('15 4 1 6 *');
    await dialog.getByLabel('While one runs').selectOption({ label: 'run both' });
    await dialog.getByLabel('Reason').fill('in summer');
    await dialog.getByRole('button', { name: 'Change', exact: true }).click();
    await page.getByText('Changed.', { exact: true }).waitFor();
    expect((await scene.http.call('GET', at(id))).json).toMatchObject({
      ...{ times: { cron: ['15 4 1 6 *'] }, timezone: 'Asia/Tokyo', overlap: 'allowAll' },
      ...{ taskId: 'echo' },
    });
    await change.click();
    await dialog.getByLabel('New interval').fill('3d');
    await dialog.getByRole('button', { name: 'Change', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    expect((await scene.http.call('GET', at(id))).json).toMatchObject({
      ...{ times: { every: [259_200_000] }, overlap: 'allowAll' },
    });
    await close();
  });

  it('starts an execution for each time of a span', async () => {
    const id = name('backfilled');
    made.push(id);
    await scene.harness.engine.schedules.create({
      ...{ id, task: 'noop', cron: '0 0 1 1 *', paused: true },
    });
    const { page, close } = await scene.open(hash(id));
    await page.getByRole('button', { name: 'Backfill' }).click();
    const dialog = page.locator('dialog');
    await dialog.getByLabel(/^From/).fill('2024-02-01T00:00:00Z');
    await dialog.getByLabel(/^To/).fill('2024-03-01T00:00:00Z');
    await dialog.getByRole('button', { name: 'Backfill' }).click();
    await dialog.getByText('the schedule has no time from there').waitFor();
    await dialog.getByLabel(/^From/).fill('2023-12-01T00:00:00');
    await dialog.getByLabel(/^To/).fill('2025-02-01T00:00:00');
    await dialog.getByRole('button', { name: 'Backfill' }).click();
    await page.getByText('Started for 2 times.').waitFor();
    await page.locator('.plain-list').getByText(`${id}-2025-01-01T00:00:00Z`).waitFor();
    await page.locator('.plain-list').getByText(`${id}-2024-01-01T00:00:00Z`).waitFor();
    await close();
  });

  it('tells that nothing was started where one runs and the schedule leaves others out', async () => {
    const id = name('skips');
    made.push(id);
    await scene.harness.engine.schedules.create({
      ...{ id, task: 'gated', input: { gate: 'skips' }, cron: '0 0 1 1 *' },
    });
    const { page, close } = await scene.open(hash(id));
    const trigger = async (): Promise<void> => {
      await page.getByRole('button', { name: 'Trigger now' }).click();
      await page.locator('dialog').getByRole('button', { name: 'Trigger now' }).click();
    };
    await trigger();
    const started = page.getByRole('status').getByRole('link');
    await started.waitFor();
    await page.locator('dialog').waitFor({ state: 'detached' });
    await trigger();
    await page.locator('dialog').getByText('Nothing was started').waitFor();
    await page.locator('dialog').getByRole('button', { name: 'Back', exact: true }).click();
    scene.gates.open('skips');
    await page.locator('.plain-list [data-status="COMPLETED"]').waitFor();
    await close();
  });

  it('makes one of a pipeline by its name, with its parameters, which the catalogue leads to', async () => {
    const id = name('call');
    made.push(id);
    const { page, close } = await scene.open('#/catalogue');
    await page.getByRole('link', { name: 'Schedule approved-call' }).click();
    await page.getByLabel('Name', { exact: true }).fill(id);
    await page.getByRole('radio', { name: 'Interval' }).check();
    await page.getByLabel('Every', { exact: true }).fill('12h');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.locator('[data-path="params.question"]').waitFor();
    await page.getByLabel(/^question/).fill('May I?');
    await page.getByLabel(/^url/).fill('http://127.0.0.1:9/');
    await page.getByLabel('Start paused').check();
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { name: id, level: 1 }).waitFor();
    expect((await scene.http.call('GET', at(id))).json).toMatchObject({
      ...{ kind: 'graph', taskId: 'approved-call', paused: true, when: ['every 12 h'] },
      submission: { params: { question: 'May I?', url: 'http://127.0.0.1:9/' } },
    });
    await page.getByRole('button', { name: 'Trigger now' }).click();
    await page.locator('dialog').getByRole('button', { name: 'Trigger now' }).click();
    await page.getByRole('status').getByRole('link').click();
    await page.locator(drawn('ask')).click();
    await page.getByRole('dialog', { name: 'ask' }).getByText('May I?').first().waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Deny' }).click();
    await page.locator('dialog').getByRole('button', { name: 'Deny' }).click();
    await page.locator('.head [data-status]:not([data-status="RUNNING"])').first().waitFor();
    await close();
  });

  it('says while one types what is wrong, and by path when it is sent', async () => {
    const { page, close } = await scene.open('#/schedules?new=yes');
    await page.getByLabel('Name', { exact: true }).fill(name('wrong'));
    await page.getByRole('radio', { name: 'YAML', exact: true }).check();
    await page
      .getByLabel('Pipeline (YAML)')
      .fill('name: x\ntasks:\n  - { id: a, task: echo, dependsOn: [b] }\n');
    await page.getByLabel('Cron', { exact: true }).fill('99 * * * *');
    await page.getByLabel(/^Time zone/).fill('Zurich');
    const preview = page.getByRole('status', { name: 'Next starts' });
    await preview.locator('[data-path="cron"]').waitFor();
    await preview.getByText('Europe/Zurich').waitFor();
    await page.getByRole('button', { name: 'Create' }).click();
    await page.locator('form [data-path="tasks[0].dependsOn[0]"]').waitFor();
    await page.getByLabel('Pipeline (YAML)').fill('name: x\ntasks:\n  - { id: a, task: echo }\n');
    await page.getByRole('button', { name: 'Create' }).click();
    const note = page.getByRole('alert');
    await note.locator('[data-path="cron"]').waitFor();
    await note.locator('[data-path="timezone"]').waitFor();
    await close();
  });
});
