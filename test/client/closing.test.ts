import { TaskEngine } from '../../src/client.js';
import { startDevServer } from '../../src/servers/start-dev-server.js';

describe('an engine that is shut down', () => {
  it('ends the calls that are being tried again, and throws nothing once it is closed', async () => {
    const server = await startDevServer({});
    const uncaught: unknown[] = [];
    const note = (error: unknown): void => void uncaught.push(error);
    const engine = await TaskEngine.connect({ address: server.address, storeUrl: 'none' });
    await server.stop();
    process.on('uncaughtException', note);
    try {
      const asked = ['one', 'two', 'three'].map((id) =>
        engine
          .handle(id)
          .status()
          .then(String, (error: Error) => error.name),
      );
      await Promise.race([Promise.all(asked), new Promise((resolve) => setTimeout(resolve, 300))]);
      await engine.shutdown();
      expect(await Promise.all(asked)).toEqual(Array(3).fill('ServiceError'));
    } finally {
      process.off('uncaughtException', note);
    }
    expect(uncaught).toEqual([]);
  });
});
