/** Names, at the end of a run and in a file, each test that passed only when it was tried again. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';

export default class SecondTryReporter {
  constructor({ rootDir }, { outputFile }) {
    this.rootDir = rootDir;
    this.outputFile = outputFile;
    this.found = [];
  }

  onTestResult({ path }, { testResults }) {
    for (const { status, invocations, fullName } of testResults)
      if (status === 'passed' && invocations > 1)
        this.found.push(`${relative(this.rootDir, path)} › ${fullName}`);
  }

  onRunComplete() {
    if (!process.env.TEMPOGRAPH_TEST_RETRIES) return;
    mkdirSync(dirname(this.outputFile), { recursive: true });
    writeFileSync(this.outputFile, `${JSON.stringify(this.found, null, 2)}\n`);
    for (const name of this.found) console.error(`passed only at the second try: ${name}`);
  }
}
