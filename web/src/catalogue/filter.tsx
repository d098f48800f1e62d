/** Words to look for, and whether what is archived is shown: both are part of the address. */
import { go, linkTo } from '../route.js';
import { useSearchWords } from '../search-words.js';
import { K } from '../strings/catalogue.js';
import { S } from '../strings/page.js';
import type { Filter } from './calls.js';

export function CatalogueFilter({ filter, project }: { filter: Filter; project: string | null }) {
  const { text, archived } = filter;
  const [typed, setTyped] = useSearchWords(text, (words) =>
    go(linkTo(['catalogue'], { project, text: words, archived }), 'replace'),
  );
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
