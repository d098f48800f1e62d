/**
 * `npm run picture`: docs/page.png, the page in Chromium with the example `repository-report` after a real run over this
 * repository. `dev` serves it, on free ports and with nothing kept.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { fetch } from 'undici';
import { build } from './build.mjs';
import { ensureChromium } from './chromium.mjs';
import { root } from './install.mjs';

const PICTURE = join(root, 'docs', 'page.png');
const EXAMPLE = join(root, 'examples', 'repository-report');
const LOOK = { viewport: { width: 1_200, height: 640 }, colorScheme: 'light' };
const MOST_BYTES = 150_000;

const folder = mkdtempSync(join(tmpdir(), 'tempograph-picture-'));
const program = ensureChromium();
if (!program) process.exit(1);
await build();
const dev = spawn(
  process.execPath,
  [
    ...[
      join(root, 'lib', 'cli', 'main.js'),
      'dev',
      '--json',
      '--ephemeral',
      '--log-level',
      'error',
    ],
    ...['--port', '0', '--ui-port', '0', '--http-port', '0'],
    ...['--tasks', join(EXAMPLE, 'tasks.ts')],
  ],
  { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
);
try {
  const http = await readyUrl();
  const id = await submitted(http);
  const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ ...LOOK, reducedMotion: 'reduce' });
    await page.goto(`${http}/#/executions/${id}`);
    const last = page.locator('[data-node="report"][data-status="COMPLETED"]');
    await last.waitFor({ timeout: 120_000 });
    await page.locator('.live').waitFor({ state: 'detached' }); // the head too has its end
    await page.screenshot({ path: PICTURE });
  } finally {
    await browser.close();
  }
  const { size } = statSync(PICTURE);
  console.log(`${PICTURE}: ${Math.round(size / 1_000)} kB`);
  if (size > MOST_BYTES) throw new Error(`it may have ${MOST_BYTES} bytes; make it smaller`);
} finally {
  dev.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}

/** @returns where it serves the page */
async function readyUrl() {
  let text = '';
  for await (const chunk of dev.stdout) {
    text += chunk;
    const ready = text.split('\n').find((line) => line.includes('"ready"') && line.endsWith('}'));
    if (ready) return JSON.parse(ready).http;
  }
  throw new Error('dev ended before it was ready');
}

async function submitted(http) {
  const answer = await fetch(`${http}/api/v1/executions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      yaml: await readFile(join(EXAMPLE, 'pipeline.yaml'), 'utf8'),
      params: { directory: root, output: join(folder, 'report') },
    }),
  });
  const { executionId, detail } = await answer.json();
  if (!answer.ok) throw new Error(detail);
  return executionId;
}
