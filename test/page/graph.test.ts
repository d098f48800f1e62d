/** Maps and sub-graphs unfolded in the graph: live, by keyboard, and as the address says. */
import { CHROMIUM, picture, seriousFaults } from '../support/browser.js';
import { until } from '../support/until.js';
import { drawn, hashOf, startPageScene, type PageScene } from '../support/page-scene.js';

const unfold = (path: string): string => `[data-unfold=${JSON.stringify(path)}]`;

(CHROMIUM ? describe : describe.skip)('the graph, unfolded', () => {
  let scene: PageScene;
  beforeAll(async () => {
    scene = await startPageScene();
  });
  afterAll(async () => {
    const { strangers, complaints } = await scene.stop();
    expect(strangers).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('shows the items of a map by keyboard, one of which fails as it is seen, opens with its error, and stays over a reload', async () => {
    const items = [{ gate: 'good' }, { gate: 'bad', message: 'no <b>disk</b>' }, { gate: 'good' }];
    const id = await scene.submit({
      name: 'mapped',
      tasks: [
        { id: 'list', task: 'echo', input: items },
        {
          ...{ id: 'render', task: 'ends', dependsOn: ['list'], retry: { maxRetries: 0 } },
          ...{ map: 'tasks.list.output', input: '${{ item }}' },
        },
        { id: 'after', task: 'noop', dependsOn: ['render'] },
      ],
    });
    const { page, close } = await scene.open(hashOf(id));
    await page.locator(drawn('render', 'RUNNING')).waitFor();
    const toggle = page.getByRole('button', { name: 'Unfold render', expanded: false });
    await toggle.focus();
    await page.keyboard.press('Enter');
    await page.locator(drawn('render/0', 'RUNNING')).waitFor();
    await page.locator(drawn('render/1', 'RUNNING')).waitFor();
    const isFocused = page.getByRole('button', { name: 'Fold render', expanded: true });
    await isFocused.waitFor();
    expect(await page.locator(':focus').getAttribute('data-unfold')).toBe('render');
    expect(page.url()).toContain('open=render');

    scene.gates.open('bad');
    await page.locator(drawn('render/1', 'FAILED')).waitFor();
    await page.locator(drawn('render/0', 'RUNNING')).waitFor();
    await page.locator(drawn('render/1')).focus();
    await page.keyboard.press('Enter');
    const drawer = page.getByRole('dialog', { name: 'render/1' });
    await drawer.getByText('no <b>disk</b>').first().waitFor();
    await drawer.getByText('waits for bad').waitFor();
    await drawer.getByText('"message": "no <b>disk</b>"').waitFor(); // its own input
    expect(await drawer.locator('b').count()).toBe(0);

    await page.reload();
    await page.locator(drawn('render/1', 'FAILED')).waitFor();
    await page.getByRole('dialog', { name: 'render/1' }).getByText('waits for bad').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    scene.gates.open('good');
    await page.locator(drawn('render/0', 'COMPLETED')).waitFor();
    await page.getByRole('button', { name: 'Fold render' }).click();
    await page.locator(drawn('render/0')).waitFor({ state: 'detached' });
    expect(page.url()).not.toContain('open=');
    await close();
  });

  it('shows the nodes of a sub-graph change, and what runs in the items of a map of graphs', async () => {
    const inner = {
      name: 'inner',
      tasks: [
        { id: 'first', task: 'gated', input: { gate: 'inner' } },
        { id: 'second', task: 'echo', dependsOn: ['first'] },
      ],
    };
    const id = await scene.submit({
      name: 'nested',
      tasks: [
        { id: 'sub', graph: inner },
        { id: 'many', map: { over: ['a', 'b'] }, graph: inner },
        { id: 'last', task: 'noop', dependsOn: ['sub', 'many'] },
      ],
    });
    const { page, close } = await scene.open(hashOf(id));
    await page.locator(drawn('sub', 'RUNNING')).waitFor();
    await page.locator(unfold('sub')).click();
    await page.locator(drawn('sub/first', 'RUNNING')).waitFor();
    await page.locator(drawn('sub/second', 'PENDING')).waitFor();
    await page.locator('[data-id=\'["sub/first","sub/second"]\']').waitFor({ state: 'attached' });
    await page.locator(unfold('many')).click();
    await page.locator(unfold('many/1')).click();
    await page.locator(drawn('many/1/first', 'RUNNING')).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, 'unfolded-nested');
    // Each lies in what it is part of.
    const boxOf = async (path: string) =>
      await page.locator(`.react-flow__node[data-id="${path}"]`).boundingBox();
    const [outer, item, node] = await Promise.all(['many', 'many/1', 'many/1/first'].map(boxOf));
    for (const [around, within] of [
      [outer, item],
      [item, node],
    ] as const) {
      expect(around && within && around.x < within.x && around.y < within.y).toBe(true);
      expect(around && within && around.x + around.width > within.x + within.width).toBe(true);
    }
    scene.gates.open('inner');
    await page.locator(drawn('sub/second', 'COMPLETED')).waitFor();
    await page.locator(drawn('many/1/second', 'COMPLETED')).waitFor();
    await page.locator(drawn('last', 'COMPLETED')).waitFor();
    await page.reload();
    await page.locator(drawn('many/1/second', 'COMPLETED')).waitFor();
    await page.locator(drawn('sub/second', 'COMPLETED')).waitFor();
    await close();
  });

  it('shows of many items the failed one first, says how many there are, and shows more when asked', async () => {
    const list = Array.from({ length: 60 }, (_, nth) =>
      nth === 55 ? { gate: 'many', message: 'the one' } : { gate: 'many' },
    );
    scene.gates.open('many');
    const id = await scene.submit({
      name: 'large-map',
      tasks: [
        {
          ...{ id: 'each', task: 'ends', retry: { maxRetries: 0 } },
          ...{ map: { over: list, concurrency: 60 }, input: '${{ item }}' },
        },
      ],
    });
    // An item that is not among those that are drawn opens too: its address is as good as any.
    const { page, close } = await scene.open(hashOf(id, '?open=each&node=each%2F40'));
    await page.locator(drawn('each', 'FAILED')).waitFor();
    await page.getByRole('dialog', { name: 'each/40' }).getByText('completed').first().waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.locator(drawn('each/55', 'FAILED')).waitFor();
    await page.getByText('24 of 60 items').waitFor();
    await picture(page, 'unfolded-many');
    expect(await page.locator(drawn('each/40')).count()).toBe(0);
    await page.locator('[data-more="each"]').click();
    await page.getByText('48 of 60 items').waitFor();
    expect(page.url()).toContain('open=each%3A48');
    await page.locator('[data-more="each"]').click();
    await page.locator(drawn('each/59', 'COMPLETED')).waitFor();
    await close();
  });

  it('paints a large graph from afar: keys lead from node to node, a click opens one, and near by each is a button', async () => {
    const ids = Array.from({ length: 160 }, (_, nth) => `n${String(nth).padStart(3, '0')}`);
    const id = await scene.submit({
      ...{ name: 'large', onFailure: 'continue' },
      tasks: ids.map((one, nth) => ({
        ...{ id: one, retry: { maxRetries: 0 } },
        ...(nth === 159 ? { task: 'fail', input: { message: 'last' } } : { task: 'noop' }),
      })),
    });
    const { page, close } = await scene.open(hashOf(id));
    const afar = page.getByRole('group', { name: '160 nodes from afar' });
    await afar.waitFor({ state: 'attached' });
    expect(await page.locator('[data-node]').count()).toBe(1);
    await page.locator(drawn('n000', 'COMPLETED')).focus();
    await page.keyboard.press('End');
    await page.locator(`${drawn('n159', 'FAILED')}:focus`).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'n159' }).getByText('last').first().waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    const box = await page.locator(`${drawn('n001')}:focus`).boundingBox();
    if (!box) throw new Error('n001 is not in the picture');
    // What is beside it is painted, and no element.
    await page.mouse.click(box.x + box.width * 1.6, box.y + box.height / 2);
    const beside = await page.getByRole('dialog').getByRole('heading', { level: 2 }).textContent();
    expect(ids).toContain(beside);
    expect(beside).not.toBe('n001');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Zoom In' }).click();
    await page.getByRole('button', { name: 'Zoom In' }).click();
    await until(async () => (await page.locator('[data-node]').count()) > 20, 'nodes near by');
    await page.getByRole('button', { name: 'See all of it' }).click();
    await afar.waitFor({ state: 'attached' });
    await close();
  });
});
