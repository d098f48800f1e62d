import { spawn } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { spawnOwned } from '../../src/servers/owned-process.js';
import { isRunning, tempFolder, until } from './fakes.js';

const shell = (body: string, options = {}) =>
  spawnOwned('/bin/sh', ['-c', body], { env: process.env, ...options });

/** A process that owns a server, and the server's id. */
async function owner(mode: 'exit' | 'wait') {
  const program = fileURLToPath(new URL('./programs/own-a-server.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, pid: Number(line.toString()) };
}

describe('spawnOwned', () => {
  it('tells how the process ended, with the end of its output', async () => {
    const server = await shell('echo out; echo err >&2; exit 7');

    expect(await server.exited).toEqual({ code: 7, signal: null });
    expect(server.tail().split('\n').sort()).toEqual(['err', 'out']);
    expect(server.gone.aborted).toBe(true);
  });

  it('appends the output to the log file, making its folder', async () => {
    const logFile = join(tempFolder(), 'logs', 'server.log');
    for (const word of ['one', 'two']) await (await shell(`echo ${word}`, { logFile })).exited;

    await until('both are written', () => readFileSync(logFile, 'utf8') === 'one\ntwo\n');
  });

  it('fails when the program does not exist', async () => {
    await expect(spawnOwned('/nowhere/temporal', [], { env: {} })).rejects.toThrow('ENOENT');
  });

  it('stops with SIGTERM a process that heeds it', async () => {
    const server = await shell(`trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done`);
    await until('it listens', () => server.tail() === 'ready');

    await server.stop(60_000);

    expect(await server.exited).toEqual({ code: 0, signal: null });
  });

  it('stops with SIGKILL a process that does not', async () => {
    const server = await shell(`trap '' TERM; echo ready; while :; do sleep 0.05; done`);
    await until('it listens', () => server.tail() === 'ready');

    await server.stop(50);

    expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('may be stopped twice, and after it has ended', async () => {
    const server = await shell('exec sleep 600');
    await Promise.all([server.stop(60_000), server.stop(60_000)]);
    await server.stop(60_000);

    expect(isRunning(server.pid)).toBe(false);
  });

  it("does not get the terminal's Ctrl-C: it leads a session of its own", async () => {
    const server = await shell('exec sleep 600');

    const [group, session] = execFileSync('ps', ['-o', 'pgid=,sess=', '-p', String(server.pid)], {
      encoding: 'utf8',
    })
      .trim()
      .split(/\s+/);
    await server.stop(0);

    expect([Number(group), Number(session)]).toEqual([server.pid, server.pid]);
  });

  it('ends with the process that owns it, when that exits', async () => {
    const { child, pid } = await owner('exit');
    if (child.exitCode === null) await once(child, 'exit');

    await until('the server has ended', () => !isRunning(pid));
  });

  it('ends with the process that owns it, when that is killed', async () => {
    const { child, pid } = await owner('wait');
    expect(isRunning(pid)).toBe(true);

    child.kill('SIGKILL');

    await until('the server has ended', () => !isRunning(pid));
  });
});
