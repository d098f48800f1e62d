/** All executions, newest first: filtered, paged, live. */
import type { ExecutionRecord } from '../../src/client/record.js';
import { api } from './api.js';
import { Empty, Loading, ProblemNotice } from './notice.js';
import { usePages } from './paging.js';
import { usePoll, useNow } from './poll.js';
import { go, linkTo } from './route.js';
import { useSearchWords } from './search-words.js';
import { Badge, CountsBar, isTerminal, STATUSES } from './status.js';
import { S, STATUS_WORDS } from './strings/page.js';
import { durationText, Moment, spanMs } from './time.js';

const EVERY_MS = 2_000;

/** What a link narrows the list to; it is shown, and can be taken away. */
const NARROWS = [
  ['taskId', S.task],
  ['project', S.project],
  ['kind', S.kind],
] as const;

type ListFilter = Record<'status' | 'text' | (typeof NARROWS)[number][0], string>;

export function ExecutionsView({ query }: { query: URLSearchParams }) {
  const of = (name: keyof ListFilter): string => query.get(name) ?? '';
  const filter: ListFilter = {
    ...{ status: of('status'), text: of('text') },
    ...{ taskId: of('taskId'), project: of('project'), kind: of('kind') },
  };
  const key = JSON.stringify(filter);
  return (
    <>
      <div className="title">
        <h1>{S.executions}</h1>
        <Filter filter={filter} />
      </div>
      <Narrowed filter={filter} />
      <Pages key={key} filter={filter} />
    </>
  );
}

function Narrowed({ filter }: { filter: ListFilter }) {
  const given = NARROWS.filter(([name]) => filter[name] !== '');
  if (given.length === 0) return null;
  return (
    <ul className="narrowed small">
      {given.map(([name, words]) => (
        <li key={name}>
          {words} <strong>{filter[name]}</strong>{' '}
          <a
            href={linkTo(['executions'], { ...filter, [name]: '' })}
            aria-label={S.takeAway(words)}
          >
            ✕
          </a>
        </li>
      ))}
    </ul>
  );
}

function Filter({ filter }: { filter: ListFilter }) {
  const { status, text } = filter;
  const [typed, setTyped] = useSearchWords(text, (words) =>
    go(linkTo(['executions'], { ...filter, text: words }), 'replace'),
  );
  return (
    <form className="filter" role="search" onSubmit={(event) => event.preventDefault()}>
      <label>
        <span className="hidden">{S.status}</span>
        <select
          value={status}
          onChange={(event) =>
            go(linkTo(['executions'], { ...filter, status: event.target.value }), 'replace')
          }
        >
          <option value="">{S.anyStatus}</option>
          {STATUSES.map((one) => (
            <option key={one} value={one}>
              {STATUS_WORDS[one]}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span className="hidden">{S.search}</span>
        <input
          type="search"
          value={typed}
          placeholder={S.searchHint}
          onChange={(event) => setTyped(event.target.value)}
        />
      </label>
    </form>
  );
}

function Pages({ filter }: { filter: ListFilter }) {
  const { cursor, buttons } = usePages({ label: S.paging, back: S.newer, on: S.older });
  const { data, problem, refresh } = usePoll(
    `${JSON.stringify(filter)} ${cursor}`,
    (signal) => api.executions({ ...filter, cursor }, signal),
    EVERY_MS,
  );
  const filtered = Object.values(filter).some((value) => value !== '');
  return (
    <>
      {problem && <ProblemNotice problem={problem} onRetry={refresh} />}
      {!data && !problem && <Loading />}
      {data && data.executions.length === 0 && (
        <Empty text={filtered ? S.noneMatches : S.none}>
          {!filtered && <a href={linkTo(['submit'])}>{S.submitOne}</a>}
        </Empty>
      )}
      {data && data.executions.length > 0 && <Table executions={data.executions} />}
      {buttons(data?.nextCursor)}
    </>
  );
}

function Table({ executions }: { executions: readonly ExecutionRecord[] }) {
  const now = useNow(executions.some(({ status }) => !isTerminal(status)));
  return (
    <table className="list">
      <thead>
        <tr>
          <th scope="col">{S.status}</th>
          <th scope="col">{S.execution}</th>
          <th scope="col">{S.project}</th>
          <th scope="col">{S.progress}</th>
          <th scope="col">{S.started}</th>
          <th scope="col" className="number">
            {S.duration}
          </th>
        </tr>
      </thead>
      <tbody>
        {executions.map((record) => (
          <Row key={record.executionId} record={record} now={now} />
        ))}
      </tbody>
    </table>
  );
}

/** A node is shown in its graph. */
function placeOf({ kind, executionId }: ExecutionRecord): string {
  const cut = executionId.lastIndexOf('/');
  if (kind !== 'node' || cut < 0) return linkTo(['executions', executionId]);
  return linkTo(['executions', executionId.slice(0, cut)], { node: executionId.slice(cut + 1) });
}

function Row({ record, now }: { record: ExecutionRecord; now: number }) {
  const { executionId, taskId, status, project, counts, startedAt, createdAt, endedAt } = record;
  const total = Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0);
  const ms = record.durationMs ?? spanMs(startedAt, endedAt, now);
  return (
    <tr>
      <td>
        <Badge status={status} warnings={record.warnings.length} />
      </td>
      <td className="name">
        <a href={placeOf(record)}>{taskId ?? executionId}</a>
        <span className="code soft">{executionId}</span>
      </td>
      <td className="soft project">{project}</td>
      <td className="progress">
        {counts && total > 0 && <CountsBar counts={counts} total={total} />}
      </td>
      <td className="soft">
        <Moment at={startedAt ?? createdAt} />
      </td>
      <td className="number">{ms === null ? '' : durationText(ms)}</td>
    </tr>
  );
}
