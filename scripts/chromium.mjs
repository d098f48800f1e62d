/**
 * The browser of the page's tests: found, or installed where it is missing, we are root and this is Debian or its like.
 * One attempt, quietly; where there is none, that is said in one line, and the tests are skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const TIMEOUT_MS = 300_000;

const find = () => {
  const named = process.env.CHROMIUM_PATH;
  return (named ? [named] : PLACES).find((file) => existsSync(file));
};

/** Never throws. @returns the program, or undefined where there is none */
export function ensureChromium() {
  const found = find();
  if (found) return found;
  const debian = process.platform === 'linux' && existsSync('/usr/bin/apt-get');
  if (debian && !process.env.CHROMIUM_PATH && process.getuid?.() === 0) install();
  const got = find();
  if (!got)
    console.warn(
      'chromium: none found (apt-get install chromium, or CHROMIUM_PATH); skipped: tests of the page',
    );
  return got;
}

function install() {
  const apt = (...args) =>
    spawnSync('/usr/bin/apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: 'ignore',
      timeout: TIMEOUT_MS,
    });
  apt('update');
  apt('install', '-y', '--no-install-recommends', 'chromium');
}
