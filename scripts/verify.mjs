/**
 * `npm run verify`: format, lint, types and API reference side by side, then build and tests; stops where something
 * fails. Last of all the processor time of a task, which counts as one more test.
 *
 * A test that fails is tried once more and named where it then passes; more than {@link SECOND_TRIES} of those in a run
 * are a failure (docs/decisions/0033-second-try.md).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './install.mjs';

const bin = (name, ...path) => join(root, 'node_modules', name, ...path);
const report = join(root, '.cache', 'jest.json');
const secondTries = join(root, '.cache', 'second-try.json');
const SECOND_TRIES = 3;

/** None needs another; the longest first. */
const CHECKS = [
  ['lint', bin('eslint', 'bin', 'eslint.js'), '.', '--max-warnings', '0'],
  ['types', bin('typescript', 'bin', 'tsc'), '--noEmit', '-p', 'tsconfig.json'],
  ['format', bin('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level', 'warn', '.'],
  ['types of the page', bin('typescript', 'bin', 'tsc'), '--noEmit', '-p', 'web/tsconfig.json'],
  ['API reference', bin('typedoc', 'bin', 'typedoc')],
];
const BUILD = ['build', join(root, 'scripts', 'build.mjs')];
/** Every file of tests loads 2,000 modules anew: with room for young objects it takes a tenth less of the processor. */
const ROOM = '--max-semi-space-size=64';
const TESTS = ['tests', ROOM, bin('jest', 'bin', 'jest.js'), '--json', '--outputFile', report];
const GATE = ['gate', '--import', 'tsx', join(root, 'bench', 'gate.ts')];

export async function verify() {
  mkdirSync(join(root, '.cache'), { recursive: true });
  for (const file of [report, secondTries]) rmSync(file, { force: true });
  const waiting = [...CHECKS];
  const checked = [];
  const check = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      checked.push([next[0], await shown(next)]);
  };
  await Promise.all([check(), check()]);
  const [wrong] = checked.find(([, status]) => status !== 0) ?? [];
  if (wrong !== undefined) return failed(wrong);
  if ((await shown(BUILD)) !== 0) return failed(BUILD[0]);
  const tested = await shown(TESTS, {
    env: { ...process.env, TEMPOGRAPH_TEST_RETRIES: '1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return totals(tested, await shown(GATE));
}

/** Runs a step, with what it prints below its name. @returns its exit code */
async function shown([name, ...command], options = {}) {
  const started = Date.now();
  const child = spawn(process.execPath, command, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  const printed = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text) => printed.push(text));
  if (options.stdio) console.log(`\n── ${name}`);
  const [code] = await once(child, 'close');
  if (!options.stdio) console.log(`\n── ${name}\n${printed.join('')}`.trimEnd());
  const seconds = ((Date.now() - started) / 1_000).toFixed(1);
  console.log(`── ${name} ${code === 0 ? 'passed' : 'FAILED'} in ${seconds} s`);
  return code ?? 1;
}

function failed(name) {
  console.log(`\n${name} failed; the tests did not run`);
  console.log('0 passed, 1 failed, 0 skipped');
  return 1;
}

/** jest's own totals and the gate as the last line, in one form for every reader. */
function totals(status, gate) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    const again = JSON.parse(readFileSync(secondTries, 'utf8'));
    for (const name of again) console.log(`passed only at the second try: ${name}`);
    const ofTests = Math.max(numFailedTests, numFailedTestSuites > 0 ? 1 : 0, status === 0 ? 0 : 1);
    const failedCount =
      ofTests + (gate === 0 ? 0 : 1) + (again.length > SECOND_TRIES ? again.length : 0);
    console.log(
      `${numPassedTests + (gate === 0 ? 1 : 0)} passed, ${failedCount} failed, ${numPendingTests} skipped`,
    );
    return failedCount === 0 ? 0 : 1;
  } catch (error) {
    console.log(`no report of the tests: ${error.message}`);
    console.log('0 passed, 1 failed, 0 skipped');
    return 1;
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.exit(await verify());
