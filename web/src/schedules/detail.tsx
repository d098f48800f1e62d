/** One schedule: when it starts what, how its last executions went, and what can be done with it. */
import { useState } from 'react';
import type { ScheduleRecord } from '../../../src/client/schedule-record.js';
import { ActionButtons } from '../action-buttons.js';
import { JsonBlock, Loading, ProblemNotice } from '../notice.js';
import { usePoll } from '../poll.js';
import { linkTo } from '../route.js';
import { Badge } from '../status.js';
import { S } from '../strings/page.js';
import { C, OVERLAP_WORDS } from '../strings/schedules.js';
import { Moment } from '../time.js';
import { scheduleActions, type Told } from './actions.js';
import { schedules } from './calls.js';
import { NextHeading } from './preview.js';
import { State } from './state.js';

const EVERY_MS = 2_000;

export function ScheduleDetail({ id }: { id: string }) {
  const { data, problem, refresh } = usePoll(
    `schedule ${id}`,
    (signal) => schedules.get(id, signal),
    EVERY_MS,
  );
  const [told, setTold] = useState<Told>();
  return (
    <>
      <p className="crumb">
        <a href={linkTo(['schedules'])}>← {C.all}</a>
      </p>
      <div className="title">
        <h1>{id}</h1>
        {data && <State paused={data.paused} />}
        {data && <ActionButtons questions={scheduleActions(data, setTold)} onDone={refresh} />}
      </div>
      {problem && <ProblemNotice problem={problem} onRetry={refresh} />}
      <div role="status">{told && <Notice told={told} />}</div>
      {!data && !problem && <Loading />}
      {data && <Record record={data} />}
    </>
  );
}

function Notice({ told: { text, executionId } }: { told: Told }) {
  return (
    <p className="note good">
      {text} {executionId && <a href={linkTo(['executions', executionId])}>{executionId}</a>}
    </p>
  );
}

function Record({ record }: { record: ScheduleRecord }) {
  return (
    <div className="schedule">
      <section className="card facts-card">
        <h2>{S.details}</h2>
        <Facts record={record} />
      </section>
      <section className="card">
        <NextHeading />
        <Next record={record} />
      </section>
      <section className="card">
        <h2>{C.lastRuns}</h2>
        <Recent recent={record.recent} />
      </section>
      <details className="card facts-card">
        <summary>{C.whatRuns}</summary>
        <JsonBlock value={record.spec} label={C.whatRuns} />
        <JsonBlock value={record.submission} label={S.details} />
      </details>
    </div>
  );
}

function Facts({ record }: { record: ScheduleRecord }) {
  const facts: [string, React.ReactNode][] = [
    [C.runs, record.taskId],
    [C.when, record.when.join(', ')],
    [C.zone, record.timezone],
    [C.overlap, OVERLAP_WORDS[record.overlap]],
    [C.pausesOnFailure, record.pauseOnFailure ? C.yes : C.no],
    [C.left, record.limitedActions ?? C.noLimit],
    [C.project, record.project],
    [C.note, record.note],
    [C.counts, C.countWords(record.counts)],
    [C.created, <Moment key="created" at={record.createdAt} />],
    [C.changed, record.updatedAt && <Moment key="changed" at={record.updatedAt} />],
  ];
  return (
    <dl className="times">
      {facts
        .filter(([, value]) => value !== null && value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function Next({ record: { next, paused } }: { record: ScheduleRecord }) {
  if (next.length === 0) return <p className="soft">{paused ? C.whilePaused : C.noTimes}</p>;
  return (
    <ol className="plain-list">
      {next.map((at) => (
        <li key={at}>
          <Moment at={at} />
        </li>
      ))}
    </ol>
  );
}

function Recent({ recent }: { recent: ScheduleRecord['recent'] }) {
  if (recent.length === 0) return <p className="soft">{C.noRuns}</p>;
  return (
    <ul className="plain-list">
      {recent.map(({ executionId, scheduledFor, status }) => (
        <li key={executionId}>
          {status === null ? (
            <span className="soft">{C.forgotten}</span>
          ) : (
            <Badge status={status} />
          )}{' '}
          <a className="code" href={linkTo(['executions', executionId])}>
            {executionId}
          </a>{' '}
          <span className="soft">
            {C.plannedFor} <Moment at={scheduledFor} />
          </span>
        </li>
      ))}
    </ul>
  );
}
