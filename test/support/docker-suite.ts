/** A suite over a Docker of its own, or a visible line that says why it was skipped. */
import { startDocker, lacksDocker, type PrivateDocker } from './docker.js';

export function describeWithDocker(
  title: string,
  suite: (engine: () => PrivateDocker) => void,
): void {
  const lack = lacksDocker();
  if (lack !== undefined) {
    process.stderr.write(`SKIPPED: ${title}: no Docker can be started here: ${lack}\n`);
    describe.skip(`${title} (no Docker here: ${lack})`, () => {
      it('needs a Docker of its own', () => {});
    });
    return;
  }
  describe(title, () => {
    let engine: PrivateDocker | undefined;
    beforeAll(async () => void (engine = await startDocker()));
    afterAll(() => engine?.stop());
    suite(() => {
      if (!engine) throw new Error('Docker has not started');
      return engine;
    });
  });
}
