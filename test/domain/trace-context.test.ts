import { parseTrace, spanIdOf, traceCarrier } from '../../src/domain/trace-context.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('parseTrace', () => {
  it.each([true, false])('reads what traceCarrier writes, sampled %s', (sampled) => {
    const context = { traceId: TRACE, spanId: SPAN, sampled, state: 'a=1,b=2' };
    expect(parseTrace(traceCarrier(context))).toEqual(context);
  });

  it.each([
    undefined,
    null,
    7,
    {},
    { traceparent: 7 },
    { traceparent: '' },
    { traceparent: `00-${TRACE}-${SPAN}` },
    { traceparent: `00-${'0'.repeat(32)}-${SPAN}-01` },
    { traceparent: `00-${TRACE}-${'0'.repeat(16)}-01` },
  ])('gives nothing for %j', (carrier) => {
    expect(parseTrace(carrier)).toBeUndefined();
  });

  it('takes a version that it does not know, and drops a state that is none', () => {
    expect(parseTrace({ traceparent: `cc-${TRACE}-${SPAN}-03-more`, tracestate: 1 })).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      sampled: true,
    });
  });
});

describe('spanIdOf', () => {
  it('gives every node of every run an id of its own, always the same', () => {
    const ids = new Set<string>();
    for (const run of ['run-1', 'run-2']) {
      ids.add(spanIdOf(TRACE, run));
      for (let n = 0; n < 5_000; n++) ids.add(spanIdOf(TRACE, run, `n${n}`));
    }
    expect(ids.size).toBe(10_002);
    expect([...ids].filter((id) => !/^[0-9a-f]{16}$/.test(id))).toEqual([]);
    expect(spanIdOf(TRACE, 'run-1', 'n7')).toBe(spanIdOf(TRACE, 'run-1', 'n7'));
  });
});
