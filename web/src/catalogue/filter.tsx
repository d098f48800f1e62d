/** Words to look for, and whether what is archived is shown: both are part of the address. */
import { useEffect, useState } from 'react';
import { go, linkTo } from '../route.js';
import { K } from '../strings/catalogue.js';
import { S } from '../strings/page.js';
import type { Filter } from './calls.js';

const TYPING_MS = 300;

export function CatalogueFilter({ filter, project }: { filter: Filter; project: string | null }) {
  const { text, archived } = filter;
  const [typed, setTyped] = useState(text);
  const [seen, setSeen] = useState(text);
  const [sent, setSent] = useState(text);
  if (text !== seen) {
    setSeen(text);
    // Another address, as by a link: what stands in the field is of the one before.
    if (text !== sent) setTyped(text);
  }
  useEffect(() => {
    if (typed.trim() === text) return;
    const show = () => {
      setSent(typed.trim());
      go(linkTo(['catalogue'], { project, text: typed.trim(), archived }), 'replace');
    };
    const timer = setTimeout(show, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, text, archived, project]);
  return (
    <form className="filter" role="search" onSubmit={(event) => event.preventDefault()}>
      <label>
        <span className="hidden">{K.archivedFilter}</span>
        <select
          value={archived}
          onChange={(event) =>
            go(linkTo(['catalogue'], { project, text, archived: event.target.value }), 'replace')
          }
        >
          {Object.entries(K.archivedOnes).map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span className="hidden">{S.search}</span>
        <input
          type="search"
          value={typed}
          placeholder={K.searchHint}
          onChange={(event) => setTyped(event.target.value)}
        />
      </label>
    </form>
  );
}
