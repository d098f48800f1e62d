/**
 * What is said between a sandbox and its supervisor at descriptor 3, before its program begins. Pure.
 *
 * A cold one says `b`: its runtime is up. It waits for a byte, and the program begins. One that is kept warm says `w`
 * first, and waits to be told what to run, in which environment; from then on it is as a cold one. The environment goes
 * this way and by no file: secrets are in it.
 */

/** For `sh -c`, with the program's arguments behind it: says that the program begins, waits, and becomes it. */
const GATE = 'echo b >&3; read -r _ <&3; exec 3>&- "$@"';

/** For `sh -c`: waits for a script, such as {@link tellShell} gives, and becomes it. */
const WAIT = 'echo w >&3; exec /bin/sh -s <&3';

/** What every program finds; what is bound to `/runtime` comes first in PATH. */
export const BASE_ENV: Readonly<Record<string, string>> = {
  PATH: '/runtime:/usr/bin:/usr/sbin',
  HOME: '/tmp',
  LANG: 'C.UTF-8',
};

/** A program that does not know of the gate, behind a shell that does. */
export function behindGate(argv: readonly string[]): string[] {
  return ['/bin/sh', '-c', GATE, 'sh', ...argv];
}

/** The command of a sandbox that waits for any program: it has no runtime. */
export const WAITS_FOR_ANY: readonly string[] = ['/bin/sh', '-c', WAIT];

/** What is told to a sandbox that waits, of the environment that its program is to have. */
export type Tell = (env: Readonly<Record<string, string>>) => string;

/** For a shell that reads its script at the gate: becomes `argv`, which goes on at the gate itself. */
export function tellShell(argv: readonly string[]): Tell {
  return (env) => {
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const words = ['/usr/bin/env', '-i', ...variables, ...argv].map(quoted);
    return `exec ${words.join(' ')} </dev/null\n`;
  };
}

/** For a runtime that is up: one line of JSON. */
export function tellRuntime(argv: readonly string[]): Tell {
  return (env) => {
    const entries = Object.entries(env).map(([name, value]) => [name, wellFormed(value)]);
    return `${JSON.stringify({ argv: argv.map(wellFormed), env: Object.fromEntries(entries) as object })}\n`;
  };
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
/** Half a surrogate pair becomes U+FFFD, as on a command line. */
const wellFormed = (text: string): string => Buffer.from(text).toString();
