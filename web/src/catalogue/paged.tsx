/** A list that the server gives by pages; the cursors of those before lead back. */
import { useState, type ReactNode } from 'react';
import { Loading, ProblemNotice } from '../notice.js';
import { usePoll } from '../poll.js';
import { K } from '../strings/catalogue.js';
import { S } from '../strings/page.js';
import type { PageOf } from './calls.js';

const EVERY_MS = 5_000;

interface Props<T> {
  /** Names what is asked: with another one the list begins anew, by a `key` of the same. */
  name: string;
  ask: (cursor: string | undefined, signal: AbortSignal) => Promise<PageOf<T>>;
  empty: string;
  children: (items: T[]) => ReactNode;
}

export function Paged<T>({ name, ask, empty, children }: Props<T>) {
  const [cursors, setCursors] = useState<string[]>([]);
  const cursor = cursors.at(-1);
  const { data, problem, refresh } = usePoll(
    `${name} ${cursor}`,
    (signal) => ask(cursor, signal),
    EVERY_MS,
  );
  const next = data?.nextCursor;
  return (
    <>
      {problem && <ProblemNotice problem={problem} onRetry={refresh} />}
      {!data && !problem && <Loading />}
      {data?.items.length === 0 && <p className="soft">{empty}</p>}
      {data && data.items.length > 0 && children(data.items)}
      {(cursors.length > 0 || next) && (
        <nav className="buttons end" aria-label={`${S.paging}: ${name.split(' ', 1)[0]}`}>
          <button
            type="button"
            disabled={cursors.length === 0}
            onClick={() => setCursors((before) => before.slice(0, -1))}
          >
            ← {K.previous}
          </button>
          <button
            type="button"
            disabled={!next}
            onClick={() => next && setCursors((before) => [...before, next])}
          >
            {K.next} →
          </button>
        </nav>
      )}
    </>
  );
}
