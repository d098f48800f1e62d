/** The page as people use it, in Chromium, over a real server and worker. */
import { CHROMIUM } from '../support/browser.js';
import { until } from '../support/until.js';
import { drawn, hashOf, startPageScene, type PageScene } from '../support/page-scene.js';

const PIPELINE = `
name: release
params:
  gate: { type: string }
tasks:
  - id: build
    task: gated
    input: { gate: '\${{ params.gate }}' }
  - id: ask
    approval: { message: '<b>Release</b> it?' }
    dependsOn: [build]
  - id: ship
    task: echo
    input: { shipped: true }
    dependsOn: [ask]
  - id: broken
    task: fail
    input: { message: '<img src=x onerror=alert(1)> no disk' }
    retry: { maxRetries: 0 }
`;

(CHROMIUM ? describe : describe.skip)('the page', () => {
  let scene: PageScene;
  beforeAll(async () => {
    scene = await startPageScene();
  });
  afterAll(async () => {
    const { strangers, complaints } = await scene.stop();
    expect(strangers).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('submits a file, shows the graph change, the error of a node and the question, and takes the answer', async () => {
    const { page, close } = await scene.open('#/submit');
    await page.getByLabel('YAML', { exact: true }).check();
    await page.getByLabel(/^Pipeline \(YAML\)/).fill(PIPELINE);
    await page.getByLabel('gate (required)').fill('release');
    await page.getByRole('button', { name: 'Submit' }).click();
    await page.locator(drawn('build', 'RUNNING')).waitFor();
    await page.locator(drawn('ask', 'PENDING')).waitFor();

    await page.locator(drawn('broken', 'FAILED')).click();
    const drawer = page.getByRole('dialog', { name: 'broken' });
    await drawer.locator('[data-error="AskedToFail"]').waitFor();
    expect(await drawer.locator('[data-error]').textContent()).toContain(
      '<img src=x onerror=alert(1)> no disk',
    );
    expect(await drawer.locator('img').count()).toBe(0);
    await drawer.getByRole('button', { name: 'Close' }).click();

    scene.gates.open('release');
    await page.locator(drawn('build', 'COMPLETED')).waitFor();
    await page.locator(drawn('ask', 'RUNNING')).waitFor();
    await page.getByRole('link', { name: /^Approvals/ }).click();
    await page.getByRole('heading', { name: '<b>Release</b> it?' }).waitFor();
    await page.getByRole('button', { name: 'Approve' }).click();
    const dialog = page.locator('dialog');
    await dialog.getByLabel('Note').fill('looks good');
    await dialog.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('Nobody waits for an answer.').waitFor();

    await page.getByRole('link', { name: 'Executions', exact: true }).click();
    await page.getByRole('link', { name: 'release', exact: true }).first().click();
    await page.locator(drawn('ship', 'COMPLETED')).click();
    await page.getByRole('dialog', { name: 'ship' }).getByText('"shipped": true').first().waitFor();
    await page.locator('.head [data-status="FAILED"]').waitFor();
    await close();
  });

  it('answers an approval as one of those that it asks', async () => {
    const approval = { message: 'Pay it?', by: ['ada', 'bob'] };
    const id = await scene.submit({ name: 'paid', tasks: [{ id: 'ask', approval }] });
    const { page, close } = await scene.open(`#/executions/${id}`);
    await page.locator(drawn('ask', 'RUNNING')).click();
    await page
      .getByRole('dialog', { name: 'ask' })
      .getByRole('button', { name: 'Approve' })
      .click();
    const dialog = page.locator('dialog');
    await dialog.getByLabel('Answer as').selectOption('bob');
    await dialog.getByRole('button', { name: 'Approve' }).click();
    await page.locator('.head [data-status="COMPLETED"]').waitFor();
    const { json } = await scene.http.call('GET', `/executions/${id}/nodes/ask`);
    expect(json).toMatchObject({ output: { approved: true, by: 'bob' } });
    await close();
  });

  it('says of what completed with warnings that it did, in the list, of the execution and of its node', async () => {
    const result = { async: true, transform: 'output.none' };
    const warned = { id: 'a', task: 'echo', input: 1, result };
    const id = await scene.submit({ name: 'warned', tasks: [warned] });
    const { page, close } = await scene.open('#/executions');
    const row = page.getByRole('row').filter({ hasText: id });
    await row.getByText('completed with warnings').waitFor();
    await row.getByRole('link', { name: 'warned' }).click();
    await page.locator('.head').getByText('completed with warnings').waitFor();
    await page.locator(drawn('a', 'COMPLETED')).click();
    const drawer = page.getByRole('dialog', { name: 'a' });
    await drawer.getByText('completed with warnings').waitFor();
    await drawer
      .locator('.warning')
      .getByText(/the result was not made/)
      .waitFor();
    await close();
  });

  it('says by path what is wrong with a file', async () => {
    const { page, close } = await scene.open('#/submit');
    await page.getByLabel('YAML', { exact: true }).check();
    await page
      .getByLabel(/^Pipeline \(YAML\)/)
      .fill('name: x\ntasks:\n  - { id: a, task: echo, dependsOn: [b] }\n');
    await page.getByRole('button', { name: 'Submit' }).click();
    const fault = page.locator('[data-path="tasks[0].dependsOn[0]"]');
    await fault.waitFor();
    expect(await fault.textContent()).toMatch(/line 3.*unknown/);
    await page.getByRole('button', { name: 'JSON', exact: true }).click();
    await page.getByLabel('Parameters (JSON)').fill('{ nonsense');
    await page.getByRole('button', { name: 'Submit' }).click();
    await page.getByText('This is no JSON').waitFor();
    await close();
  });

  it('starts a pipeline by its name', async () => {
    const { page, close } = await scene.open('#/submit');
    await page.getByLabel('Pipeline', { exact: true }).selectOption('approved-call');
    await page.getByText('Asks somebody before it sends a request').waitFor();
    await page.getByLabel('question (required)').fill('May I?');
    await page.getByLabel('url (required)').fill('http://127.0.0.1:9/');
    await page.getByRole('button', { name: 'Submit' }).click();
    await page.locator(drawn('ask')).click();
    await page.getByRole('dialog', { name: 'ask' }).getByText('May I?').first().waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Deny' }).click();
    await page.locator('dialog').getByRole('button', { name: 'Deny' }).click();
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.locator(drawn('ask', 'COMPLETED')).waitFor();
    await page.locator(drawn('call', 'SKIPPED')).waitFor();
    await close();
  });

  it('pauses, resumes and cancels with a reason, and reruns what ended', async () => {
    const id = await scene.submit({
      name: 'held',
      tasks: [
        { id: 'work', task: 'gated', input: { gate: 'never' } },
        { id: 'next', task: 'echo', dependsOn: ['work'] },
      ],
    });
    const { page, close } = await scene.open(hashOf(id));
    await page.locator(drawn('work', 'RUNNING')).waitFor();
    const act = async (verb: string, reason: string): Promise<void> => {
      await page.locator('.head').getByRole('button', { name: verb }).click();
      await page.locator('dialog').getByLabel('Reason').fill(reason);
      await page.locator('dialog').getByRole('button', { name: verb }).click();
    };
    await act('Pause', 'lunch');
    await page.locator('.head [data-status="PAUSED"]').waitFor();
    await act('Resume', 'back');
    await page.locator('.head [data-status="RUNNING"]').waitFor();
    await act('Cancel', 'not needed');
    await page.locator('.head [data-status="CANCELLED"]').waitFor();
    const { json } = await scene.http.call('GET', `/executions/${encodeURIComponent(id)}`);
    expect(JSON.stringify(json['statusHistory'])).toMatch(/lunch.*back/);
    await page.locator('.head').getByRole('link', { name: 'Run again' }).click();
    await page.locator('[data-part="run"]').getByText('work', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.locator('dialog').getByLabel('Reason').fill('now it is');
    await page.locator('dialog').getByRole('button', { name: 'Run again' }).click();
    await page.getByRole('link', { name: `rerun of ${id}` }).waitFor();
    await page.locator(drawn('work', 'RUNNING')).waitFor();
    await act('Cancel', 'enough');
    await page.locator('.head [data-status="CANCELLED"]').waitFor();
    await close();
  });

  it('is used by keyboard alone: a node is opened, says why it waits, and gives the focus back', async () => {
    const id = await scene.submit({
      name: 'keys',
      tasks: [
        { id: 'first', task: 'gated', input: { gate: 'keys' } },
        { id: 'second', task: 'echo', dependsOn: ['first'] },
      ],
    });
    const { page, close } = await scene.open(hashOf(id));
    const second = page.locator(drawn('second'));
    await second.focus();
    await page.keyboard.press('Enter');
    const drawer = page.getByRole('dialog', { name: 'second' });
    await drawer.getByText('Why it waits').waitFor();
    await drawer.getByText(/first/).waitFor();
    await page.keyboard.press('Escape');
    await drawer.waitFor({ state: 'detached' });
    expect(await page.locator(':focus').getAttribute('data-node')).toBe('second');
    scene.gates.open('keys');
    await page.locator(drawn('second', 'COMPLETED')).waitFor();
    await page.getByRole('button', { name: 'Gantt' }).click();
    await page.locator('.gantt li').nth(1).waitFor();
    await close();
  });

  it('lists what there is by status and words, a page at a time, as it changes', async () => {
    const project = `list-${scene.harness.taskQueue}`;
    const ids = await Promise.all(
      Array.from({ length: 26 }, () =>
        scene.submit({ name: 'listed', tasks: [{ id: 'a', task: 'noop' }] }, { project }),
      ),
    );
    const { page, close } = await scene.open('#/executions?text=listed');
    const rows = page.locator('tbody tr');
    await rows.nth(24).waitFor();
    await page.getByRole('button', { name: 'Older' }).click();
    await until(async () => (await rows.count()) < 25, 'the older page');
    await page.getByRole('button', { name: 'Newer' }).click();
    await page.locator('tbody tr').nth(24).waitFor();
    await page.getByLabel('Status').selectOption('FAILED');
    await page.getByText('No execution matches.').waitFor();
    await page.getByLabel('Status').selectOption('COMPLETED');
    await page.getByLabel('Search').fill(ids[3] ?? '');
    await until(async () => (await rows.count()) === 1, 'one row');
    await page.getByText(ids[3] ?? '').waitFor();
    // A link away from the filter is not undone by what stands in the field.
    await page.getByRole('link', { name: 'Executions', exact: true }).click();
    await rows.nth(24).waitFor();
    expect(await page.getByLabel('Search').inputValue()).toBe('');
    expect(new URL(page.url()).hash).toBe('#/executions');
    await close();
  });
});
