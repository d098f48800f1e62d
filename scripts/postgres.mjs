/**
 * A real PostgreSQL for tests and benchmarks: the one that `TEMPOGRAPH_TEST_POSTGRES` names, else one started here in a
 * temporary folder, from binaries that are installed or, as root on Debian or Ubuntu, from the distribution's package.
 *
 * `node scripts/postgres.mjs` prints its url and keeps it until it is interrupted.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, chownSync, constants, existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { lock } from 'proper-lockfile';

const DEBIAN_FOLDER = '/usr/lib/postgresql';
const ACCOUNTS = ['postgres', 'nobody'];
const USER = 'tempograph';
/** What is lost when the machine fails does not matter here. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  unix_socket_directories: '',
  listen_addresses: '127.0.0.1',
  max_connections: '60',
};

/**
 * @param {{ settings?: Record<string, string>, install?: boolean, own?: boolean, log?: (line: string) => void }} [options]
 *   `own`: one that may be killed, whatever the environment names
 * @returns {Promise<{ url: string, stop: () => Promise<void>, kill?: () => Promise<void>, restart?: () => Promise<void> } | { unavailable: string }>}
 *   `kill` ends it with SIGKILL, `restart` starts it on the same data and port; only of one that was started here
 */
export async function startPostgres({
  settings = {},
  install = true,
  own = false,
  log = () => {},
} = {}) {
  const given = own ? undefined : process.env.TEMPOGRAPH_TEST_POSTGRES;
  if (given) return { url: given, stop: async () => {} };
  try {
    const bin = findBinaries() ?? (install ? await installPackage(log) : undefined);
    if (!bin) return { unavailable: 'no PostgreSQL is installed, and it cannot be installed here' };
    return await run(bin, { ...SETTINGS, ...settings });
  } catch (error) {
    return { unavailable: error.message };
  }
}

/** The folder with `initdb` and `postgres`. */
function findBinaries() {
  const debian = existsSync(DEBIAN_FOLDER)
    ? readdirSync(DEBIAN_FOLDER)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => join(DEBIAN_FOLDER, version, 'bin'))
    : [];
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...debian];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => runs(join(folder, name))));
}

function runs(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function installPackage(log) {
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0)
    return undefined;
  // Two runs at once would meet at the package manager's own lock, and one would fail.
  const release = await lock(tmpdir(), {
    lockfilePath: join(tmpdir(), 'tempograph-postgres-install.lock'),
    stale: 600_000,
    retries: { retries: 600, minTimeout: 1_000, maxTimeout: 1_000 },
  });
  try {
    const found = findBinaries();
    if (found) return found;
    log('installing PostgreSQL with apt-get');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const install = () =>
      spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'postgresql'], {
        env,
        encoding: 'utf8',
      });
    let done = install();
    if (done.status !== 0) {
      // The package lists may be missing or old.
      spawnSync('apt-get', ['update'], { env });
      done = install();
    }
    if (done.status !== 0)
      throw new Error(`apt-get install postgresql failed: ${done.stderr.trim().slice(-500)}`);
    return findBinaries();
  } finally {
    await release();
  }
}

async function run(bin, settings) {
  const account = unprivileged();
  const folder = mkdtempSync(join(tmpdir(), 'tempograph-postgres-'));
  if (account.uid !== undefined) chownSync(folder, account.uid, account.gid);
  const data = join(folder, 'data');
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const args = ['-D', data, '-U', USER, '--auth=trust', '--encoding=UTF8', '--no-locale'];
    const made = spawnSync(join(bin, 'initdb'), [...args, '--no-sync'], {
      ...account,
      cwd: folder,
      encoding: 'utf8',
    });
    if (made.status !== 0)
      throw new Error(`initdb failed: ${(made.stderr || String(made.error)).trim().slice(-500)}`);
    const start = (port) => listen(join(bin, 'postgres'), data, settings, account, folder, port);
    let { child, port } = await start();
    let dismiss = guard(child.pid, folder);
    return {
      url: `postgres://${USER}@127.0.0.1:${port}/postgres`,
      pid: child.pid,
      stop: async () => {
        await ended(child);
        await remove();
        dismiss();
      },
      kill: () => ended(child, 'SIGKILL'),
      restart: async () => {
        ({ child } = await start(port));
        dismiss();
        dismiss = guard(child.pid, folder);
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/**
 * Ends the server and removes its folder should this process end without doing so, however that happens: the guard
 * sees its input end.
 */
function guard(pid, folder) {
  const watch = `
    let dismissed = false;
    process.stdin.on('data', () => { dismissed = true; });
    process.stdin.on('end', () => {
      if (dismissed) return;
      try { process.kill(${pid}, 'SIGQUIT'); } catch {}
      setTimeout(() => require('node:fs').rmSync(process.argv[1], { recursive: true, force: true }), 1000);
    });`;
  const watcher = spawn(process.execPath, ['-e', watch, folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.unref();
  return () => watcher.stdin.end('dismissed');
}

/** PostgreSQL refuses to run as root. */
function unprivileged() {
  if (process.getuid?.() !== 0) return {};
  for (const name of ACCOUNTS) {
    const id = (flag) => spawnSync('id', [flag, name], { encoding: 'utf8' });
    const [user, group] = [id('-u'), id('-g')];
    if (user.status === 0 && group.status === 0)
      return { uid: Number(user.stdout), gid: Number(group.stdout) };
  }
  throw new Error(
    `no account to run PostgreSQL as, which refuses root: tried ${ACCOUNTS.join(', ')}`,
  );
}

/**
 * Starts the server on the port, or on a free one; another may take that first, then once more. After a kill it takes a
 * moment until the last of the old server's processes is gone.
 */
async function listen(postgres, data, settings, account, cwd, wanted) {
  let output = '';
  for (let attempt = 1; attempt <= (wanted === undefined ? 3 : 50); attempt++) {
    if (attempt > 1 && wanted !== undefined) await wait(100);
    const port = wanted ?? (await freePort());
    const flags = Object.entries({ ...settings, port }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]);
    const child = spawn(postgres, ['-D', data, ...flags], {
      ...account,
      cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    output = '';
    const ready = await new Promise((settle) => {
      child.stderr.on('data', (chunk) => {
        if (output.length < 100_000) output += chunk;
        if (output.includes('ready to accept connections')) settle(true);
      });
      child.once('error', () => settle(false));
      child.once('exit', () => settle(false));
    });
    if (ready) return { child, port };
  }
  throw new Error(`PostgreSQL does not start: ${output.trim().slice(-500)}`);
}

function freePort() {
  return new Promise((settle, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => settle(port));
    });
  });
}

/** Asks it to end without waiting for its clients. */
function ended(child, signal = 'SIGINT') {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((settle) => {
    child.once('exit', settle);
    child.kill(signal);
  });
}

// No await at the top: jest makes CommonJS of this.
if (process.argv[1] && resolve(process.argv[1]).endsWith(join('scripts', 'postgres.mjs')))
  void main();

async function main() {
  const server = await startPostgres({ log: console.error });
  if (server.unavailable) {
    console.error(server.unavailable);
    process.exitCode = 1;
  } else {
    console.log(server.url);
    const keep = createServer().listen(0, '127.0.0.1');
    const stop = () => void server.stop().then(() => keep.close());
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  }
}
