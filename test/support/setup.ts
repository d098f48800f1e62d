/** Once before all Temporal tests: the workflow bundle, and one dev server for every file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { findDevServer } from '../../src/servers/find-dev-server.js';
import { findTimeSkippingServer } from '../../src/servers/find-time-skipping-server.js';
import { launchDevServer } from '../../src/servers/dev-server.js';
import type { OnProgress } from '../../src/servers/progress.js';
import { PRELOADED } from '../../src/workflow-modules.js';
import { SEARCH_ATTRIBUTE } from '../../src/workflows/messages.js';
import { SHARED, type SharedSetup } from './shared.js';

const say: OnProgress = ({ message }) => process.stderr.write(`${message}\n`);

export async function setup(): Promise<void> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const folder = join(root, '.cache', 'test');
  mkdirSync(folder, { recursive: true });
  const quiet = (): undefined => undefined;
  const logger = {
    log: quiet,
    trace: quiet,
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: console.error,
  };
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(root, 'src', 'workflows', 'index.ts'),
    workflowInterceptorModules: [join(root, 'src', 'workflows', 'interceptors.ts')],
    preloadModules: PRELOADED.map((name) => join(root, 'src', 'workflows', `${name}.ts`)),
    logger,
  });
  const bundle = join(folder, 'workflow-bundle.js');
  writeFileSync(bundle, code);
  const { path: timeSkipping } = await findTimeSkippingServer({ onProgress: say });
  const { path: binary } = await findDevServer({ onProgress: say });
  const attributes = Object.fromEntries(
    Object.values(SEARCH_ATTRIBUTE).map((name) => [name, 'Keyword']),
  );
  const server = await launchDevServer(binary, { searchAttributes: attributes });
  const shared: SharedSetup = { bundle, timeSkipping, binary, address: server.address };
  process.env[SHARED] = JSON.stringify(shared);
  (globalThis as { stopSharedServer?: () => Promise<void> }).stopSharedServer = () => server.stop();
}
