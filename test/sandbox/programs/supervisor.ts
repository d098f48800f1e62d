/**
 * A worker of its own with one sandbox, for tests that kill it or run it as another user.
 *
 * Arguments: its folder, the level, and the program's arguments, or `wait` for a sandbox that waits. Prints one line of JSON when the program has said something, and one
 * when it has ended.
 */
import { writeSync } from 'node:fs';
import { limitsOf, type SecurityLevel } from '../../../src/domain/program.js';
import { WAITS_FOR_ANY } from '../../../src/sandbox/gate.js';
import { Sandboxes } from '../../../src/sandbox/sandbox.js';

const [root = '', level = 'LOW', ...argv] = process.argv.slice(2);
const say = (value: object): void => void writeSync(1, `${JSON.stringify(value)}\n`);

const sandboxes = await Sandboxes.open({ root });
const { report } = sandboxes;
if (argv[0] === 'wait') {
  // One that waits, with a mark in its command line; until we are killed.
  const mark = `waits-${process.pid}`;
  const limits = limitsOf({ cpu: 2 });
  const waits = [...WAITS_FOR_ANY, mark];
  await sandboxes.warm({ argv: waits, limits, level: level as SecurityLevel });
  say({ said: mark });
  await new Promise(() => undefined);
}
let said = '';
try {
  const end = await sandboxes.run(
    {
      ...{ argv, env: {}, files: {}, input: '{}', gate: 'shell', level: level as SecurityLevel },
      ...{ network: [], cpuSeconds: 2, maxOutputBytes: 1_000, maxArtifactBytes: 1_000 },
      limits: limitsOf({ cpu: 2, processes: 20, disk: 2 ** 23 }),
    },
    {
      signal: new AbortController().signal,
      graceMs: 0,
      onOutput: (_stream, text) => {
        said += text;
        if (said.includes('up')) say({ up: true });
      },
    },
  );
  say({ end, said, report });
} catch (error) {
  say({ error: (error as Error).message, report });
} finally {
  await sandboxes.close();
}
