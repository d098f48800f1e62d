/** Installs the dependencies where they are missing or older than the lock file. Needs nothing but Node and npm. */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

export function install() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`Node ${process.versions.node} is too old: Tempograph needs 20.19 or later.`);
    process.exit(2);
  }
  const done = join(root, 'node_modules', '.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (existsSync(done) && statSync(done).mtimeMs >= statSync(lock).mtimeMs) return;
  console.error('installing dependencies');
  // `npm ci` refuses a lock file that lacks other platforms' optional binaries, as one that was made behind a partial
  // mirror does; `npm install --no-save` takes the locked versions and finds the rest.
  if (npm('ci') || npm('install', '--no-save')) {
    utimesSync(done, new Date(), new Date());
    return;
  }
  console.error('the dependencies could not be installed; "npm install" says why');
  process.exit(1);
}

function npm(...command) {
  const quiet = command[0] === 'ci' ? 'ignore' : 2;
  return (
    spawnSync('npm', [...command, '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', quiet, quiet],
    }).status === 0
  );
}
