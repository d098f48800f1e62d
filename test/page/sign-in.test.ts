/** The page of a server that asks who calls. */
import { HttpProblem } from '../../src/http/problem.js';
import { CHROMIUM, picture, seriousFaults } from '../support/browser.js';
import { startPageScene, type PageScene } from '../support/page-scene.js';

(CHROMIUM ? describe : describe.skip)('signing in', () => {
  let scene: PageScene;
  beforeAll(async () => {
    scene = await startPageScene({
      authenticate: async (header) => {
        if (header === 'Bearer right')
          return { kind: 'key', name: 'key:test', scope: 'admin', projects: null };
        throw new HttpProblem(401, 'UNAUTHENTICATED', 'no key');
      },
    });
  });
  afterAll(() => scene.stop());

  it('asks for a key, refuses a wrong one, and keeps the right one for the tab', async () => {
    const { page, strangers, close } = await scene.open();
    const key = page.getByLabel('API key or token');
    await key.fill('wrong');
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, 'sign-in');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('The server does not accept this key.').waitFor();
    await key.fill('right');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Nothing here yet.').waitFor();
    await page.reload();
    await page.getByText('Nothing here yet.').waitFor();
    expect(await page.context().cookies()).toEqual([]);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await key.waitFor();
    expect(strangers).toEqual([]);
    await close();
  });
});
