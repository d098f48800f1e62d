/** Packages of Python for tests, in a virtual environment of their own below the user's cache folder. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import envPaths from 'env-paths';
import { lock } from 'proper-lockfile';

/** For a package index that does not answer. */
const LONGEST_MS = 300_000;

/**
 * Gets what is not there yet; others wait meanwhile.
 *
 * @param {{ name: string, folder: string, packages: string[], check: string, log?: (line: string) => void }} options
 *   `folder` names the versions; `check` is a line of Python that has to run
 * @returns {Promise<{ python: string } | { unavailable: string }>} its Python, with the packages
 */
export async function virtualEnvironment({ name, folder, packages, check, log = () => {} }) {
  const cache = process.env.TEMPOGRAPH_CACHE_DIR || envPaths('tempograph', { suffix: '' }).cache;
  const root = join(cache, name);
  const place = join(root, folder);
  const python = join(
    place,
    ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']),
  );
  // Written last: without it somebody was interrupted.
  const checked = join(place, 'checked');
  if (existsSync(checked)) return { python };
  try {
    mkdirSync(root, { recursive: true });
    const release = await lock(root, {
      lockfilePath: `${place}.lock`,
      stale: 60_000,
      retries: { retries: 600, minTimeout: 1_000, maxTimeout: 1_000 },
    });
    try {
      if (!existsSync(checked)) {
        log(`installing ${packages.join(' and ')} for tests …`);
        await rm(place, { recursive: true, force: true });
        await run('python3', ['-m', 'venv', place]);
        await run(python, [
          '-m',
          'pip',
          'install',
          '--quiet',
          '--retries=1',
          '--disable-pip-version-check',
          ...packages,
        ]);
        await run(python, ['-c', check]);
        await writeFile(checked, `${packages.join('\n')}\n`);
      }
    } finally {
      await release();
    }
    return { python };
  } catch (error) {
    return { unavailable: error.message };
  }
}

async function run(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: LONGEST_MS });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors = `${errors}${chunk}`.slice(-2_000)));
  await new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (code, signal) => {
      if (code === 0) return done();
      const last = errors.trim().split('\n').at(-1);
      return failed(new Error(`${command} ended with ${code ?? signal}: ${last}`));
    });
  });
}
