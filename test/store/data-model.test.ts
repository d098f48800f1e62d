import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(__dirname, '..', '..');

it('docs/data-model.md is what the migrations make, and every table and column has a meaning', async () => {
  const args = ['--import', 'tsx', 'scripts/data-model.mts', '--check'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  expect(stdout).toContain('is as it was');
});
