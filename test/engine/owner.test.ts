import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { deadlineOf, imageOf, labelsOf, nameFor, ownerOf, runOf } from '../../src/engine/labels.js';
import { isOwner, newOwner, ownerState } from '../../src/engine/owner.js';
import { isOrphan } from '../../src/engine/sweep.js';
import { until } from '../support/until.js';

const own = newOwner();
const change = (part: number, value: string): string => own.split('.').with(part, value).join('.');
const ELSEWHERE = change(0, '0'.repeat(12));

/** A process that has ended and was reaped. */
async function endedPid(): Promise<number> {
  const child = spawn('true');
  await new Promise((resolve) => child.once('exit', resolve));
  return child.pid ?? 0;
}

describe('ownerState', () => {
  it('tells the living from the dead, on this host', async () => {
    expect(isOwner(own)).toBe(true);
    expect(ownerState(own)).toBe('alive');
    expect(ownerState(newOwner())).toBe('alive');
    expect(ownerState(change(1, String(await endedPid())))).toBe('dead');
    expect(ownerState(ELSEWHERE)).toBe('elsewhere');
  });

  it('is not deceived by a process that got the number of another', () => {
    expect(ownerState(change(2, '1'))).toBe('dead');
  });

  it('takes a process that only waits to be reaped for dead', async () => {
    // A shell starts a child and becomes a program that never looks after it; only then may the child end.
    const script = 'cat <&3 >/dev/null & echo $!; exec 3<&-; exec sleep 1000';
    const shell = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] });
    const pid = await new Promise<string>((resolve) =>
      shell.stdout?.once('data', (text: Buffer) => resolve(text.toString().trim())),
    );
    await until(() => readFileSync(`/proc/${shell.pid}/comm`, 'utf8') === 'sleep\n', 'the program');
    (shell.stdio[3] as Writable).end();
    await until(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '), 'the end');
    const began = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[21] ?? '';
    expect(ownerState(own.split('.').with(1, pid).with(2, began).join('.'))).toBe('dead');
    shell.kill('SIGKILL');
  });
});

describe('a container’s name and labels', () => {
  const identity = {
    workflowId: 'w',
    executionId: 'w/n',
    attempt: 2,
    idempotencyKey: 'key = ž',
    deadline: Date.parse('2026-01-01T00:00:00Z'),
    run: 'digest',
  };

  it('give back what they were made of', () => {
    const labels = labelsOf(identity, 'busy@sha256:1');
    expect([runOf(labels), deadlineOf(labels), imageOf(labels)]).toEqual([
      'digest',
      identity.deadline,
      'busy@sha256:1',
    ]);
    const name = nameFor(identity.idempotencyKey, own);
    expect(name).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/); // what engines take
    expect([ownerOf(name), ownerOf(`/${name}`)]).toEqual([own, own]);
    expect(nameFor(identity.idempotencyKey, own)).not.toBe(name);
  });

  it.each(['', '/other', '/tempograph-x', `/tempograph-${'0'.repeat(12)}-${'0'.repeat(8)}-nobody`])(
    'say nothing where they are not ours: %s',
    (name) => {
      expect(ownerOf(name)).toBeUndefined();
    },
  );
});

describe('isOrphan', () => {
  const HOUR = 3_600_000;
  it.each<[string, string, string, number, boolean]>([
    ['alive', own, 'running', 10 * HOUR, false],
    ['dead, before its deadline', change(2, '1'), 'running', -1, false],
    ['dead, ended, before its deadline', change(2, '1'), 'exited', -1, false],
    ['dead, after its deadline', change(2, '1'), 'running', 1, true],
    ['dead, never started', change(2, '1'), 'created', 61_000, true],
    ['dead, perhaps just starting', change(2, '1'), 'created', 59_000, false],
    ['elsewhere, just after its deadline', ELSEWHERE, 'running', 1, false],
    ['elsewhere, long after', ELSEWHERE, 'running', HOUR + 1, true],
    ['unknown, long after', 'somebody', 'running', HOUR + 1, true],
  ])('knows one whose owner is %s', (_name, owner, State, afterMs, expected) => {
    const Labels = { 'tempograph.deadline': new Date(1_000).toISOString() };
    const Names = [`/tempograph-${'0'.repeat(12)}-${'0'.repeat(8)}-${owner}`];
    expect(isOrphan({ Names, Labels, State, Created: 1 }, 1_000 + afterMs)).toBe(expected);
  });
});
