import { Slots } from '../../src/runners/slots.js';

const never = new AbortController().signal;
const refusal = (): Error => new Error('no place');

describe('Slots', () => {
  it('hands out places in the order of asking', async () => {
    const slots = new Slots(1);
    const order: string[] = [];
    const release = await slots.take(never, refusal);
    const rest = ['a', 'b', 'c'].map(async (name) => {
      const mine = await slots.take(never, refusal);
      order.push(name);
      mine();
    });
    expect(order).toEqual([]);
    release();
    release(); // gives back one place, not two
    await Promise.all(rest);
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('refuses who waits once the signal is aborted, and loses no place by it', async () => {
    const slots = new Slots(1);
    const release = await slots.take(never, refusal);
    const waiting = new AbortController();
    const refused = slots.take(waiting.signal, refusal);
    const next = slots.take(never, refusal);
    waiting.abort();
    await expect(refused).rejects.toThrow('no place');
    await expect(slots.take(AbortSignal.abort(), refusal)).rejects.toThrow('no place');
    release();
    (await next)();
  });

  it('refuses everyone when told to', async () => {
    const slots = new Slots(1);
    await slots.take(never, refusal);
    const waiting = [slots.take(never, refusal), slots.take(never, refusal)];
    slots.refuseAll(new Error('closed'));
    for (const one of waiting) await expect(one).rejects.toThrow('closed');
  });
});
