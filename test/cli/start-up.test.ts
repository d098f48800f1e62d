/** What a command loads before it does anything: half a second of packages that it does not use is felt at every prompt. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { buildCli } from '../support/cli.js';

const PROGRAM = pathToFileURL(join(__dirname, '..', '..', 'lib', 'cli', 'program.js')).href;

/** The packages that are loaded once a command has ended. */
async function loadedBy(args: readonly string[]): Promise<string> {
  const script = `
    import { Module } from 'node:module';
    const { runCli } = await import(${JSON.stringify(PROGRAM)});
    await runCli(${JSON.stringify(args)});
    console.log(Object.keys(Module._cache).join('\\n'));
    process.exit(0);`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', script],
    { maxBuffer: 10_000_000 },
  );
  return stdout;
}

describe('a command that needs neither worker nor Temporal', () => {
  beforeAll(buildCli);

  it.each([['--version'], ['retry-preview --strategy NONE'], ['schema']])(
    '%s loads neither',
    async (line) => {
      const loaded = await loadedBy(line.split(' '));
      expect(loaded).toMatch(/node_modules\/commander\//);
      expect(loaded).not.toMatch(/node_modules\/(@temporalio\/(worker|client)|rxjs|fastify)\//);
    },
  );
});
