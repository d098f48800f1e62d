/** The statistics on the page: what is drawn and told is what ran. */
import type { Page } from 'playwright-core';
import { CHROMIUM } from '../support/browser.js';
import { startPageScene, type PageScene } from '../support/page-scene.js';
import { until } from '../support/until.js';

interface Figures {
  total: number;
  active: number;
  successful: number;
  failed: number;
  cancelled: number;
  skipped: number;
  totalRetries: number;
}
interface Group extends Figures {
  key: { hour: number | null };
}

(CHROMIUM ? describe : describe.skip)('the statistics on the page', () => {
  let scene: PageScene;

  const run = async (task: string, project: string, times = 1, more: object = {}) => {
    for (let i = 0; i < times; i++) {
      const body = { task, project, ...more };
      const { status, json } = await scene.http.call('POST', '/executions', body);
      if (status !== 201) throw new Error(JSON.stringify(json));
    }
  };
  const ended = async (project: string, count: number): Promise<void> =>
    until(async () => {
      const { json } = await scene.http.call<Figures>('GET', `/stats?project=${project}`);
      return json.total - json.active === count;
    }, `${count} have ended`);
  const sum = (page: Page, name: string) =>
    page.locator('.sums > div').filter({ has: page.getByText(name, { exact: true }) });

  beforeAll(async () => {
    scene = await startPageScene();
    const fail = { retry: { maxRetries: 0 } };
    await run('echo', 'orders', 6);
    await run('fail', 'orders', 2, fail);
    await run('fail', 'orders', 1, { input: { times: 2 }, retry: { strategy: 'IMMEDIATE' } });
    await run('sleep', 'orders', 1, { input: { ms: 3_600_000 }, timeout: '200ms', ...fail });
    await run('echo', 'other', 1);
    await ended('orders', 10);
    await ended('other', 1);
  });
  afterAll(async () => {
    const { strangers, complaints } = await scene.stop();
    expect(strangers).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('tells how many of all failed and were tried again, and the table behind the plots is the API’s answer', async () => {
    const { page, close } = await scene.open('#/statistics?project=orders');
    await sum(page, 'Failed').getByText('3 of 10', { exact: true }).waitFor();
    await sum(page, 'Failed').getByText('Success rate 70.0 %').waitFor();
    await sum(page, 'Retries').getByText('2', { exact: true }).waitFor();

    const { json } = await scene.http.call<{ groups: Group[] }>(
      'GET',
      '/stats?project=orders&by=hour',
    );
    const told = json.groups.map((one) => {
      const { key, total, active, successful, failed, cancelled, skipped, totalRetries } = one;
      const rate = `${((100 * successful) / (successful + failed)).toFixed(1)} %`;
      const counts = [total - active, successful, failed, cancelled, skipped];
      return [String(key.hour), ...counts.map(String), rate, String(totalRetries)];
    });
    await page.getByText('The figures as a table').click();
    expect(await page.locator('.figures tbody tr').count()).toBe(24);
    const rows = await page.locator('.figures tbody tr').evaluateAll((all) =>
      all.map((row) => {
        const { dataset, cells } = row as unknown as {
          dataset: { period: string };
          cells: Iterable<{ textContent: string }>;
        };
        return [dataset.period, ...Array.from(cells, (cell) => cell.textContent).slice(1, 8)];
      }),
    );
    expect(rows.filter(([, count]) => count !== '0')).toEqual(told);
    await close();
  });

  it('draws as much of each colour as ended so, in light and in dark', async () => {
    const { page, close } = await scene.open('#/statistics?project=orders');
    await page.locator('.plot canvas').first().waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await until(async () => {
        const { good, bad } = await painted(page);
        return Math.abs(good / Math.max(1, bad) - 7 / 3) < 0.2;
      }, `seven good to three bad in ${colorScheme}`);
    }
    await close();
  });

  it('leads from what fails most to the executions that ended so', async () => {
    const { page, close } = await scene.open('#/statistics?project=orders');
    const failing = page.locator('section', { has: page.getByText('What fails most') });
    await failing.locator('[data-task="fail"]').getByText('2 of 3').waitFor();
    await failing.locator('[data-task="sleep"]').getByText('1 of 1').waitFor();
    expect(await failing.locator('[data-task="echo"]').count()).toBe(0);
    const slowest = page.locator('section', { has: page.getByText('What runs longest') });
    const { json } = await scene.http.call<{ groups: { key: { task: string } }[] }>(
      'GET',
      '/stats?project=orders&by=task&order=run',
    );
    const names = await slowest.locator('tbody tr td:first-child').allTextContents();
    expect(names).toEqual(json.groups.map(({ key }) => key.task));

    await failing.getByRole('link', { name: '2 failed' }).click();
    await page.locator('.list tbody tr').nth(1).waitFor();
    expect(await page.locator('.list tbody tr').count()).toBe(2);
    expect(await page.locator('.list [data-status="FAILED"]').count()).toBe(2);
    expect(await page.locator('.narrowed').textContent()).toMatch(/Task fail.*Project orders/);
    await page.getByRole('link', { name: 'Every task' }).click();
    await page.getByLabel('Status').selectOption('');
    await page.locator('.list tbody tr').nth(9).waitFor();
    await close();
  });

  it('is of the project, the task, the kind and the time that are chosen, which stand in the address', async () => {
    const { page, close } = await scene.open('#/statistics');
    await sum(page, 'Ended').getByText('11', { exact: true }).waitFor();
    await page.getByLabel('Project').selectOption('orders');
    await sum(page, 'Ended').getByText('10', { exact: true }).waitFor();
    await page.getByLabel('Task or pipeline').fill('fail');
    await sum(page, 'Ended').getByText('3', { exact: true }).waitFor();
    await page.getByLabel('Time', { exact: true }).selectOption('last 30 days');
    await page.getByLabel('By', { exact: true }).selectOption('day');
    await page.getByText('The figures as a table').click();
    await page.locator('.figures tbody tr').nth(29).waitFor();
    await page.reload();
    await sum(page, 'Ended').getByText('3', { exact: true }).waitFor();
    expect(await page.getByLabel('Task or pipeline').inputValue()).toBe('fail');

    await page.getByLabel('Time', { exact: true }).selectOption('from … to …');
    await page.getByLabel('From (UTC)').fill('2020-01-01');
    await page.getByLabel('To (UTC), included').fill('2020-01-03');
    await page.getByText('Nothing failed in this time.').waitFor();
    await page.getByText('The figures as a table').click();
    expect(await page.locator('.figures tbody th').allTextContents()).toEqual([
      '1 Jan 2020',
      '2 Jan 2020',
      '3 Jan 2020',
    ]);
    await page.getByLabel('Kind').selectOption('nodes of graphs');
    await page.getByLabel('Task or pipeline').waitFor();
    expect(page.url()).toContain('kind=node');
    await close();
  });

  it('follows what ends, and nothing on the page moves', async () => {
    await run('echo', 'moving');
    await ended('moving', 1);
    const { page, close } = await scene.open('#/statistics?project=moving');
    await sum(page, 'Ended').getByText('1', { exact: true }).waitFor();
    const places = () =>
      page.locator('.card, .plot canvas').evaluateAll((all) =>
        all.map((one) => {
          const { x, y, width, height } = (
            one as unknown as {
              getBoundingClientRect(): Record<'x' | 'y' | 'width' | 'height', number>;
            }
          ).getBoundingClientRect();
          return [x, y, width, height];
        }),
      );
    const before = await places();
    await run('echo', 'moving', 2);
    await sum(page, 'Ended').getByText('3', { exact: true }).waitFor();
    expect(await places()).toEqual(before);
    await close();
  });
});

/** How many points of the first plot have the colours of good and of bad. */
function painted(page: Page): Promise<{ good: number; bad: number }> {
  return page.evaluate(() => {
    interface Canvas {
      width: number;
      height: number;
      getContext(kind: '2d'): { getImageData(...box: number[]): { data: Uint8ClampedArray } };
    }
    const { document, getComputedStyle } = globalThis as unknown as {
      document: { documentElement: object; querySelector(of: string): Canvas };
      getComputedStyle: (of: object) => { getPropertyValue(name: string): string };
    };
    const canvas = document.querySelector('.plot canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const style = getComputedStyle(document.documentElement);
    const count = (name: string): number => {
      const hex = style.getPropertyValue(name).trim().slice(1);
      const rgb = [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
      let found = 0;
      for (let i = 0; i < data.length; i += 4)
        if (rgb.every((value, at) => data[i + at] === value) && data[i + 3] === 255) found += 1;
      return found;
    };
    return { good: count('--good'), bad: count('--bad') };
  });
}
