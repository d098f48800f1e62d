/** Running a program to its end with a time limit: its output as lines on the way, its last lines in the error. */
import type { Environment } from './environment.js';
import { spawnOwned } from './owned-process.js';

export interface CommandOptions {
  /** The whole environment: nothing is added from this process. */
  env: Environment;
  /** The program and what it started are killed after this long, in milliseconds. */
  timeoutMs: number;
  /** Default: this process's folder. */
  cwd?: string;
  /** Called with each whole line of output, standard error included. */
  onLine?: (line: string) => void;
}

/**
 * Runs a program and gives the end of its output.
 *
 * @throws Error when it cannot be started, fails or takes too long; the message ends with the end of its output
 */
export async function runCommand(
  file: string,
  args: readonly string[],
  { env, timeoutMs, cwd, onLine }: CommandOptions,
): Promise<string> {
  const child = await spawnOwned(file, args, { env, cwd, onOutput: onLine && lines(onLine) });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void child.stop(0);
  }, timeoutMs);
  const { code, signal } = await child.exited;
  clearTimeout(timer);
  if (code === 0) return child.tail();
  const why = late
    ? `took longer than ${timeoutMs / 1000} s`
    : `ended with ${signal ?? `code ${code}`}`;
  throw new Error(`\`${[file, ...args].join(' ')}\` ${why}\n${lastLines(child.tail())}`.trimEnd());
}

/** Lines of output in an error. */
const KEPT_LINES = 25;

function lastLines(text: string): string {
  return text.split('\n').slice(-KEPT_LINES).join('\n');
}

function lines(onLine: (line: string) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    parts.forEach(onLine);
  };
}
