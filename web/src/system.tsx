/** The system: workers, queues, limits, circuits. Whatever the server tells of them is shown. */
import type { ReactNode } from 'react';
import { api } from './api.js';
import { JsonBlock, Loading, ProblemNotice } from './notice.js';
import { usePoll } from './poll.js';
import { S } from './strings/page.js';
import { Moment } from './time.js';

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

/** A list of flat records is a table, a record a list of facts, what is small is itself. */
function Value({ value }: { value: unknown }) {
  if (isFacts(value)) return <FactList facts={value} />;
  if (!Array.isArray(value)) return <p>{small(value)}</p>;
  if (value.length === 0) return <p className="soft">{S.empty}</p>;
  if (!value.every(isFacts))
    return (
      <ul>
        {value.map((one, index) => (
          <li key={index}>{small(one)}</li>
        ))}
      </ul>
    );
  if (value.some((record) => Object.values(record).some(isFacts)))
    return value.map((record, index) => <FactList key={index} facts={record} />);
  return <Records records={value} />;
}

/** What lies in a record of a record stands beside the rest. */
function FactList({ facts }: { facts: Facts }) {
  const flat = Object.entries(facts).flatMap(([name, value]) =>
    isFacts(value) && name === 'detail' ? Object.entries(value) : [[name, value] as const],
  );
  return (
    <dl className="times">
      {flat.map(([name, one]) => (
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
const ISO_TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

function small(value: unknown): ReactNode {
  return typeof value === 'string' && ISO_TIME.test(value) ? <Moment at={value} /> : text(value);
}

function text(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(Math.round(value * 100) / 100);
  if (Array.isArray(value)) return value.length === 0 ? S.empty : value.map(text).join(', ');
  if (!isFacts(value)) return JSON.stringify(value);
  const { mode, ...rest } = value;
  const parts = Object.entries(rest)
    .filter(([, one]) => one !== null)
    .map(([name, one]) => `${spaced(name)} ${text(one)}`);
  if (mode === undefined) return parts.join(', ');
  return parts.length === 0 ? text(mode) : `${text(mode)} (${parts.join(', ')})`;
}
