/** The built command line in a terminal of its own: what it writes is shown by a terminal that has no window. */
import { join } from 'node:path';
import { spawn, type IPty } from '@lydell/node-pty';
import { Terminal } from '@xterm/headless';
import { inherited, until } from './cli.js';

/** What no picture has in it, and what moves the cursor within its line only. */
const ECHO = '\t';
const main = join(__dirname, '..', '..', 'lib', 'cli', 'main.js');

export interface CliTerminal {
  /** All that was written, escape sequences included. */
  readonly raw: string;
  /** Lines as they stand, also those that were scrolled away; none that is empty at the end. */
  screen(): Promise<string[]>;
  /** Waits until the lines fit. */
  saw(pattern: RegExp): Promise<void>;
  /** Types; Ctrl-C is `\x03`. */
  type(text: string): void;
  /**
   * Gives it another size, the program being stopped meanwhile and all that it has written shown before: what is still on
   * its way to a terminal when that breaks its lines lands in wrong rows, whatever a program does.
   */
  resize(columns: number, rows: number): Promise<void>;
  /** Resolves with the exit code. */
  ended: Promise<number>;
}

export interface TerminalOptions {
  env?: Record<string, string>;
  columns?: number;
  rows?: number;
}

export const startInTerminal = (args: readonly string[], options?: TerminalOptions): CliTerminal =>
  startProgramInTerminal([main, ...args], options);

/** The same of a program of ours: its file and what it is given. */
export function startProgramInTerminal(
  args: readonly string[],
  { env = {}, columns = 100, rows = 30 }: TerminalOptions = {},
): CliTerminal {
  const terminal = new Terminal({ cols: columns, rows, scrollback: 1_000, allowProposedApi: true });
  const child: IPty = spawn(process.execPath, [...args], {
    ...{ cols: columns, rows, cwd: join(__dirname, '..', '..') },
    name: env['TERM'] ?? 'xterm-256color', // which is TERM
    env: { ...inherited(), ...env },
  });
  let raw = '';
  child.onData((text) => {
    raw += text;
    terminal.write(text);
  });
  const ended = new Promise<number>((resolve) => {
    child.onExit(({ exitCode }) => resolve(exitCode));
  });
  const screen = async (): Promise<string[]> => {
    await new Promise<void>((resolve) => terminal.write('', resolve)); // all before is shown
    const { active } = terminal.buffer;
    const lines = Array.from({ length: active.length }, (_, row) =>
      (active.getLine(row)?.translateToString(true) ?? '').trimEnd(),
    );
    while (lines.at(-1) === '') lines.pop();
    return lines;
  };
  return {
    get raw() {
      return raw;
    },
    ...{ screen, ended },
    saw: (pattern) =>
      until(`${pattern} in the terminal of ${args.join(' ')}`, async () =>
        pattern.test((await screen()).join('\n')),
      ),
    type: (text) => child.write(text),
    resize: async (wide, high) => {
      process.kill(child.pid, 'SIGSTOP');
      // The terminal's driver echoes it behind what the program wrote; the next picture is painted over it.
      const echoes = raw.split(ECHO).length;
      child.write(ECHO);
      await until('all that was written', () => raw.split(ECHO).length > echoes);
      await screen();
      terminal.resize(wide, high);
      child.resize(wide, high);
      process.kill(child.pid, 'SIGCONT');
    },
  };
}
