/** The host's own programs: what sets a sandbox up and takes it down. */
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';

/** Nothing that we run takes a second; this is for a host that hangs. */
const TIMEOUT_MS = 60_000;

/** Runs one to its end. @returns what it wrote to standard output. @throws Error with what it wrote to standard error */
export function command(file: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
    execFile(file, args, { env, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const said = stderr.trim();
      reject(new Error(`${file}: ${said === '' ? error.message : said}`, { cause: error }));
    });
  });
}

export async function isProgram(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
