/**
 * Functions to test against that are not Node's: Python's functions framework and the runtime of AWS Lambda, in a virtual
 * environment below the user's cache folder.
 *
 * `node scripts/faas-targets.mjs` gets them and prints the path of their Python.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import envPaths from 'env-paths';
import { lock } from 'proper-lockfile';

const PACKAGES = ['functions-framework==3.10.2', 'awslambdaric==4.2.2'];
/** Modules that have to load. */
const CHECK = 'import functions_framework, awslambdaric.bootstrap, runtime_client';
const FOLDER = 'functions-framework-3.10.2-awslambdaric-4.2.2';
/** For a package index that does not answer. */
const LONGEST_MS = 300_000;

/**
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<{ python: string } | { unavailable: string }>} its Python, with the packages
 */
export async function faasTargets({ log = () => {} } = {}) {
  const cache = process.env.TEMPOGRAPH_CACHE_DIR || envPaths('tempograph', { suffix: '' }).cache;
  const root = join(cache, 'faas-targets');
  const folder = join(root, FOLDER);
  const python = join(
    folder,
    ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']),
  );
  // Written last: without it somebody was interrupted.
  const checked = join(folder, 'checked');
  if (existsSync(checked)) return { python };
  try {
    mkdirSync(root, { recursive: true });
    const release = await lock(root, {
      lockfilePath: `${folder}.lock`,
      stale: 60_000,
      retries: { retries: 600, minTimeout: 1_000, maxTimeout: 1_000 },
    });
    try {
      if (!existsSync(checked)) {
        log(`installing ${PACKAGES.join(' and ')} for tests …`);
        await rm(folder, { recursive: true, force: true });
        await run('python3', ['-m', 'venv', folder]);
        await run(python, [
          '-m',
          'pip',
          'install',
          '--quiet',
          '--retries=1',
          '--disable-pip-version-check',
          ...PACKAGES,
        ]);
        await run(python, ['-c', CHECK]);
        await writeFile(checked, `${PACKAGES.join('\n')}\n`);
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

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const got = await faasTargets({ log: console.error });
  console.log(got.python ?? `not here: ${got.unavailable}`);
  process.exit(got.python ? 0 : 1);
}
