/** `npm run quickstart`: installs, gets a Temporal server, runs the example to its end and says where to look. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { install, root } from './install.mjs';

install();
const { build } = await import('./build.mjs');
if (await build()) console.error('built lib/');

const cli = join(root, 'lib', 'cli', 'main.js');
const example = join(root, 'examples', 'repository-report');
const tasks = join(example, 'tasks.ts');

/** A dev server and a worker with the example's tasks, on free ports so that nothing of the user's is in the way. */
function startDev() {
  const child = spawn(
    process.execPath,
    [
      cli,
      'dev',
      '--json',
      '--port',
      '0',
      '--ui-port',
      '0',
      '--http-port',
      '0',
      '--log-level',
      'warn',
    ],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ready = new Promise((done, failed) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const line = text.split('\n').find((one) => one.includes('"ready"'));
      if (line) done(JSON.parse(line));
    });
    child.on('exit', (code) => failed(new Error(`the dev server ended with code ${code}`)));
  });
  return { child, ready };
}

const { child, ready } = startDev();
let code = 1;
try {
  const { temporal } = await ready;
  const output = resolve('repository-report');
  const id = `repository-report-${new Date().toISOString().slice(0, 19).replace(/\D/g, '')}`;
  const run = spawn(
    process.execPath,
    [
      cli,
      'run',
      join(example, 'pipeline.yaml'),
      '--tasks',
      tasks,
      '--address',
      temporal,
      '--task-queue',
      'quickstart',
      '--id',
      id,
      '--param',
      `output=${output}`,
      '--log-level',
      'error',
      ...process.argv.slice(2),
    ],
    { stdio: 'inherit', cwd: process.cwd() },
  );
  code = await new Promise((done) => run.on('exit', (status) => done(status ?? 1)));
  const html = join(output, 'report.html');
  if (code === 0 && existsSync(html)) console.log(`\nThe report: ${html}`);
  console.log(`The execution: ${id}`);
  console.log(
    `Its history in the Web UI: npx tempograph dev, then http://127.0.0.1:8233/namespaces/default/workflows/${id}`,
  );
} catch (error) {
  console.error(error.message);
} finally {
  child.kill('SIGTERM');
  if (child.exitCode === null) await new Promise((done) => child.on('exit', done));
}
process.exit(code);
