/** One page of a list at a time: the cursors of those before it lead back. */
import { useState, type ReactNode } from 'react';

export interface Pages {
  /** Of the page that is shown; undefined of the first. */
  cursor: string | undefined;
  /** The two buttons, where there is more than one page. @param next of the page that is shown */
  buttons: (next: string | null | undefined) => ReactNode;
}

export function usePages(words: { label: string; back: string; on: string }): Pages {
  const [cursors, setCursors] = useState<string[]>([]);
  return {
    cursor: cursors.at(-1),
    buttons: (next) =>
      (cursors.length > 0 || next) && (
        <nav className="buttons end" aria-label={words.label}>
          <button
            type="button"
            disabled={cursors.length === 0}
            onClick={() => setCursors((before) => before.slice(0, -1))}
          >
            ← {words.back}
          </button>
          <button
            type="button"
            disabled={!next}
            onClick={() => next && setCursors((before) => [...before, next])}
          >
            {words.on} →
          </button>
        </nav>
      ),
  };
}
