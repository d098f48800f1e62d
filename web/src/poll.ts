/** Asks again and again while the page is seen. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { Problem } from './api.js';

export interface Polled<T> {
  /** The last answer; it stays while a newer one is on its way, and when that fails. */
  data: T | undefined;
  problem: Problem | undefined;
  refresh: () => void;
}

/**
 * Asks at once, whenever `key` changes, and every `everyMs` while the page is visible; `null`: once.
 * The answer to an older key is dropped.
 */
export function usePoll<T>(
  key: string,
  question: (signal: AbortSignal) => Promise<T>,
  everyMs: number | null,
): Polled<T> {
  const [state, setState] = useState<{ key: string; data?: T; problem?: Problem }>({ key });
  const [round, setRound] = useState(0);
  const current = useRef(question);
  useEffect(() => {
    current.current = question;
  });
  useEffect(() => {
    const control = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = () => {
      if (everyMs !== null && !control.signal.aborted) timer = setTimeout(look, everyMs);
    };
    const look = () => {
      if (document.hidden) return again();
      current.current(control.signal).then(
        (data) => {
          if (control.signal.aborted) return;
          setState({ key, data });
          again();
        },
        (error: unknown) => {
          if (control.signal.aborted) return;
          const problem = asProblem(error);
          setState((before) => ({ ...(before.key === key ? before : {}), key, problem }));
          again();
        },
      );
    };
    look();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [key, everyMs, round]);
  const refresh = useCallback(() => setRound((value) => value + 1), []);
  const own = state.key === key;
  return { data: own ? state.data : undefined, problem: own ? state.problem : undefined, refresh };
}

export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, 'PAGE', String(error));
}

/** The last answer of any key: what is drawn stays until there is something newer to draw. */
export function useLast<T>(value: T | undefined): T | undefined {
  const [last, setLast] = useState(value);
  if (value !== undefined && value !== last) setLast(value);
  return value ?? last;
}

/** A value once it has been the same for a while: what somebody types is not sent letter by letter. */
export function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

/** The time, in epoch ms: it moves once a second while `moving`. */
export function useNow(moving: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!moving) return;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [moving]);
  return now;
}
