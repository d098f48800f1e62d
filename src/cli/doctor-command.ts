/** `tempograph doctor`: what is there and what is missing, and what to do about it. */
import { table } from './columns.js';
import type { CommandDefinition } from './command.js';
import type { Check, CheckStatus } from './doctor-check.js';
import { runChecks } from './doctor-checks.js';
import { EXIT, type ExitCode } from './exit.js';
import type { Output, Style } from './output.js';

export const doctor: CommandDefinition = {
  name: 'doctor',
  summary: 'Check what tempograph needs, and say what to do',
  description:
    'Looks at this machine, at Temporal and the store, and at what the workers tell; with --server at that server, at what the key may do, and at its workers.\n' +
    'Exit code: 0 all is well, 3 Temporal or the server is not reached, 1 something else is broken.',
  examples: [
    ['tempograph doctor', ''],
    [
      'tempograph doctor --server https://tempograph.example.com',
      'whether it answers, and what the key may do',
    ],
    ['tempograph doctor --json', 'for a script'],
  ],
  run: async (out, options) => {
    const checks = await runChecks(options);
    out.document({ ok: checks.every(({ status }) => status !== 'fail'), checks });
    print(out, checks);
    return exitOf(checks);
  },
};

function exitOf(checks: readonly Check[]): ExitCode {
  const failed = checks.filter(({ status }) => status === 'fail');
  if (failed.some(({ name }) => name === 'temporal' || name === 'server')) return EXIT.unreachable;
  return failed.length > 0 ? EXIT.failed : EXIT.done;
}

const LOOK: Record<
  CheckStatus,
  { sign: string; colour: keyof Style & ('green' | 'yellow' | 'red') }
> = {
  ok: { sign: '✔', colour: 'green' },
  warn: { sign: '!', colour: 'yellow' },
  fail: { sign: '✘', colour: 'red' },
};

function print(out: Output, checks: readonly Check[]): void {
  const { style } = out;
  const rows = checks.map(({ name, status, message }) => {
    const { sign, colour } = LOOK[status];
    return [{ text: `${sign} ${name}`, paint: style[colour] }, { text: message }];
  });
  table(rows).forEach((line, index) => {
    out.print(line);
    const fix = checks[index]?.fix;
    if (fix !== undefined) out.print(`    ${style.dim(`→ ${fix}`)}`);
  });
}
