/** Where a thread or process of a runner begins. */
import { threadId, isMainThread, Worker, type MessagePort } from 'node:worker_threads';
import { becomeGuest, hear } from './guest.js';
import type { GuestPort, ToGuest } from './protocol.js';

/** The descriptor whose other end only the worker has. */
const LIFELINE = 4;

if (isMainThread) beginProcess();
else becomeGuest(() => process.exit(1));

/** A job in a thread, piscina's way: one call a job, all talk over the port that comes with it. */
export async function runInThread({ port }: { port: MessagePort }): Promise<void> {
  const guest: GuestPort = {
    post(message, sent) {
      port.postMessage(message);
      sent?.();
    },
  };
  await new Promise<void>((resolve) => {
    port.on('message', (message: ToGuest) => {
      const done = hear(message, guest);
      if (message.type === 'job') void done.then(resolve);
    });
    guest.post({ type: 'hello', threadId });
  });
}

function beginProcess(): void {
  becomeGuest(() => process.exit(1));
  dieWithWorker();
  const guest: GuestPort = {
    // The worker may be gone; the lifeline sees to that.
    post: (message, sent) => void process.send?.(message, undefined, {}, () => sent?.()),
  };
  process.on('message', (message: ToGuest) => void hear(message, guest));
  guest.post({ type: 'hello', threadId });
}

/**
 * Ends this process and its children as soon as the worker is gone, even killed. In a thread of its own: a handler
 * that spins lets no event through.
 */
function dieWithWorker(): void {
  const watch = `
    const { pid, fd } = require('node:worker_threads').workerData;
    const end = () => {
      try { process.kill(-pid, 'SIGKILL'); } catch { process.kill(pid, 'SIGKILL'); }
    };
    new (require('node:net').Socket)({ fd }).on('error', end).on('close', end).resume();`;
  new Worker(watch, {
    eval: true,
    execArgv: [],
    env: {},
    workerData: { pid: process.pid, fd: LIFELINE },
  }).unref();
}
