/**
 * What the tests of isolation need of the machine: installed where it is missing, we are root and this is Debian or its
 * like. One attempt, quietly; what is missing afterwards is said in one line, and its tests are skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** A file by which each is known, its package, and which tests are skipped without it; `alone`: it may need no library. */
const PARTS = [
  { file: '/usr/bin/bwrap', install: 'bubblewrap', skipped: 'the sandbox' },
  { file: '/usr/bin/busybox', install: 'busybox-static', skipped: 'containers', alone: true },
  { file: '/usr/sbin/dockerd', install: 'docker.io', skipped: 'containers' },
  { file: '/usr/bin/python3', install: 'python3', skipped: 'the sandbox' },
  { file: '/usr/bin/javac', install: 'default-jdk-headless', skipped: 'programs in Java' },
];
const TIMEOUT_MS = 300_000;

const missing = () =>
  PARTS.filter(({ file, alone }) => !existsSync(file) || (alone === true && needsLibraries(file)));

/** `busybox` and `busybox-static` are the same file of two packages; only one of them runs in an image of its own. */
const needsLibraries = (file) => spawnSync('ldd', [file]).status === 0;

/** Never throws. @returns the packages that are still missing */
export function ensureIsolation() {
  if (process.platform !== 'linux') {
    console.warn('isolation: this is not Linux; the tests of sandbox and containers are skipped');
    return PARTS.map(({ install }) => install);
  }
  if (missing().length > 0 && process.getuid() === 0 && existsSync('/usr/bin/apt-get')) install();
  const left = missing();
  if (left.length > 0) {
    const names = left.map(({ install }) => install).join(', ');
    const skipped = [...new Set(left.map(({ skipped }) => skipped))].join(', ');
    console.warn(`isolation: ${names} missing (apt-get install); skipped: tests of ${skipped}`);
  }
  return left.map(({ install }) => install);
}

function install() {
  const packages = missing().map(({ install }) => install);
  const apt = (...args) =>
    spawnSync('/usr/bin/apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: 'ignore',
      timeout: TIMEOUT_MS,
    });
  apt('update');
  apt('install', '-y', '--no-install-recommends', ...packages);
}
