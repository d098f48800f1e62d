/** Code for a runtime, in a container: where it is asked for, and where its level is HIGH and there is an engine. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { importImage, lacksDocker, startDocker, type PrivateDocker } from '../support/docker.js';
import { startHarness, type Harness } from '../support/engine.js';

const IMAGE = 'tempograph/node:1';
const lack = lacksDocker();
if (lack !== undefined) process.stderr.write(`code in containers is skipped: ${lack}\n`);

/** An image of nothing but this Node.js and the libraries that it is linked to. */
async function importNode({ docker, folder }: PrivateDocker): Promise<void> {
  const root = mkdtempSync(join(folder, 'node-'));
  mkdirSync(join(root, 'tmp'));
  chmodSync(join(root, 'tmp'), 0o1777);
  const put = (path: string, target = path): void => {
    mkdirSync(dirname(join(root, target)), { recursive: true });
    copyFileSync(realpathSync(path), join(root, target));
    chmodSync(join(root, target), 0o755);
  };
  put(process.execPath, '/usr/bin/node');
  const linked = execFileSync('ldd', [process.execPath], { encoding: 'utf8' });
  for (const [path] of linked.matchAll(/\/[^\s(]+/g)) put(path);
  await importImage(docker, root, IMAGE);
}

(lack === undefined ? describe : describe.skip)('code for a runtime in a container', () => {
  let docker: PrivateDocker;
  let harness: Harness;
  beforeAll(async () => {
    docker = await startDocker();
    await importNode(docker);
    harness = await startHarness({
      programs: ['process', 'container'],
      containerEngine: `unix://${docker.socketPath}`,
      images: { node: IMAGE },
      // No second wall stands on every machine that runs this; an operator's runtime counts as one.
      containerRuntime: 'runc',
    });
  });
  afterAll(async () => {
    await harness.stop();
    await docker.stop();
  });

  const code = `
    import { readFileSync, writeFileSync } from 'node:fs';
    const { n } = JSON.parse(readFileSync(process.env.TEMPOGRAPH_INPUT, 'utf8'));
    writeFileSync(process.env.TEMPOGRAPH_OUTPUT, JSON.stringify(n * 2));`;
  const run = async (rest: object) => {
    const node = {
      id: 'p',
      retry: 'NONE',
      input: { n: 21 },
      process: { runtime: 'node', code },
      resources: { cpu: 1 },
    };
    const spec = { name: 'code', tasks: [{ ...node, ...rest }] };
    const { nodes } = await (await harness.engine.scheduleTaskGraph(spec as never)).result();
    return nodes['p'];
  };

  it.each<[string, object, string]>([
    ['in a sandbox, where nothing is said', {}, 'process'],
    ['in a container, where it is named', { isolation: 'container' }, 'container'],
    ['in a container, where its level is HIGH', { security: { level: 'HIGH' } }, 'container'],
    [
      'in a sandbox at HIGH, where that is named',
      { isolation: 'process', security: { level: 'HIGH' } },
      'process',
    ],
  ])('runs %s', async (_name, rest, runner) => {
    expect(await run(rest)).toMatchObject({
      ...{ status: 'COMPLETED', output: 42, error: null, environment: { runner } },
    });
  });
});
