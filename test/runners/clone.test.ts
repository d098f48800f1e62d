import { cloneFault } from '../../src/runners/clone.js';

class Money {
  constructor(readonly cents: number) {}
}
const looped: Record<string, unknown> = { n: 1 };
looped['self'] = looped;

describe('cloneFault', () => {
  it.each<[string, unknown]>([
    ['JSON', { a: [1, 'x', null, true] }],
    ['undefined and bigints', [undefined, 1n]],
    ['dates, expressions and bytes', [new Date(0), /x/, Buffer.from('x'), new Float64Array(2)]],
    ['maps and sets', new Map([[{ k: 1 }, new Set([1])]])],
    ['errors', [new TypeError('x')]],
    ['a loop', looped],
    ['an object without a prototype', Object.create(null)],
  ])('finds nothing in %s, and structuredClone agrees', (_name, value) => {
    expect(cloneFault(value, 'input')).toBeUndefined();
    expect(() => structuredClone(value)).not.toThrow();
  });

  it.each<[string, unknown, string]>([
    ['a function', { on: { end: () => 1 } }, 'input.on.end: the function end'],
    ['a symbol', [Symbol('s')], 'input[0]: a symbol'],
    ['an object of a class', { price: [new Money(1)] }, 'input.price[0]: a Money'],
    ['a URL', new URL('http://x'), 'input: a URL'],
    ['a promise', { p: Promise.resolve() }, 'input.p: a Promise'],
    ['a proxy', { p: new Proxy({}, {}) }, 'input.p: a Proxy'],
    ['the inside of a map', new Map([['k', () => 1]]), 'input["value 0"]: a function'],
    ['the inside of a loop', { looped, call: () => 1 }, 'input.call: the function call'],
  ])('names the place of %s', (_name, value, place) => {
    expect(cloneFault(value, 'input')).toContain(`${place} cannot be handed`);
  });
});
