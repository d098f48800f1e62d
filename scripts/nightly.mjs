/** `npm run nightly`: what does not fit into CI, in full. Its last result stands in bench/README.md. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { install, root } from './install.mjs';

install();
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const { status } = spawnSync(
  process.execPath,
  [jest, '--selectProjects', 'nightly', '--runInBand', '--verbose', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TEMPOGRAPH_NIGHTLY: '1' },
  },
);
process.exit(status ?? 1);
