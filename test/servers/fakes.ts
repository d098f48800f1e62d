/** Stand-ins for servers and what makes them: shell scripts in folders that go with the test. */
import { afterAll } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const folders: string[] = [];

/** A new folder, removed after the test file. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tempograph-servers-'));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Writes an executable shell script, which has the usual tools whatever PATH it is given. */
export function script(path: string, body: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\nPATH=/usr/bin:/bin\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A program that says it is a Temporal CLI. */
export function fakeCli(path: string, version = '9.9.9 (Server 9.9.9, UI 9.9.9)'): string {
  return script(path, `echo "temporal version ${version}"`);
}

/** Waits until `condition` holds; fails after 30 s. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 90_000;
  while (!condition()) {
    if (Date.now() > giveUpAt) throw new Error(`not seen within 90 s: ${what}`);
    await delay(20);
  }
}

/** Whether a process runs; one that has ended and was not yet waited for does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return process.platform !== 'linux';
  }
}
