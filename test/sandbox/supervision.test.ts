import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Launched } from '../../src/sandbox/launch.js';
import { Supervision } from '../../src/sandbox/supervision.js';

/** A sandbox whose pipes are ours, and whose first process is this one. */
function launched(): { fake: Launched; child: EventEmitter } {
  const child = Object.assign(new EventEmitter(), {
    ...{ exitCode: null, signalCode: null, pid: process.pid },
    kill: () => true,
  });
  const pipes = { stdout: new PassThrough(), stderr: new PassThrough(), status: new PassThrough() };
  const fake = { child, gate: new PassThrough(), ...pipes } as unknown as Launched;
  return { fake, child };
}

const settled = async (promise: Promise<unknown>): Promise<boolean> =>
  await Promise.race([
    promise.then(() => true),
    new Promise<boolean>((done) => setImmediate(done, false)),
  ]);

describe('a sandbox that waits', () => {
  it('is not said to wait before its first process is known, though its runtime is up: it could not be told from a dead one', async () => {
    const { fake, child } = launched();
    const supervision = new Supervision(fake, {
      ...{ signal: new AbortController().signal, waits: true, logBytes: 1_024, graceMs: 0 },
      ...{ disk: { means: 'image' } as never, cgroup: undefined },
      onBegin: () => Promise.resolve(),
    });
    fake.gate.write('w');
    expect(await settled(supervision.waiting)).toBe(false);
    expect(supervision.isAlive).toBe(false);
    (fake.status as PassThrough).write(`{ "child-pid": ${process.pid} }\n`);
    await supervision.waiting;
    expect(supervision.isAlive).toBe(true);
    child.emit('exit', 0, null);
  });
});

describe('the end of a sandbox', () => {
  it('counts no fork that was refused to end what it left behind', async () => {
    const { fake, child } = launched();
    let forkRefusals = 2;
    const cgroup = {
      usage: () => Promise.resolve({ forkRefusals }),
      kill: () => Promise.resolve(void (forkRefusals = 40)),
    };
    const supervision = new Supervision(fake, {
      ...{ signal: new AbortController().signal, logBytes: 1_024, graceMs: 0 },
      ...{ disk: { means: 'image' } as never, cgroup: cgroup as never },
      onBegin: () => Promise.resolve(),
    });
    child.emit('exit', 1, null);
    child.emit('close');
    expect(await supervision.ended).toMatchObject({ code: 1, forkRefusals: 2 });
  });
});
