/** What Chromium's own tracing says of a page: when it came to rest, its frames, and what its main thread did. */
import { percentile } from '../graphs/report.js';

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  /** Microseconds. */
  ts: number;
  dur?: number;
  /** Of a mark of the page: milliseconds since the navigation. */
  args?: { data?: { startTime?: number } };
}

export const CATEGORIES = [
  ...['-*', 'toplevel', 'blink.user_timing', 'loading', 'devtools.timeline'],
  ...['disabled-by-default-devtools.timeline', 'disabled-by-default-devtools.timeline.frame'],
];

/** Above this a task of the main thread holds up whoever clicks (as the Long Tasks API has it). */
const LONG_MS = 50;

/**
 * Frames of a page that asks for one all the time: the main thread begins one as soon as it is free. Those that the screen
 * was given are fewer, since most change nothing.
 */
export interface Frames {
  /** Between the beginning of a frame and that of the next, in milliseconds. */
  median: number;
  /** Half of the time was spent in frames of at least so many milliseconds: few long ones weigh as they are seen. */
  byTime: number;
  p95: number;
  p99: number;
  longest: number;
  count: number;
  /** Those of them in which the picture changed. */
  drawn: number;
  /** Tasks of the main thread of more than 50 ms, and all of their time, in milliseconds. */
  longTasks: number;
  longTasksMs: number;
  /** What the main thread did in a second, in milliseconds. */
  busy: Record<string, number>;
}

export class Trace {
  private readonly events: TraceEvent[];
  private readonly main: TraceEvent;

  constructor(text: string) {
    this.events = (JSON.parse(text) as { traceEvents: TraceEvent[] }).traceEvents;
    const mark = this.events.find(({ name }) => name.startsWith('bench-'));
    const main = mark ?? this.events.findLast(({ name }) => name === 'FireAnimationFrame');
    if (!main) throw new Error('the trace has no main thread of the page');
    this.main = main;
  }

  /**
   * From the navigation to a mark of the page, in milliseconds. The page says it: the event `navigationStart` is missing
   * where the navigation began a process that was not traced yet.
   */
  markMs(name: string): number {
    return this.marked(name).startTime;
  }

  /** From the navigation to the end of the last long task before a mark of rest; no less than `leastMs`. */
  interactiveMs(restMark: string, leastMs: number): number {
    const rest = this.marked(restMark);
    const navigation = rest.ts / 1_000 - rest.startTime;
    const ends = this.longTasks()
      .map(({ ts, dur = 0 }) => (ts + dur) / 1_000 - navigation)
      .filter((end) => end <= rest.startTime);
    return Math.max(leastMs, ...ends);
  }

  private marked(name: string): { ts: number; startTime: number } {
    const found = this.own().find((event) => event.name === name);
    const startTime = found?.args?.data?.startTime;
    if (!found || startTime === undefined) throw new Error(`the trace has no mark ${name}`);
    return { ts: found.ts, startTime };
  }

  frames(): Frames {
    const begun = this.timesOf('BeginMainThreadFrame');
    const between = begun.slice(1).map((at, index) => at - (begun[index] ?? at));
    const long = this.longTasks();
    const seconds = ((begun.at(-1) ?? 0) - (begun[0] ?? 0)) / 1_000;
    return {
      median: percentile(between, 0.5),
      byTime: byTime(between),
      p95: percentile(between, 0.95),
      p99: percentile(between, 0.99),
      longest: Math.max(...between),
      count: between.length,
      drawn: this.timesOf('DrawFrame').length,
      longTasks: long.length,
      longTasksMs: sum(long.map(({ dur = 0 }) => dur / 1_000)),
      busy: this.busy(seconds),
    };
  }

  /** When events of the page's process were, in milliseconds. */
  private timesOf(wanted: string): number[] {
    return this.events
      .filter(({ name, pid }) => name === wanted && pid === this.main.pid)
      .map(({ ts }) => ts / 1_000)
      .sort((a, b) => a - b);
  }

  private busy(seconds: number): Record<string, number> {
    const KINDS: Record<string, readonly string[]> = {
      script: ['FunctionCall', 'EvaluateScript', 'RunMicrotasks', 'FireAnimationFrame'],
      style: ['UpdateLayoutTree'],
      layout: ['Layout'],
      paint: ['PrePaint', 'Paint', 'Layerize', 'Commit'],
      all: ['RunTask', 'ThreadControllerImpl::RunTask'],
    };
    return Object.fromEntries(
      Object.entries(KINDS).map(([kind, names]) => {
        const spans = this.own().filter(({ name, ph }) => ph === 'X' && names.includes(name));
        return [kind, covered(spans) / 1_000 / seconds];
      }),
    );
  }

  private own(): TraceEvent[] {
    const { pid, tid } = this.main;
    return this.events.filter((event) => event.pid === pid && event.tid === tid);
  }

  private longTasks(): TraceEvent[] {
    return this.own().filter(
      ({ name, dur = 0 }) => /(?:^|::)RunTask$/.test(name) && dur / 1_000 > LONG_MS,
    );
  }
}

/** How long at least one of them ran, in their unit: a call within a call counts once. */
function covered(spans: readonly TraceEvent[]): number {
  let until = 0;
  let total = 0;
  for (const { ts, dur = 0 } of [...spans].sort((a, b) => a.ts - b.ts)) {
    total += Math.max(0, ts + dur - Math.max(ts, until));
    until = Math.max(until, ts + dur);
  }
  return total;
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);

function byTime(spans: readonly number[]): number {
  let left = sum(spans) / 2;
  return [...spans].sort((a, b) => b - a).find((span) => (left -= span) <= 0) ?? Number.NaN;
}
