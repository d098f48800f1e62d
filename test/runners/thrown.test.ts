import { errorKinds } from '../../src/domain/classify.js';
import { NonRetriableError, SpecInvalidError, TaskError } from '../../src/domain/errors.js';
import { dehydrate, rehydrate } from '../../src/runners/thrown.js';

class Base extends RangeError {
  override name = 'Base';
}
class Own extends Base {
  code = 'E_OWN';
  status = 503;
  retriable = false;
  retryAfterMs = 250;
}
class NoError {
  constructor(readonly type: string) {}
}

const across = (thrown: unknown): unknown => rehydrate(structuredClone(dehydrate(thrown)));

describe('an error that crosses', () => {
  const own = new Own('outer', { cause: Object.assign(new Error('inner'), { code: 'EPIPE' }) });

  it.each<[string, unknown]>([
    ['of classes of its own', own],
    ['of ours', new TaskError('STORE', 'x', { details: { n: 1 } })],
    ['of a class of ours', new NonRetriableError('x')],
    ['with faults', new SpecInvalidError([])],
    ['of the platform', new DOMException('stop', 'AbortError')],
    ['of many', new AggregateError([new Error('a')], 'all')],
    ['that is no Error', new NoError('HELD')],
    ['that is a plain object', { code: 'PLAIN', retriable: false }],
    ['that is a text', 'text'],
    ['that is nothing', undefined],
  ])('answers to the same names: %s', (_name, thrown) => {
    const kinds = errorKinds(thrown);
    expect(errorKinds(across(thrown))).toEqual(kinds);
    if (thrown instanceof Error)
      expect(across(thrown)).toMatchObject({
        message: thrown.message,
        name: thrown.name,
        stack: thrown.stack,
      });
  });

  it('keeps what says whether and when it is tried again', () => {
    expect(across(own)).toMatchObject({
      ...{ code: 'E_OWN', status: 503, retriable: false, retryAfterMs: 250 },
      cause: { message: 'inner', code: 'EPIPE' },
    });
    expect(across(own)).toBeInstanceOf(RangeError);
  });

  it('is of our classes only where it was', () => {
    expect(across(new NonRetriableError('x'))).toBeInstanceOf(TaskError);
    class Lookalike extends Error {}
    Object.defineProperty(Lookalike, 'name', { value: 'TaskError' });
    expect(across(new Lookalike('x'))).not.toBeInstanceOf(TaskError);
  });

  it('loses what cannot be read or cloned, and nothing else', () => {
    const odd = Object.assign(new Error('odd'), { call: () => 1, port: 5432 });
    Object.defineProperty(odd, 'code', {
      get: () => {
        throw new Error('unreadable');
      },
    });
    const arrived = across(odd) as Record<string, unknown>;
    expect(arrived).toMatchObject({ message: 'odd', port: 5432 });
    expect('call' in arrived || 'code' in arrived).toBe(false);
  });

  it('ends a chain of causes that never ends', () => {
    const loop: Error & { cause?: unknown } = new Error('loop');
    loop.cause = loop;
    expect(across(loop)).toMatchObject({ message: 'loop', cause: { message: 'loop' } });
  });
});
