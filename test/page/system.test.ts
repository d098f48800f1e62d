/** The system view as an operator uses it: what is changed there holds. */
import type { Page } from 'playwright-core';
import type { Change } from '../../src/http/services.js';
import { CHROMIUM } from '../support/browser.js';
import { startPageScene, type PageScene } from '../support/page-scene.js';
import { until } from '../support/until.js';

(CHROMIUM ? describe : describe.skip)('the system on the page', () => {
  let scene: PageScene;
  const changes: Change[] = [];
  beforeAll(async () => {
    scene = await startPageScene({ audit: async (_who, change) => void changes.push(change) });
  });
  afterAll(async () => {
    const { strangers, complaints } = await scene.stop();
    expect(strangers).toEqual([]);
    expect(complaints).toEqual([]);
  });

  const get = async <T>(path: string): Promise<T> => (await scene.http.call<T>('GET', path)).json;
  const nodesOf = async (id: string) =>
    (
      await get<{ nodes: { id: string; status: string; reason?: string }[] }>(
        `/executions/${encodeURIComponent(id)}/nodes`,
      )
    ).nodes;
  const standing = async (id: string, status: string): Promise<number> =>
    (await nodesOf(id)).filter((node) => node.status === status).length;
  const confirm = async (page: Page, verb: string, reason: string): Promise<void> => {
    const dialog = page.locator('dialog');
    await dialog.getByLabel('Reason').fill(reason);
    await dialog.getByRole('button', { name: verb, exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
  };
  const reasonsOf = (what: string, target: string): unknown[] =>
    changes.filter((one) => one.what === what && one.target === target).map((one) => one.reason);

  it('names the time zone of its times once, in its head', async () => {
    const { page, close } = await scene.open('#/system');
    const zone = await page.evaluate(() => new Intl.DateTimeFormat().resolvedOptions().timeZone);
    await page.locator('header').getByText(`times in ${zone}`).waitFor();
    await close();
  });

  it('shows who waits for a limit; a limit changed there lets them run, and goes back', async () => {
    const key = `page ${scene.harness.taskQueue}`;
    const work = { task: 'gated', input: { gate: 'limits' }, limit: { key, max: 1 } };
    const id = await scene.submit(
      { name: 'limited', tasks: ['a', 'b'].map((node) => ({ id: node, ...work })) },
      { project: 'shop' },
    );
    await until(async () => (await standing(id, 'RUNNING')) === 1, 'one runs');
    const { page, close } = await scene.open('#/system');
    const row = page.locator(`[data-limit="${key}"]`);
    await row.getByText('shop').waitFor();
    await row.getByRole('button', { name: `Who has and who waits for ${key}` }).click();
    const who = page.locator(`[data-who="${key}"]`);
    await who.getByText('1 of 1 places taken').waitFor();
    await who.locator('[data-place="has"]').getByRole('link', { name: id }).waitFor();
    await who.locator('[data-place="waits"]').getByRole('link', { name: id }).waitFor();
    expect(await standing(id, 'RUNNING')).toBe(1);

    await row.getByRole('button', { name: `Change limit ${key}`, exact: true }).click();
    const places = page.locator('dialog').getByLabel('Places');
    expect(await places.inputValue()).toBe('1');
    await places.fill('2');
    await confirm(page, 'Change', 'the night is quiet');
    await row.locator('[data-max]').getByText('2', { exact: true }).waitFor();
    await row.getByText('defined as 1').waitFor();
    await who.getByText('2 of 2 places taken').waitFor();
    await until(async () => (await standing(id, 'RUNNING')) === 2, 'both run');
    expect(reasonsOf('limit.set', key)).toEqual(['the night is quiet']);

    await row.getByRole('button', { name: /Back to 1/ }).click();
    await confirm(page, 'Back to 1', 'morning');
    await row.locator('[data-max]').getByText('1', { exact: true }).waitFor();
    expect(await get(`/limits/${encodeURIComponent(key)}?project=shop`)).toMatchObject({
      ...{ max: 1, defined: 1 },
    });
    scene.gates.open('limits');
    await row.waitFor({ state: 'detached' });
    await close();
  });

  it('opens a circuit, which holds its nodes, and closes it: then nodes run', async () => {
    const name = `page ${scene.harness.taskQueue}`;
    const graph = { name: 'calls', tasks: [{ id: 'call', task: 'echo', circuit: name }] };
    const { page, close } = await scene.open('#/system');
    await page.getByRole('button', { name: 'Open another one …' }).click();
    await page.locator('dialog').getByLabel('Name').fill(name);
    await confirm(page, 'Open', 'the bank called');
    const row = page.locator(`[data-circuit="${name}"]`);
    await row.getByText('by hand, until it is closed').waitFor();
    const held = await scene.submit(graph);
    await until(
      async () => (await nodesOf(held)).some(({ reason }) => reason === 'circuit'),
      'its node is held',
    );

    await row.getByRole('button', { name: `Close circuit ${name}` }).click();
    await confirm(page, 'Close', 'it is back');
    await page.locator(`[data-circuit="${name}"][data-mode="closed"]`).waitFor();
    expect(await row.getByRole('button', { name: `Close circuit ${name}` }).count()).toBe(0);
    expect(await get(`/circuits/${encodeURIComponent(name)}`)).toMatchObject({ mode: 'closed' });
    const free = await scene.submit(graph);
    await until(async () => (await standing(free, 'COMPLETED')) === 1, 'a node goes through');
    expect(reasonsOf('circuit.open', name)).toEqual(['the bank called']);
    expect(reasonsOf('circuit.close', name)).toEqual(['it is back']);
    await scene.harness.engine.cancelExecution(held);
    await close();
  });

  it('shows workers, queues and ways to run in words, and what runs on them', async () => {
    const id = await scene.submit({
      name: 'busy',
      tasks: [{ id: 'work', task: 'gated', input: { gate: 'busy' } }],
    });
    await until(async () => (await standing(id, 'RUNNING')) === 1, 'it runs');
    const { page, close } = await scene.open('#/system');
    const worker = page.locator('[data-worker]');
    await worker.getByText(/^[1-9]\d* of \d+$/).waitFor();
    await worker.getByText(/^inside the worker/).waitFor();
    await page.locator('[data-mode="in-process"]').getByText('inside the worker').waitFor();
    const { taskQueue } = scene.harness;
    await page.locator(`[data-queue="${taskQueue}"]`).waitFor();
    await page.locator(`[data-queue="${taskQueue}-process"]`).waitFor();
    scene.gates.open('busy');
    await close();
  });

  it('forgets kept results, and says how many', async () => {
    const cached = { task: 'echo', input: { kept: scene.harness.taskQueue } };
    const graph = { name: 'kept', tasks: [{ id: 'a', ...cached, cache: { ttl: '1h' } }] };
    const id = await scene.submit(graph);
    await until(async () => (await standing(id, 'COMPLETED')) === 1, 'it is kept');
    const { page, close } = await scene.open('#/system');
    await page.getByRole('button', { name: 'Forget …' }).click();
    await page.locator('dialog').getByLabel('Task').fill('echo');
    await confirm(page, 'Forget', 'wrong prices');
    await page.getByText('1 result was forgotten.').waitFor();
    const again = await scene.submit(graph);
    await until(async () => (await standing(again, 'COMPLETED')) === 1, 'it is done again');
    expect(await nodesOf(again)).not.toContainEqual(expect.objectContaining({ cached: true }));
    await close();
  });
});
