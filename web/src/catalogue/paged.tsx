/** A list that the server gives by pages; the cursors of those before lead back. */
import type { ReactNode } from 'react';
import { Loading, ProblemNotice } from '../notice.js';
import { usePages } from '../paging.js';
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
  const label = `${S.paging}: ${name.split(' ', 1)[0]}`;
  const { cursor, buttons } = usePages({ label, back: K.previous, on: K.next });
  const { data, problem, refresh } = usePoll(
    `${name} ${cursor}`,
    (signal) => ask(cursor, signal),
    EVERY_MS,
  );
  return (
    <>
      {problem && <ProblemNotice problem={problem} onRetry={refresh} />}
      {!data && !problem && <Loading />}
      {data?.items.length === 0 && <p className="soft">{empty}</p>}
      {data && data.items.length > 0 && children(data.items)}
      {buttons(data?.nextCursor)}
    </>
  );
}
