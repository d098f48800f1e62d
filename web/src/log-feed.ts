/** Lines of a log: the newest page, and what comes after it as it comes. */
import { useEffect, useState } from 'react';
import type { LogLine } from '../../src/domain/log-line.js';
import { api, type LogPage, type Problem } from './api.js';
import { asProblem } from './poll.js';
import { events, pause } from './sse.js';

export interface LogFilter {
  node?: string | undefined;
  attempt?: number | undefined;
  level?: string | undefined;
}

export interface LogFeed {
  lines: readonly LogLine[];
  loaded: boolean;
  /** There are older lines than those. */
  more: boolean;
  problem: Problem | undefined;
  older: () => void;
}

const PAGE = 200;
/** More lines than that are not kept in the page: the oldest go. */
const KEPT = 5_000;
/** How long lines are gathered before they are drawn. */
const GATHER_MS = 150;
const AGAIN_MS = 2_000;

interface State {
  key: string;
  lines: readonly LogLine[];
  loaded: boolean;
  more: boolean;
  problem?: Problem;
}
const EMPTY = { lines: [], loaded: false, more: false };

export function useLog(executionId: string, filter: LogFilter): LogFeed {
  const key = JSON.stringify([executionId, filter]);
  const [state, setState] = useState<State>({ key, ...EMPTY });
  useEffect(() => {
    const control = new AbortController();
    const [id, wanted] = JSON.parse(key) as [string, LogFilter];
    const add = (page: Partial<LogPage>, problem?: Problem) => {
      if (control.signal.aborted) return;
      setState((before) => {
        const own = before.key === key ? before : { key, ...EMPTY };
        const lines = [...own.lines, ...(page.lines ?? [])].slice(-KEPT);
        const more = own.loaded ? own.more || lines.length === KEPT : (page.more ?? false);
        return { key, lines, more, loaded: true, ...(problem ? { problem } : {}) };
      });
    };
    void read(id, { ...wanted }, add, control.signal);
    return () => control.abort();
    // One that has ended meanwhile is followed to its end by the same stream.
  }, [key]);
  const own = state.key === key ? state : { key, ...EMPTY };
  const older = () => {
    const [first] = own.lines;
    if (!first) return;
    api.logs(executionId, { ...filter, before: first.position, limit: PAGE }).then(
      ({ lines, more }) =>
        setState((now) =>
          now.key === key ? { ...now, lines: [...lines, ...now.lines], more } : now,
        ),
      (error: unknown) => setState((now) => ({ ...now, problem: asProblem(error) })),
    );
  };
  return { ...own, problem: own.problem, older };
}

async function read(
  executionId: string,
  filter: LogFilter & Record<string, string | number | undefined>,
  add: (page: Partial<LogPage>, problem?: Problem) => void,
  signal: AbortSignal,
): Promise<void> {
  let after: number | undefined;
  while (!signal.aborted) {
    try {
      if (after === undefined) {
        const page = await api.logs(
          executionId,
          { ...filter, newest: 'true', limit: PAGE },
          signal,
        );
        after = page.lines.at(-1)?.position ?? 0;
        add(page);
      }
      let isOver = false;
      const answer = await api.followLogs(executionId, { ...filter, after }, signal);
      let gathered: LogLine[] = [];
      let timer: ReturnType<typeof setTimeout> | undefined;
      const flush = () => {
        clearTimeout(timer);
        timer = undefined;
        if (gathered.length > 0) add({ lines: gathered });
        gathered = [];
      };
      for await (const { event, data } of events(answer)) {
        if (event === 'error') throw new Error(data);
        if (event === 'end') isOver = true;
        if (event !== 'line') continue;
        const line = JSON.parse(data) as LogLine;
        after = line.position;
        gathered.push(line);
        timer ??= setTimeout(flush, GATHER_MS);
      }
      flush();
      if (isOver) return; // else it was cut
    } catch (error) {
      if (signal.aborted) return;
      const problem = asProblem(error);
      add({}, problem);
      if (problem.status >= 400 && problem.status < 500 && problem.status !== 429) return;
      await pause(AGAIN_MS, signal);
    }
  }
}
