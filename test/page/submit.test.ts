/** The form of a pipeline's parameters, and its plan: what is wrong is told at its field, and planning starts nothing. */
import type { Page } from 'playwright-core';
import { CHROMIUM } from '../support/browser.js';
import { drawn, startPageScene, type PageScene } from '../support/page-scene.js';
import { until } from '../support/until.js';

const PIPELINE = `
name: typed
params:
  rows: { type: integer, minimum: 1, maximum: 50, default: 10, description: how many rows }
  table: { type: string, pattern: '^[a-z]+$', description: where they go }
  mode: { enum: [fast, safe], default: safe }
  loud: { type: boolean, default: false }
  tags: { type: array, items: { type: string }, default: [] }
  mail: { type: string, format: email, default: 'a@example.org' }
  token: { type: string, writeOnly: true, minLength: 3 }
tasks:
  - id: load
    task: echo
    input: { rows: '\${{ params.rows }}', tags: '\${{ params.tags }}' }
    cache: true
  - { id: check, task: noop }
  - { id: tell, task: echo, dependsOn: [load, check], input: '\${{ params.table }}' }
`;

(CHROMIUM ? describe : describe.skip)('the form of a pipeline', () => {
  let scene: PageScene;
  beforeAll(async () => {
    scene = await startPageScene();
  });
  afterAll(async () => {
    const { strangers, complaints } = await scene.stop();
    expect(strangers).toEqual([]);
    expect(complaints).toEqual([]);
  });

  const paste = async (text = PIPELINE) => {
    const tab = await scene.open('#/submit');
    await tab.page.getByLabel('YAML', { exact: true }).check();
    await tab.page.getByLabel(/^Pipeline \(YAML\)/).fill(text);
    await tab.page.getByRole('group', { name: 'Parameters', exact: true }).waitFor();
    return tab;
  };
  const field = (page: Page, name: string) =>
    page.locator(`[data-param="${name}"]`).locator('input, select, textarea');
  const wrongAt = (page: Page, name: string) => page.locator(`[data-path="params.${name}"]`);
  const started = async (): Promise<unknown[]> =>
    (await scene.http.call<{ executions: unknown[] }>('GET', '/executions')).json.executions;
  const press = (page: Page, name: string) =>
    page.getByRole('button', { name, exact: true }).click();

  it('has the defaults and the choices of a pipeline that is chosen by its name', async () => {
    const { page, close } = await scene.open('#/submit');
    await page.getByLabel('Pipeline', { exact: true }).selectOption('approved-call');
    await page.getByText('where the request goes').waitFor();
    expect(await field(page, 'method').inputValue()).toBe('"POST"');
    expect(await field(page, 'method').locator('option').allTextContents()).toEqual([
      ...['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    ]);
    expect(await field(page, 'question').inputValue()).toBe('');
    await page.getByLabel('url (required)').waitFor();
    await page.getByLabel('Pipeline', { exact: true }).selectOption('call-each');
    await page.getByText('what is sent, one request each').waitFor();
    expect(await field(page, 'question').count()).toBe(0);
    await close();
  });

  it('tells a wrong value at its field, by the browser and by the server, and nothing has started', async () => {
    const { page, close } = await paste();
    expect(await field(page, 'rows').inputValue()).toBe('10');
    await field(page, 'rows').fill('99');
    await field(page, 'table').fill('Orders');
    await wrongAt(page, 'rows').getByText('expected 1 to 50').waitFor();
    expect(await wrongAt(page, 'token').count()).toBe(0);
    await press(page, 'Submit');
    await wrongAt(page, 'token').getByText('must be given').waitFor();
    await wrongAt(page, 'table').getByText('^[a-z]+$').waitFor();
    const focused = await page.locator(':focus').getAttribute('aria-describedby');
    expect(focused).toBe(await field(page, 'rows').getAttribute('aria-describedby'));

    await field(page, 'rows').fill('3');
    await field(page, 'table').fill('orders');
    await field(page, 'token').fill('hush');
    await field(page, 'tags').fill('["a"');
    await field(page, 'mail').fill('nobody');
    await wrongAt(page, 'tags').getByText('expected JSON').waitFor();
    // Formats, and what is inside lists, the server alone checks.
    await field(page, 'tags').fill('["a", 5]');
    await press(page, 'Submit');
    await wrongAt(page, 'mail').getByText(/email/).waitFor();
    await wrongAt(page, 'tags')
      .getByText(/string/)
      .waitFor();
    await field(page, 'mail').fill('b@example.org');
    await wrongAt(page, 'mail').waitFor({ state: 'detached' });
    expect(await wrongAt(page, 'tags').count()).toBe(1);
    expect(await started()).toEqual([]);
    await close();
  });

  it('plans without starting anything, and then runs with exactly what was typed', async () => {
    const { page, close } = await paste();
    await field(page, 'table').fill('orders');
    await field(page, 'token').fill('hush');
    await field(page, 'loud').selectOption('true');
    await press(page, 'Plan');
    const plan = page.getByRole('region', { name: 'Plan of typed' });
    for (const id of ['load', 'check', 'tell']) await plan.locator(drawn(id)).waitFor();
    const figure = (name: string) =>
      plan
        .locator('dt', { hasText: new RegExp(`^${name}$`) })
        .locator('xpath=following-sibling::dd');
    expect(await figure('Nodes').textContent()).toBe('3');
    expect(await figure('Takes').textContent()).toBe('2.0 s in a window of 10');
    expect(await figure('Parallelism').textContent()).toBe('at most 2 at once');
    expect(await figure('How it is split').textContent()).toBe('in one piece');
    expect(await figure('Kept results').textContent()).toMatch(/^1 of 3 use/);
    expect(await plan.locator('.graph-node.critical').count()).toBe(2);
    await plan.locator(drawn('load')).click();
    await plan.getByRole('region', { name: 'load' }).getByText('cache: true').waitFor();
    expect(await started()).toEqual([]);

    await field(page, 'rows').fill('7');
    await plan.getByText('plan again').waitFor();
    await press(page, 'Submit');
    await page.locator(drawn('tell', 'COMPLETED')).waitFor();
    await until(async () => (await started()).length === 1, 'the one execution in the list');
    const [execution] = (await started()) as { executionId: string }[];
    const at = `/executions/${encodeURIComponent(execution?.executionId ?? '')}/graph`;
    const { json } = await scene.http.call('GET', at);
    expect(json['params']).toEqual({ rows: 7, table: 'orders', loud: true, token: 'hush' });
    await close();
  });

  it('takes JSON instead, in which what is not echoed does not appear', async () => {
    const { page, close } = await paste();
    expect(await field(page, 'token').getAttribute('type')).toBe('password');
    await field(page, 'table').fill('orders');
    await field(page, 'token').fill('hush');
    await press(page, 'JSON');
    const json = page.getByLabel('Parameters (JSON)');
    const text = await json.inputValue();
    expect(JSON.parse(text)).toEqual({
      ...{ rows: 10, table: 'orders', mode: 'safe', loud: false, tags: [] },
      mail: 'a@example.org',
    });
    await json.fill('{ nonsense');
    await press(page, 'Plan');
    await page.getByText('This is no JSON').waitFor();
    await json.fill('{ "table": "orders", "rows": 0, "other": 1 }');
    await press(page, 'Form');
    await page.getByText('The pipeline has no parameter "other".').waitFor();
    await json.fill('{ "table": "orders", "rows": 0 }');
    await wrongAt(page, 'rows').waitFor();
    await press(page, 'Form');
    expect(await field(page, 'rows').inputValue()).toBe('0');
    expect(await field(page, 'token').inputValue()).toBe('hush');
    await close();
  });

  it('says by its line what is wrong with a text that is planned', async () => {
    const { page, close } = await paste(
      'name: x\ntasks:\n  - { id: a, task: echo, dependsOn: [b] }\n',
    );
    await page.getByText('It takes no parameters.').waitFor();
    await press(page, 'Plan');
    const fault = page.locator('[data-path="tasks[0].dependsOn[0]"]');
    expect(await fault.textContent()).toMatch(/line 3.*unknown/);
    expect(await page.getByRole('region', { name: /^Plan of/ }).count()).toBe(0);
    await close();
  });
});
