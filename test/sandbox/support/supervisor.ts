/** Starts `programs/supervisor.ts`, a worker of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { SandboxEnd } from '../../../src/sandbox/sandbox-spec.js';
import type { SandboxReport } from '../../../src/sandbox/sandbox-report.js';

export interface Said {
  up?: true;
  end?: SandboxEnd;
  said?: string;
  error?: string;
  report?: SandboxReport;
}

export interface Supervisor {
  child: ChildProcess;
  /** Its next line. @throws Error when it has ended without one */
  next(): Promise<Said>;
}

export function startSupervisor(
  args: readonly string[],
  { env = {}, uid }: { env?: Record<string, string>; uid?: number } = {},
): Supervisor {
  const program = join(__dirname, '..', 'programs', 'supervisor.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => void (stderr += chunk));
  const lines: AsyncIterator<string> = createInterface({ input: child.stdout })[
    Symbol.asyncIterator
  ]();
  return {
    child,
    next: async () => {
      const line: IteratorResult<string, unknown> = await lines.next();
      if (line.done === true) throw new Error(`the supervisor said nothing more: ${stderr}`);
      return JSON.parse(line.value) as Said;
    },
  };
}
