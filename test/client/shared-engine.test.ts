import { getTaskEngine } from '../../src/client.js';
import { shared } from '../support/shared.js';

describe('getTaskEngine', () => {
  it('gives one engine to the whole process, until it is shut down', async () => {
    const options = { address: shared().address, storeUrl: 'none' };
    const [first, second] = await Promise.all([getTaskEngine(options), getTaskEngine()]);
    expect(second).toBe(first);
    expect(await first.initialize()).toBe(first);
    await first.shutdown();
    await expect(first.initialize()).rejects.toThrow(/was shut down/);
    const next = await getTaskEngine(options);
    expect(next).not.toBe(first);
    await next.shutdown();
  });
});
