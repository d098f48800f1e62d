/** Starts `programs/supervisor.ts`, a worker of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
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
  { env = {}, uid, fd }: { env?: Record<string, string>; uid?: number; fd?: number } = {},
): Supervisor {
  const program = join(__dirname, '..', 'programs', 'supervisor.ts');
  const stdio: ('ignore' | 'pipe')[] = ['ignore', 'pipe', 'pipe'];
  // One more that it was started with, as some shells and init systems leave them open.
  if (fd !== undefined) stdio[fd] = 'pipe';
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: Array.from(stdio, (entry) => entry ?? 'ignore'),
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => void (stderr += chunk));
  const lines: AsyncIterator<string> = createInterface({ input: child.stdout as Readable })[
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
