/** What stands over a graph: search, folding, the critical path, following what runs, and what the signs mean. */
import { useId, useState } from 'react';
import { Sign, STATUSES, toneOf } from './status.js';
import { S, STATUS_WORDS } from './strings/page.js';

export interface Toggle {
  name: string;
  on: boolean;
  set: (on: boolean) => void;
}

interface Props {
  ids: readonly string[];
  toggles: readonly Toggle[];
  onFind: (id: string) => void;
}

export function GraphTools({ ids, toggles, onFind }: Props) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const id = useId();
  const wanted = text.trim().toLowerCase();
  const found = wanted === '' ? [] : ids.filter((one) => one.toLowerCase().includes(wanted));
  return (
    <div className="graph-tools">
      <form
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          const next = found[at % Math.max(1, found.length)];
          if (next !== undefined) onFind(next);
          setAt(at + 1);
        }}
      >
        <label className="hidden" htmlFor={id}>
          {S.findNode}
        </label>
        <input
          id={id}
          type="search"
          value={text}
          placeholder={S.findNode}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
        />
        <span className="soft small found" role="status">
          {wanted !== '' && S.found(found.length)}
        </span>
      </form>
      {toggles.map(({ name, on, set }) => (
        <button key={name} type="button" aria-pressed={on} onClick={() => set(!on)}>
          {name}
        </button>
      ))}
      <details className="legend">
        <summary>{S.legend}</summary>
        <ul>
          {STATUSES.map((status) => (
            <li key={status}>
              <span className={toneOf(status)}>
                <Sign status={status} />
              </span>{' '}
              {STATUS_WORDS[status]}
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}
