/**
 * `npm run verify`: format, lint, types, build, tests, in this order; stops at the first that fails. Last of all the
 * processor time of a task, which counts as one more test.
 *
 * A test that fails is tried once more and named where it then passes; more than {@link SECOND_TRIES} of those in a run
 * are a failure (docs/decisions/0033-second-try.md).
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './install.mjs';

const bin = (name, ...path) => join(root, 'node_modules', name, ...path);
const report = join(root, '.cache', 'jest.json');
const secondTries = join(root, '.cache', 'second-try.json');
const SECOND_TRIES = 3;

const STEPS = [
  ['format', bin('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level', 'warn', '.'],
  ['lint', bin('eslint', 'bin', 'eslint.js'), '.', '--max-warnings', '0'],
  ['types', bin('typescript', 'bin', 'tsc'), '--noEmit', '-p', 'tsconfig.json'],
  ['types of the page', bin('typescript', 'bin', 'tsc'), '--noEmit', '-p', 'web/tsconfig.json'],
  ['API reference', bin('typedoc', 'bin', 'typedoc')],
  ['build', join(root, 'scripts', 'build.mjs')],
  ['tests', bin('jest', 'bin', 'jest.js'), '--json', '--outputFile', report],
  ['gate', '--import', 'tsx', join(root, 'bench', 'gate.ts')],
];

export async function verify() {
  mkdirSync(join(root, '.cache'), { recursive: true });
  for (const file of [report, secondTries]) rmSync(file, { force: true });
  let tested = 0;
  for (const [name, ...command] of STEPS) {
    const started = Date.now();
    console.log(`\n── ${name}`);
    const { status } = spawnSync(process.execPath, command, {
      cwd: root,
      env: { ...process.env, ...(name === 'tests' ? { TEMPOGRAPH_TEST_RETRIES: '1' } : {}) },
      stdio: ['ignore', name === 'tests' ? 'ignore' : 'inherit', 'inherit'],
    });
    console.log(
      `── ${name} ${status === 0 ? 'passed' : 'FAILED'} in ${((Date.now() - started) / 1_000).toFixed(1)} s`,
    );
    if (name === 'tests') tested = status ?? 1;
    else if (name === 'gate') return totals(tested, status ?? 1);
    else if (status !== 0) return failed(name);
  }
  return 0;
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
