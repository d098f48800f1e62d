/** What failed is understood and run again on the page: error, log, artifacts, rerun by difference. */
import { CHROMIUM } from '../support/browser.js';
import { drawn, hashOf, startPageScene, type PageScene } from '../support/page-scene.js';

(CHROMIUM ? describe : describe.skip)('repairing on the page', () => {
  let scene: PageScene;
  beforeAll(async () => {
    scene = await startPageScene();
  });
  afterAll(async () => {
    const { strangers, complaints } = await scene.stop();
    expect(strangers).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('shows the error first, tells what an edited graph runs and keeps, and runs it', async () => {
    const id = await scene.submit({
      name: 'mended',
      params: { rows: { type: 'integer', default: 2 } },
      tasks: [
        { id: 'fetch', task: 'echo', input: 1 },
        { id: 'load', task: 'fail', input: { message: 'no disk' }, retry: { maxRetries: 0 } },
        { id: 'tell', task: 'echo', dependsOn: ['load'] },
      ],
    });
    const { page, close } = await scene.open(hashOf(id));
    await page.locator('.head [data-status="FAILED"]').waitFor();
    await page.locator('.head .note').getByText('load: AskedToFail no disk').waitFor();
    await page.locator('.head .note').getByRole('link', { name: 'load' }).click();
    const drawer = page.getByRole('dialog', { name: 'load' });
    await drawer.getByText('Next step').waitFor();
    await drawer
      .getByText('One attempt was made, and its retry policy has no other; 1 node was skipped')
      .waitFor();
    const headings = await drawer.locator('h3').allTextContents();
    expect(headings.slice(0, 3)).toEqual(['Error', 'Attempts', 'Next step']);
    await drawer.getByRole('link', { name: 'Run again from here' }).click();

    const part = (name: string) => page.locator(`[data-part="${name}"]`);
    await part('run').getByText('load', { exact: true }).waitFor();
    await part('keep').getByText('fetch', { exact: true }).waitFor();
    const graph = page.getByLabel('Graph', { exact: true });
    const text = await graph.inputValue();
    await graph.fill('name: [');
    await page.getByText(/Graph: line 1/).waitFor();
    await graph.fill(text.replace('task: fail', 'task: echo').replace('input: 1', 'input: 7'));
    await part('run').getByText('fetch', { exact: true }).waitFor();
    expect(await part('run').getByText('what it does was changed').count()).toBe(1);

    await page.getByRole('button', { name: 'Run again' }).click();
    const dialog = page.locator('dialog');
    await dialog.getByLabel('Reason').fill('disk is bigger');
    await dialog.getByRole('button', { name: 'Run again' }).click();
    await page.getByRole('link', { name: `rerun of ${id}` }).waitFor();
    await page.locator(drawn('tell', 'COMPLETED')).waitFor();
    await page.locator('.head [data-status="COMPLETED"]').waitFor();
    const { json } = await scene.http.call('GET', `/executions?rerunOf=${encodeURIComponent(id)}`);
    expect(json['executions']).toHaveLength(1);
    await close();
  });

  it('offers no rerun of a batch, nor of a task that was refused', async () => {
    const item = { task: 'fail', input: { message: 'no disk' }, retry: { maxRetries: 0 } };
    const { engine } = scene.harness;
    const { successful } = await engine.scheduleTaskBatch([item]);
    const [batchId = ''] = (successful[0]?.executionId ?? '').split('/');
    const batch = await scene.open(hashOf(batchId));
    await batch.page.locator('.head [data-status="FAILED"]').waitFor();
    await batch.page.locator('[data-node]').first().click();
    await batch.page.getByText('start the items that failed as a new batch').waitFor();
    expect(await batch.page.getByRole('link', { name: /Run again/ }).count()).toBe(0);
    await batch.close();

    const refused = await engine.scheduleTask({ task: 'sleep', input: { ms: 'soon' } });
    await refused.result();
    const { page, close } = await scene.open(hashOf(refused.executionId));
    await page.locator('.head [data-status="REJECTED"]').waitFor();
    await page.locator('.head .note').getByText('SPEC_INVALID').waitFor();
    expect(await page.getByRole('link', { name: /Run again/ }).count()).toBe(0);
    await close();
  });

  it('says by field what is wrong with edited parameters, and does not run them', async () => {
    const id = await scene.submit({
      name: 'with-params',
      params: { rows: { type: 'integer', default: 2 } },
      tasks: [{ id: 'a', task: 'echo', input: '${{ params.rows }}' }],
    });
    const { page, close } = await scene.open(hashOf(id));
    await page.locator(drawn('a', 'COMPLETED')).waitFor();
    await page.locator('.head').getByRole('link', { name: 'Run again' }).click();
    const params = page.getByLabel('Parameters (JSON)');
    await params.fill('{ "rows": "many" }');
    await page.locator('[data-path="params.rows"]').waitFor();
    expect(await page.getByRole('button', { name: 'Run again' }).isDisabled()).toBe(true);
    await params.fill('{ "rows": 5 }');
    await page
      .locator('[data-part="mayRun"], [data-part="run"]')
      .getByText('a', { exact: true })
      .waitFor();
    await close();
  });

  it('follows the log of a node, filters it, and shows artifacts as text and pictures, never as a page', async () => {
    const id = await scene.submit({
      name: 'talking',
      tasks: [{ id: 'say', task: 'talks', input: { gate: 'talks' } }],
    });
    const { page, close } = await scene.open(hashOf(id, '?node=say'));
    const drawer = page.getByRole('dialog', { name: 'say' });
    const log = drawer.getByRole('log');
    await log.getByText('<b>begins</b>').waitFor();
    expect(await log.locator('b').count()).toBe(0);
    scene.gates.open('talks');
    await log.getByText('at its end').waitFor(); // as it comes
    await drawer.getByLabel('Level').selectOption('error');
    await log.getByText('disk is nearly full').waitFor({ state: 'detached' });
    await log.getByText('at its end').waitFor();
    await drawer.getByRole('button', { name: 'Close' }).click();

    await page.getByRole('button', { name: 'Artifacts' }).click();
    await page.getByRole('button', { name: 'Preview page.html' }).click();
    await page.getByText('<script>document.title = "taken"</script>').waitFor();
    await page.getByRole('button', { name: 'Preview facts.json' }).click();
    await page.getByText('"rows": 3').waitFor();
    await page.getByRole('button', { name: 'Preview picture.svg' }).click();
    const picture = page.getByRole('img', { name: 'picture.svg' });
    await picture.waitFor();
    expect(
      await picture.evaluate((image) => (image as { naturalWidth?: number }).naturalWidth),
    ).toBe(40);
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download page.html' }).click();
    expect((await saved).suggestedFilename()).toBe('page.html');
    expect(await page.title()).not.toContain('taken');
    await page.getByRole('button', { name: 'Log', exact: true }).click();
    await page.getByRole('log').getByText('say', { exact: true }).first().waitFor();
    await close();
  });
});
