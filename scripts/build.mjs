/**
 * Builds `lib/`: the compiled sources, the workflow bundle and the page. Does nothing when `lib/` is newer than every
 * source.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'lib', '.built');

function newest(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (time, entry) =>
        Math.max(time, statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs),
      0,
    );
}

function isFresh() {
  if (!existsSync(stamp)) return false;
  const inputs = [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts/build.mjs',
  ];
  const changed = Math.max(
    newest(join(root, 'src')),
    newest(join(root, 'web')),
    ...inputs.map((file) => statSync(join(root, file)).mtimeMs),
  );
  return statSync(stamp).mtimeMs > changed;
}

export async function build({ force = false } = {}) {
  if (!force && isFresh()) return false;
  rmSync(join(root, 'lib'), { recursive: true, force: true });
  execFileSync(
    process.execPath,
    [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'],
    {
      cwd: root,
      stdio: 'inherit',
    },
  );
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const { PRELOADED } = await import(pathToFileURL(join(root, 'lib', 'workflow-modules.js')).href);
  const quiet = () => undefined;
  const logger = {
    log: quiet,
    trace: quiet,
    debug: quiet,
    info: quiet,
    warn: console.warn,
    error: console.error,
  };
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(root, 'lib', 'workflows', 'index.js'),
    workflowInterceptorModules: [join(root, 'lib', 'workflows', 'interceptors.js')],
    preloadModules: PRELOADED.map((name) => join(root, 'lib', 'workflows', `${name}.js`)),
    logger,
  });
  writeFileSync(join(root, 'lib', 'workflow-bundle.js'), inAscii(code));
  await buildPage();
  await writeManual();
  const bin = join(root, 'lib', 'cli', 'main.js');
  if (existsSync(bin)) chmodSync(bin, 0o755);
  writeFileSync(stamp, '');
  return true;
}

/** The same code: a source with one character beyond Latin-1 is kept as two bytes for each, 6 MB more in every worker. */
function inAscii(code) {
  // eslint-disable-next-line no-control-regex -- all that is not ASCII
  const beyond = /(\\?)([^\x00-\x7f])/g;
  return code.replace(beyond, (found, escaped, unit) => {
    if (escaped)
      throw new Error(
        `${JSON.stringify(found)} in the workflows' code: write it without the backslash`,
      );
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Into `lib/man/`. */
async function writeManual() {
  const load = (name) => import(pathToFileURL(join(root, 'lib', name)).href);
  const [{ ownTable }, { manPage }, { packageVersion }] = await Promise.all([
    load('cli/command-table.js'),
    load('cli/man-page.js'),
    load('config.js'),
  ]);
  mkdirSync(join(root, 'lib', 'man'), { recursive: true });
  const page = manPage(await ownTable(), packageVersion());
  writeFileSync(join(root, 'lib', 'man', 'tempograph.1'), page);
}

/** Into `lib/page/`. */
async function buildPage() {
  const vite = await import('vite');
  await vite.build({ configFile: join(root, 'web', 'vite.config.ts') });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const built = await build({ force: process.argv.includes('--force') });
  console.error(built ? 'built lib/' : 'lib/ is up to date');
}
