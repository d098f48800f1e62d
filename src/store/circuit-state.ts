/**
 * What a circuit breaker does: pure, state × event → state. `circuits.ts` keeps the states.
 *
 * C1. Closed lets all through; it opens when the window has enough failures, of enough calls.
 * C2. Open refuses until `openUntil`; opened by hand, until closed by hand.
 * C3. After that it is half open: at most `probes` at a time may try, everybody else is refused. The first of them that
 *     succeeds closes it, the first that fails opens it again. One that says nothing in time makes room for another.
 * C4. What ends in an open or half-open circuit without being a probe had begun before: it changes nothing.
 */
export type CircuitMode = 'closed' | 'open' | 'half_open';

export interface CircuitOptions {
  /** Failures within the window that open it. */
  failures: number;
  windowMs: number;
  openForMs: number;
  /** How many may try at once while half open. */
  probes: number;
  /** Fewer calls than this within the window never open it. */
  minCalls: number;
}

export const DEFAULT_CIRCUIT: Readonly<CircuitOptions> = {
  failures: 5,
  windowMs: 60_000,
  openForMs: 30_000,
  probes: 1,
  minCalls: 5,
};

export interface Probe {
  holder: string;
  until: number;
}

export type CircuitState =
  /** Times of calls, oldest first: only as many as can matter. */
  | { mode: 'closed'; failures: number[]; successes: number[] }
  /** `openUntil` null: opened by hand. */
  | { mode: 'open'; openedAt: number; openUntil: number | null }
  | { mode: 'half_open'; openedAt: number; probes: Probe[] };

export const CLOSED: CircuitState = { mode: 'closed', failures: [], successes: [] };

export type CircuitEvent =
  | { type: 'enter'; holder: string }
  | { type: 'failure'; holder: string }
  | { type: 'success'; holder: string }
  | { type: 'force'; mode: 'open' | 'closed' };

export type CircuitEntry =
  /** Closed: go. */
  | { outcome: 'allowed' }
  /** Go, as one of the few that find out whether it works again; report how it went, at the latest at `until`. */
  | { outcome: 'probe'; until: number }
  /** Do not go; ask again at `until`; null: it was opened by hand and stays open until closed by hand. */
  | { outcome: 'refused'; until: number | null };

/** The state after an event; the same object when nothing changes. */
export function circuitAfter(
  state: CircuitState,
  event: CircuitEvent,
  now: number,
  options: CircuitOptions,
): CircuitState {
  switch (event.type) {
    case 'enter':
      return enter(state, event.holder, now, options).state;
    case 'failure':
      return failed(state, event.holder, now, options);
    case 'success':
      return succeeded(state, event.holder, now, options);
    case 'force':
      return event.mode === 'closed' ? CLOSED : { mode: 'open', openedAt: now, openUntil: null };
  }
}

/** Whether the holder may go, and the state after it asked. */
export function enter(
  state: CircuitState,
  holder: string,
  now: number,
  options: CircuitOptions,
): { state: CircuitState; entry: CircuitEntry } {
  if (state.mode === 'closed') return { state, entry: { outcome: 'allowed' } };
  if (state.mode === 'open') {
    const until = state.openUntil;
    if (until === null || now < until) return { state, entry: { outcome: 'refused', until } };
  }
  const running = state.mode === 'open' ? [] : state.probes.filter((probe) => probe.until > now);
  const others = running.filter((probe) => probe.holder !== holder);
  if (others.length >= options.probes) {
    const until = Math.min(...others.map((probe) => probe.until));
    return { state, entry: { outcome: 'refused', until } };
  }
  const until = now + options.openForMs;
  const probes = [...others, { holder, until }];
  return {
    state: { mode: 'half_open', openedAt: state.openedAt, probes },
    entry: { outcome: 'probe', until },
  };
}

function failed(
  state: CircuitState,
  holder: string,
  now: number,
  options: CircuitOptions,
): CircuitState {
  if (state.mode === 'open') return state;
  if (state.mode === 'half_open')
    return isProbe(state.probes, holder, now) ? opened(now, options) : state;
  const failures = inWindow([...state.failures, now], now, options);
  const successes = inWindow(state.successes, now, options);
  const calls = failures.length + successes.length;
  return failures.length >= options.failures && calls >= options.minCalls
    ? opened(now, options)
    : { mode: 'closed', failures, successes };
}

function succeeded(
  state: CircuitState,
  holder: string,
  now: number,
  options: CircuitOptions,
): CircuitState {
  if (state.mode === 'open') return state;
  if (state.mode === 'half_open') return isProbe(state.probes, holder, now) ? CLOSED : state;
  // Enough failures are enough calls then: a success tells nothing, and the common case writes nothing.
  if (options.minCalls <= options.failures) return state;
  const successes = inWindow([...state.successes, now], now, options);
  return { ...state, successes };
}

const opened = (now: number, { openForMs }: CircuitOptions): CircuitState => ({
  mode: 'open',
  openedAt: now,
  openUntil: now + openForMs,
});

const isProbe = (probes: readonly Probe[], holder: string, now: number): boolean =>
  probes.some((probe) => probe.holder === holder && probe.until > now);

/**
 * The times in the window before `now`, no more than can matter. Clocks of workers differ, so some may lie after it.
 */
function inWindow(
  times: readonly number[],
  now: number,
  { windowMs, failures, minCalls }: CircuitOptions,
): number[] {
  return times
    .filter((time) => time > now - windowMs)
    .sort((a, b) => a - b)
    .slice(-Math.max(1, failures, minCalls));
}
