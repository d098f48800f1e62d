import { describe, expect, it } from '@jest/globals';
import { InOrder } from '../../src/workflows/in-order.js';

describe('steps in order', () => {
  it('answer those who wait before who asks in the moment that their wait is over', async () => {
    const questions = new InOrder();
    const answered: string[] = [];
    let isBack = false;
    let tell = (): void => undefined;
    const back = new Promise<void>((resolve) => (tell = resolve));
    const ask = async (name: string): Promise<void> => {
      await questions.take(async () => {
        if (!isBack) await back;
      });
      answered.push(name);
    };
    const pause = ask('pause');
    const other = ask('other');
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    expect(answered).toEqual([]);
    isBack = true;
    tell();
    await Promise.all([pause, other, ask('resume')]);
    expect(answered).toEqual(['pause', 'other', 'resume']);
  });

  it('go on after one that fails, and tell it to who asked for it', async () => {
    const steps = new InOrder();
    const fails = steps.take(() => Promise.reject(new Error('no')));
    const next = steps.take(() => Promise.resolve(7));
    await expect(fails).rejects.toThrow('no');
    expect(await next).toBe(7);
  });
});
