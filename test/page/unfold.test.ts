/** Maps and sub-graphs opened in the graph that they are in, in Chromium. */
import { CHROMIUM } from '../support/browser.js';
import { drawn, hashOf, startPageScene, type PageScene } from '../support/page-scene.js';

/** A map whose items are graphs of their own, and a map of more items than are drawn. */
const GRAPH = {
  name: 'nested',
  tasks: [
    {
      id: 'shops',
      map: { over: ['north', 'south'], onFailure: 'continue' },
      graph: {
        name: 'shop',
        params: { gate: { type: 'string' } },
        tasks: [
          { id: 'load', task: 'gated', input: { gate: '${{ params.gate }}' } },
          {
            id: 'check',
            task: 'fail',
            input: { message: 'no stock' },
            retry: 'NONE',
            dependsOn: ['load'],
          },
        ],
      },
      input: { gate: '${{ item }}' },
      allowFailure: true,
    },
    {
      id: 'many',
      task: 'echo',
      map: { over: Array.from({ length: 40 }, (_, n) => n) },
      input: '${{ item }}',
    },
    { id: 'last', task: 'echo', input: 1, dependsOn: ['shops', 'many'] },
  ],
};

(CHROMIUM ? describe : describe.skip)('what is inside a node, on the page', () => {
  let scene: PageScene;
  beforeAll(async () => {
    scene = await startPageScene();
  });
  afterAll(async () => {
    const { strangers, complaints } = await scene.stop();
    expect(strangers).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('opens in its place, changes as it runs, shows the error of a node inside, and is there again after a reload', async () => {
    const id = await scene.submit(GRAPH);
    const { page, close } = await scene.open(hashOf(id));
    const unfold = (name: string) =>
      page.getByRole('button', { name: `What is inside ${name}`, exact: true });
    await page.locator(drawn('shops', 'RUNNING')).waitFor();
    expect(await page.locator('[data-node^="shops/"]').count()).toBe(0);
    await unfold('shops').click();
    await page.locator(drawn('shops/0', 'RUNNING')).waitFor();
    expect(await unfold('shops').getAttribute('aria-expanded')).toBe('true');

    // By keyboard, and one deeper.
    await unfold('0').focus();
    await page.keyboard.press('Enter');
    await page.locator(drawn('shops/0/load', 'RUNNING')).waitFor();
    await page.locator(drawn('shops/0/check', 'PENDING')).waitFor();
    await page.getByLabel('Edge from shops/0/load to shops/0/check').waitFor({ state: 'attached' });
    scene.gates.open('north');
    await page.locator(drawn('shops/0/check', 'FAILED')).waitFor();
    await page.locator(drawn('shops/0', 'FAILED')).waitFor();
    await page.locator(drawn('shops/1', 'RUNNING')).waitFor();

    await page.locator(drawn('shops/0/check')).click();
    const drawer = page.getByRole('dialog', { name: 'check' });
    await drawer.locator('[data-error="AskedToFail"]').waitFor();
    expect(await drawer.locator('[data-error]').textContent()).toContain('no stock');

    await page.reload();
    await page.locator(drawn('shops/0/check', 'FAILED')).waitFor();
    await page.getByRole('dialog', { name: 'check' }).locator('[data-error]').waitFor();
    await page.keyboard.press('Escape');
    await unfold('shops').click();
    await page.locator(drawn('shops/1')).waitFor({ state: 'detached' });
    expect(await page.locator('[data-node^="shops/"]').count()).toBe(0);
    expect(new URL(page.url()).hash).not.toContain('unfold');
    scene.gates.open('south');
    await page.locator(drawn('last', 'COMPLETED')).waitFor();
    await close();
  });

  it('draws some of many items, and says how many there are', async () => {
    const id = await scene.submit({ ...GRAPH, tasks: GRAPH.tasks.slice(1, 2) });
    const { page, close } = await scene.open(hashOf(id, '?unfold=many'));
    await page.getByText('24 of 40 are drawn').waitFor();
    await page.locator(drawn('many/23', 'COMPLETED')).waitFor({ state: 'attached' });
    expect(await page.locator('[data-node^="many/"]').count()).toBe(24);
    await close();
  });
});
