import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const PROGRAM = join(__dirname, 'support', 'programs', 'heap.ts');
const NOBODY = '127.0.0.1:1';

/** The most MB of the heap of a process that keeps and forgets the same, started with these flags. */
async function mostOf(...flags: string[]): Promise<number> {
  const args = [...flags, '--import', 'tsx', PROGRAM, NOBODY];
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
});
