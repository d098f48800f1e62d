/** The system: workers, queues, limits, circuits. Whatever the server tells of them is shown. */
import { api } from './api.js';
import { JsonBlock, Loading, ProblemNotice } from './notice.js';
import { usePoll } from './poll.js';
import { S } from './strings.js';

const EVERY_MS = 5_000;

type Facts = Record<string, unknown>;

const SECTIONS = [
  ['versions', S.versions],
  ['jobs', S.jobs],
  ['queue', S.queue],
  ['modes', S.modes],
  ['workers', S.workers],
  ['limits', S.limits],
  ['circuits', S.circuits],
  ['warnings', S.warnings],
] as const;

export function SystemView() {
  const { data, problem, refresh } = usePoll('system', api.system, EVERY_MS);
  const facts = isFacts(data) ? data : undefined;
  return (
    <>
      <div className="title">
        <h1>{S.system}</h1>
      </div>
      {problem && <ProblemNotice problem={problem} onRetry={refresh} />}
      {!data && !problem && <Loading />}
      <div className="system">
        {facts &&
          SECTIONS.filter(([name]) => facts[name] !== undefined && facts[name] !== null).map(
            ([name, words]) => (
              <section key={name} className={`card ${Array.isArray(facts[name]) ? 'wide' : ''}`}>
                <h2>{words}</h2>
                <Value value={facts[name]} />
              </section>
            ),
          )}
      </div>
      {data !== undefined && (
        <details className="card">
          <summary>{S.everything}</summary>
          <JsonBlock value={data} label={S.everything} />
        </details>
      )}
    </>
  );
}

function isFacts(value: unknown): value is Facts {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A list of records is a table, a record a list of facts, what is small is itself. */
function Value({ value }: { value: unknown }) {
  if (Array.isArray(value)) {
    if (value.length === 0) return <p className="soft">{S.empty}</p>;
    if (value.every(isFacts)) return <Records records={value} />;
    return (
      <ul>
        {value.map((one, index) => (
          <li key={index}>{small(one)}</li>
        ))}
      </ul>
    );
  }
  if (!isFacts(value)) return <p>{small(value)}</p>;
  return (
    <dl className="times">
      {Object.entries(value).map(([name, one]) => (
        <div key={name}>
          <dt>{spaced(name)}</dt>
          <dd>{small(one)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Records({ records }: { records: readonly Facts[] }) {
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={S.details}>
      <table>
        <thead>
          <tr>
            {columns.map((name) => (
              <th key={name} scope="col">
                {spaced(name)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {records.map((record, index) => (
            <tr key={index}>
              {columns.map((name) => (
                <td key={name}>{small(record[name])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** `maxPrograms` as `max programs`. */
const spaced = (name: string) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function small(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string'))
    return value.join(', ');
  if (isFacts(value))
    return Object.entries(value)
      .map(([name, one]) => `${spaced(name)} ${small(one)}`)
      .join(', ');
  return JSON.stringify(value);
}
