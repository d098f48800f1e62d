/** The catalogue on the page: what there is, found and run; and what is done there reaches the server. */
import { CHROMIUM } from '../support/browser.js';
import { drawn, startPageScene, type PageScene } from '../support/page-scene.js';

(CHROMIUM ? describe : describe.skip)('the catalogue on the page', () => {
  let scene: PageScene;
  let project: string;
  beforeAll(async () => {
    scene = await startPageScene();
    const { projects, tasks } = scene.harness.engine.catalogue;
    project = (await projects.create({ name: 'shop', description: 'What is sold' })).id;
    const other = (await projects.create({ name: 'stock', description: 'What there is' })).id;
    await tasks.create({
      ...{ projectId: other, name: 'count', run: { task: 'echo' }, description: 'Counts it' },
    });
    for (let n = 1; n <= 30; n++)
      await tasks.create({ projectId: other, name: `part ${n}`, run: { task: 'noop' } });
  });
  afterAll(async () => {
    const { strangers, complaints } = await scene.stop();
    expect(strangers).toEqual([]);
    expect(complaints).toEqual([]);
  });
  const task = async (more: object): Promise<string> => {
    const { tasks } = scene.harness.engine.catalogue;
    return (await tasks.create({ projectId: project, name: 'x', ...more })).id;
  };

  it('leads from a project to its task, runs it with another input, and shows how it went', async () => {
    const id = await task({
      ...{ name: 'greet', description: 'Says <b>hello</b>', priority: 'HIGH' },
      ...{ run: { task: 'echo', input: 'hello' }, defaults: { tags: ['greeting'] } },
    });
    const { page, close } = await scene.open('#/catalogue');
    await page.getByRole('link', { name: 'shop', exact: true }).click();
    await page.getByRole('heading', { name: 'shop', level: 1 }).waitFor();
    await page.getByRole('link', { name: 'greet', exact: true }).click();
    await page.getByText('Says <b>hello</b>').waitFor();
    await page.getByRole('region', { name: 'What it runs' }).getByText('"hello"').waitFor();
    await page
      .getByRole('region', { name: 'Options of its executions' })
      .getByText('greeting')
      .waitFor();
    await page.getByText('It has not run yet.').waitFor();
    await page.getByRole('button', { name: 'Run now' }).click();
    const dialog = page.locator('dialog');
    await dialog.getByLabel(/^Input/).fill('"good morning"');
    await dialog.getByRole('button', { name: 'Run now' }).click();
    await page.locator('.head [data-status="COMPLETED"]').waitFor();
    const { json } = await scene.http.call('GET', `/executions?catalogueTaskId=${id}`);
    const [run] = json['executions'] as { executionId: string; output: unknown; tags: string[] }[];
    expect(run).toMatchObject({ output: 'good morning', project: 'shop', tags: ['greeting'] });

    await page.goBack();
    await page
      .getByRole('region', { name: 'Executions' })
      .getByRole('link', { name: run?.executionId ?? '' })
      .waitFor();
    await close();
  });

  it('shows the parameters of a graph, and runs it with some', async () => {
    const id = await task({
      name: 'report',
      run: {
        graph: {
          name: 'report',
          params: { day: { type: 'string', description: 'of which day' } },
          tasks: [{ id: 'a', task: 'echo', input: '${{ params.day }}' }],
        },
      },
    });
    const { page, close } = await scene.open(`#/catalogue?task=${id}`);
    const row = page.getByRole('region', { name: 'Parameters' }).getByRole('row', { name: /^day/ });
    expect(await row.textContent()).toBe('day{"type":"string"}requiredof which day');
    await page.getByRole('button', { name: 'Run now' }).click();
    const dialog = page.locator('dialog');
    await dialog.getByRole('button', { name: 'Run now' }).click();
    await dialog.getByText('day').first().waitFor();
    await dialog.getByLabel(/^Parameters/).fill('{ "day": "Monday" }');
    await dialog.getByRole('button', { name: 'Run now' }).click();
    await page.locator(drawn('a', 'COMPLETED')).click();
    await page.getByRole('dialog', { name: 'a' }).getByText('"Monday"').first().waitFor();
    await close();
  });

  it('finds tasks by words, page by page, and those that are archived', async () => {
    const id = await task({ name: 'old counter', run: { task: 'noop' } });
    const { page, close } = await scene.open('#/catalogue');
    const tasks = page.getByRole('region', { name: 'Tasks' });
    const names = tasks.locator('td.name a');
    await names.first().waitFor();
    expect(await names.count()).toBe(25);
    const first = await names.first().textContent();
    await tasks.getByRole('button', { name: 'Next' }).click();
    await tasks.getByRole('button', { name: 'Previous', disabled: false }).waitFor();
    await tasks.getByText(first ?? '', { exact: true }).waitFor({ state: 'detached' });
    await tasks.getByRole('button', { name: 'Previous' }).click();
    await tasks.getByText(first ?? '', { exact: true }).waitFor();

    await page.getByRole('searchbox').fill('count');
    await tasks.getByRole('link', { name: 'old counter' }).waitFor();
    await names.nth(2).waitFor({ state: 'detached' });
    expect(await names.allTextContents()).toEqual(['count', 'old counter']);
    await page.getByText('No project matches.').waitFor();
    await page.getByRole('link', { name: 'Catalogue', exact: true }).click();
    await page.getByRole('link', { name: 'shop', exact: true }).waitFor();
    expect(await page.getByRole('searchbox').inputValue()).toBe('');
    await page.getByRole('searchbox').fill('old count');

    await tasks.getByRole('link', { name: 'old counter' }).click();
    await page.getByRole('button', { name: 'Archive' }).click();
    const dialog = page.locator('dialog');
    await dialog.getByLabel('Reason').fill('nobody counts');
    await dialog.getByRole('button', { name: 'Archive' }).click();
    await page.getByText('archived', { exact: true }).waitFor();
    expect(await page.getByRole('button', { name: 'Run now' }).count()).toBe(0);
    expect((await scene.http.call('GET', `/tasks/${id}`)).json).toMatchObject({ archived: true });
    await page.getByRole('link', { name: 'The catalogue' }).click();
    await page.getByRole('combobox', { name: 'Archived' }).selectOption({ label: 'archived' });
    await tasks.getByRole('link', { name: 'old counter' }).click();
    await page.getByRole('button', { name: 'Restore' }).click();
    await dialog.getByRole('button', { name: 'Restore' }).click();
    await page.getByRole('button', { name: 'Archive' }).waitFor();
    await page.getByRole('button', { name: 'Delete' }).click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'Catalogue', level: 1 }).waitFor();
    expect((await scene.http.call('GET', `/tasks/${id}`)).status).toBe(404);
    await close();
  });

  it('says why a project that has tasks cannot be deleted', async () => {
    const { page, close } = await scene.open(`#/catalogue?project=${project}`);
    await page.getByRole('button', { name: 'Delete' }).click();
    const dialog = page.locator('dialog');
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await dialog.getByRole('alert').getByText('archive').waitFor();
    await dialog.getByRole('button', { name: 'Back', exact: true }).click();
    await close();
  });

  it('leads to the form that runs a pipeline by its name, with what it takes', async () => {
    const { page, close } = await scene.open('#/catalogue?text=approved-call');
    const pipelines = page.getByRole('region', { name: 'Pipelines by name' });
    await pipelines.locator('[data-pipeline]').waitFor();
    await pipelines.getByText(/^Parameters/).click();
    await pipelines.getByRole('cell', { name: 'question', exact: true }).waitFor();
    await pipelines.getByRole('link', { name: 'Run approved-call' }).click();
    await page.getByLabel(/^question/).waitFor();
    expect(await page.getByLabel('Pipeline', { exact: true }).inputValue()).toBe('approved-call');
    await close();
  });

  it('is reached by keyboard on a phone, as every other place is', async () => {
    const { page, close } = await scene.open('#/executions', 'phone');
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    const links = page.getByRole('navigation', { name: 'Main' }).getByRole('link');
    const count = await links.count();
    await page.getByRole('link', { name: 'Tempograph' }).focus();
    for (let n = 0; n < count; n++) {
      await page.keyboard.press('Tab');
      await page.locator(`.top nav a:nth-child(${n + 1}):focus-visible`).waitFor();
      const box = await links.nth(n).boundingBox();
      expect(box && box.x >= 0 && box.x + box.width <= 390).toBe(true);
    }
    await page.getByRole('link', { name: 'Catalogue', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Catalogue', level: 1 }).waitFor();
    await close();
  });
});
