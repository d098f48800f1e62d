/** How a container is made, over an engine that is none. */
import { makeContainer } from '../../src/engine/containers.js';
import { openEngine } from '../../src/engine/engine.js';
import { newOwner } from '../../src/engine/owner.js';
import { LIMITS } from '../support/container-request.js';
import { startFakeEngine, wholeLife, type FakeEngine } from './fake-engine.js';

let fake: FakeEngine;
beforeEach(async () => {
  fake = await startFakeEngine();
  fake.routes = await wholeLife(() => fake);
});
afterEach(() => fake.stop());

describe('makeContainer', () => {
  it('puts nothing but the name into the address: what is asked for may be secret, or large', async () => {
    const engine = await openEngine({ socketPath: fake.socketPath });
    const command = ['echo', ...Array.from({ length: 11 }, () => 'x'.repeat(100_000))];
    await makeContainer(
      engine,
      {
        ...{
          spec: { image: 'i', command },
          image: 'sha256:1',
          volumes: [],
          mounts: [],
          labels: {},
        },
        ...{ env: { TOKEN: 'sesame' }, limits: LIMITS, seccomp: true },
      },
      {
        ...{ workflowId: 'w', executionId: 'w/a', attempt: 1, idempotencyKey: 'w/a' },
        ...{ deadline: 0, run: 'r' },
      },
      newOwner(),
      {},
    );
    const [asked] = fake.of('POST /containers/create');
    expect(Object.keys(asked?.query ?? {})).toEqual(['name']);
    expect(JSON.parse(asked?.body.toString() ?? '')).toMatchObject({
      Cmd: command,
      Env: ['TOKEN=sesame'],
    });
  });
});
