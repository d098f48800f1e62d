/** What the bench of the page reads off a trace. */
import { Trace } from '../../bench/page/trace.js';

const MS = 1_000;
const event = (name: string, atMs: number, more: object = {}) => ({
  ...{ name, ph: 'I', pid: 7, tid: 7, ts: atMs * MS },
  ...more,
});
const mark = (name: string, atMs: number, startTime: number) =>
  event(name, atMs, { args: { data: { startTime } } });
const traceOf = (...events: object[]) => new Trace(JSON.stringify({ traceEvents: events }));

describe('Trace', () => {
  it('times an opening by what the page says, also where the event of the navigation is missing', () => {
    const trace = traceOf(
      event('RunTask', 1_300, { ph: 'X', dur: 200 * MS }),
      mark('bench-drawn', 1_900, 900),
      event('RunTask', 1_950, { ph: 'X', dur: 60 * MS }),
      mark('bench-rest', 3_010, 2_010),
      event('FireAnimationFrame', 3_020),
      event('RunTask', 3_100, { ph: 'X', dur: 90 * MS }),
    );
    const drawnMs = trace.markMs('bench-drawn');
    expect(drawnMs).toBe(900);
    expect(trace.interactiveMs('bench-rest', drawnMs)).toBe(1_010);
  });

  it('counts as a frame each that began, also where nothing changed, and those that were drawn by themselves', () => {
    const begun = [0, 16, 32, 100, 116].map((at) => event('BeginMainThreadFrame', at));
    const trace = traceOf(...begun, event('DrawFrame', 40), event('FireAnimationFrame', 117));
    expect(trace.frames()).toMatchObject({ median: 16, longest: 68, count: 4, drawn: 1 });
  });
});
