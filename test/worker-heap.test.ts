import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const PROGRAM = join(__dirname, 'support', 'programs', 'heap.ts');
const NOBODY = '127.0.0.1:1';

/** The most MB of the heap of a process that keeps and forgets the same, started with these flags. */
async function mostOf(...flags: string[]): Promise<number> {
  // As on a machine of this size, wherever it runs.
  const args = ['--max-old-space-size=4096', ...flags, '--import', 'tsx', PROGRAM, NOBODY];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}

describe('the heap of a process with a worker', () => {
  it('holds less garbage than Node lets it, unless the process was started with a growth of its own', async () => {
    const tight = await mostOf();
    const own = await mostOf('--heap-growing-percent=0'); // V8's own, as without the flag
    expect(tight).toBeGreaterThan(80);
    expect(own).toBeGreaterThan(1.3 * tight);
  });

  it('is left to Node where it is so small that Node keeps it close', async () => {
    const small = await mostOf('--max-old-space-size=600');
    const own = await mostOf('--max-old-space-size=600', '--heap-growing-percent=0');
    expect(small).toBeLessThan(1.2 * own);
  });
});
