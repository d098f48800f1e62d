/** Tasks that let everything out that they are given, in the worker and in a process. */
import { setTimeout as wait } from 'node:timers/promises';
import { defineTask } from '../../../src/registry.js';
import type { TaskContext } from '../../../src/task-context.js';

interface Input {
  token: string;
  does: string;
}

async function leak({ token, does }: Input, ctx: TaskContext): Promise<unknown> {
  ctx.log.info(`a line with ${token}`, { token, nested: { list: [token] } });
  ctx.warn(`a warning with ${token}`);
  ctx.metric(`metric ${token}`, 1);
  ctx.progress({ done: 1, total: 2, message: `progress with ${token}` });
  await wait(50); // its progress leaves
  switch (does) {
    case 'fail':
      throw Object.assign(new TypeError(`refused ${token}`, { cause: new Error(token) }), {
        code: `E_${token}`,
        details: { token },
      });
    case 'cut':
      throw new Error(`${'x'.repeat(1_010)}${token}`);
    case 'checkpoint':
      ctx.checkpoint({ token });
      return null;
    case 'artifact':
      void ctx.artifact(`file-${token}`, { text: 'x' });
      return null;
    case 'give':
      return { length: token.length };
    default:
      throw new Error('unknown');
  }
}

export const leaks = defineTask<Input>({ name: 'leaks', run: leak });
export const leaksInProcess = defineTask<Input>({
  name: 'leaks-in-process',
  isolation: 'process',
  module: import.meta.url,
  run: leak,
});
