/** Schedules: all of them, one, or a form that makes one. */
import type { ScheduleSummary } from '../../../src/client/schedule-record.js';
import { lazy, Suspense } from 'react';
import { Empty, Loading, ProblemNotice } from '../notice.js';
import { usePoll } from '../poll.js';
import { linkTo } from '../route.js';
import { S } from '../strings/page.js';
import { C } from '../strings/schedules.js';
import { Moment } from '../time.js';
import { MOST, schedules } from './calls.js';
import { ScheduleDetail } from './detail.js';
import { State } from './state.js';
import './schedules.css';

// It has the fields of parameters, with what checks patterns.
const ScheduleForm = lazy(async () => ({ default: (await import('./form.js')).ScheduleForm }));

const EVERY_MS = 2_000;

export function SchedulesView({ id, query }: { id: string | undefined; query: URLSearchParams }) {
  if (id !== undefined) return <ScheduleDetail key={id} id={id} />;
  if (!query.has('new')) return <List />;
  return (
    <Suspense fallback={<Loading />}>
      <ScheduleForm pipeline={query.get('pipeline') ?? ''} />
    </Suspense>
  );
}

function List() {
  const { data, problem, refresh } = usePoll('schedules', schedules.list, EVERY_MS);
  return (
    <>
      <div className="title">
        <h1>{S.schedules}</h1>
        <div className="buttons">
          <a className="button primary" href={linkTo(['schedules'], { new: 'yes' })}>
            {C.newOne}
          </a>
        </div>
      </div>
      {problem && <ProblemNotice problem={problem} onRetry={refresh} />}
      {!data && !problem && <Loading />}
      {data?.length === 0 && <Empty text={C.none} />}
      {data && data.length > 0 && <Table rows={data} />}
      {data?.length === MOST && <p className="soft">{C.onlyFirst(MOST)}</p>}
    </>
  );
}

function Table({ rows }: { rows: readonly ScheduleSummary[] }) {
  return (
    <table className="list schedules">
      <thead>
        <tr>
          <th scope="col">{C.state}</th>
          <th scope="col">{C.schedule}</th>
          <th scope="col">{C.when}</th>
          <th scope="col">{C.next}</th>
          <th scope="col">{C.last}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((one) => (
          <Row key={one.id} one={one} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ one }: { one: ScheduleSummary }) {
  const { id, taskId, project, paused, when, timezone, nextAt, last } = one;
  return (
    <tr>
      <td>
        <State paused={paused} />
      </td>
      <td className="name">
        <a href={linkTo(['schedules', id])}>{id}</a>
        <span className="soft">{[taskId, project].filter(Boolean).join(' · ')}</span>
      </td>
      <td className="when">
        {when.map((phrase) => (
          <div key={phrase}>{phrase}</div>
        ))}
        <span className="soft">{timezone}</span>
      </td>
      <td>
        <span className="small-label soft">{C.next} </span>
        {nextAt === null ? <span className="soft">{C.noNext}</span> : <Moment at={nextAt} />}
      </td>
      <td>
        <span className="small-label soft">{C.last} </span>
        {last === null ? (
          <span className="soft">{C.never}</span>
        ) : (
          <a href={linkTo(['executions', last.executionId])}>
            <Moment at={last.startedAt} />
          </a>
        )}
      </td>
    </tr>
  );
}
