/** One task of the catalogue: what it runs, with which options, how it last went; and running it. */
import type { ReactNode } from 'react';
import type { CatalogueRun } from '../../../src/client/catalogue-run.js';
import type { CatalogueTask } from '../../../src/client/catalogue.js';
import type { ExecutionRecord } from '../../../src/client/record.js';
import { textOf } from '../graph-text.js';
import { JsonBlock, Loading, ProblemNotice } from '../notice.js';
import { usePoll } from '../poll.js';
import { linkTo } from '../route.js';
import { Badge } from '../status.js';
import { K } from '../strings/catalogue.js';
import { S } from '../strings/page.js';
import { durationText, Moment } from '../time.js';
import { ownerActions, runAction } from './actions.js';
import { ActionButtons } from '../action-buttons.js';
import { catalogue } from './calls.js';
import { ParamsTable } from './params-table.js';
import { Archived, runWords } from './tasks.js';

const EVERY_MS = 2_000;

export function TaskDetail({ id }: { id: string }) {
  const { data, problem, refresh } = usePoll(
    `task ${id}`,
    (signal) => catalogue.task(id, signal),
    EVERY_MS,
  );
  return (
    <>
      <p className="crumb">
        <a href={linkTo(['catalogue'])}>← {K.all}</a>
      </p>
      <div className="title">
        <h1>{data?.name ?? id}</h1>
        {data?.archived && <Archived />}
        {data && (
          <ActionButtons
            first={data.run === null || data.archived ? undefined : runAction(data)}
            questions={ownerActions('tasks', data)}
            onDone={refresh}
          />
        )}
      </div>
      {problem && <ProblemNotice problem={problem} onRetry={refresh} />}
      {!data && !problem && <Loading />}
      {data && <Parts task={data} />}
    </>
  );
}

function Parts({ task }: { task: CatalogueTask }) {
  const { id, description, run, defaults, version } = task;
  const runs = usePoll(`runs ${id}`, (signal) => catalogue.runs(id, signal), EVERY_MS);
  const versions = usePoll(
    `versions ${id} ${version}`,
    (signal) => catalogue.versions(id, signal),
    null,
  );
  return (
    <div className="catalogue">
      {description && <p>{description}</p>}
      <Facts task={task} />
      <section className="card" aria-label={K.ranBy}>
        <h2>{K.ranBy}</h2>
        <Run run={run} />
      </section>
      <section className="card" aria-label={K.defaults}>
        <h2>{K.defaults}</h2>
        {Object.keys(defaults).length === 0 ? (
          <p className="soft">{K.noDefaults}</p>
        ) : (
          <JsonBlock value={defaults} label={K.defaults} />
        )}
      </section>
      <section className="card" aria-label={K.recent}>
        <h2>{K.recent}</h2>
        {runs.problem && <ProblemNotice problem={runs.problem} onRetry={runs.refresh} />}
        {runs.data?.length === 0 && <p className="soft">{K.noRuns}</p>}
        {runs.data && <Runs runs={runs.data} />}
      </section>
      <section className="card" aria-label={K.versions}>
        <h2>{K.versions}</h2>
        {versions.problem && <ProblemNotice problem={versions.problem} />}
        <ul className="plain-list">
          {versions.data?.map((one) => (
            <li key={one.version}>
              {one.version}{' '}
              <span className="soft">
                {runWords(one.run)} · <Moment at={one.updatedAt} />
              </span>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

function Facts({ task }: { task: CatalogueTask }) {
  const { id, projectId, priority, version, createdAt, updatedAt } = task;
  const { data: project } = usePoll(
    `project ${projectId}`,
    (signal) => catalogue.project(projectId, signal),
    null,
  );
  const facts: [string, ReactNode][] = [
    [
      K.project,
      <a key="project" href={linkTo(['catalogue'], { project: projectId })}>
        {project?.name ?? projectId}
      </a>,
    ],
    [
      K.id,
      <span key="id" className="code">
        {id}
      </span>,
    ],
    [K.priority, priority],
    [K.version, version],
    [K.created, <Moment key="created" at={createdAt} />],
    [K.changed, <Moment key="changed" at={updatedAt} />],
  ];
  return (
    <dl className="times">
      {facts
        .filter(([, value]) => value !== null)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function Run({ run }: { run: CatalogueRun | null }) {
  if (run === null) return <p className="soft">{K.saysNothing}</p>;
  if (!('graph' in run)) {
    const { input, ...program } = run;
    return (
      <>
        {'task' in program ? (
          <p className="code">{program.task}</p>
        ) : (
          <JsonBlock value={program} label={K.ranBy} />
        )}
        {input !== undefined && (
          <>
            <h3>{K.input}</h3>
            <JsonBlock value={input} label={K.input} />
          </>
        )}
      </>
    );
  }
  return (
    <>
      <h3>{K.params}</h3>
      <ParamsTable params={run.graph.params ?? {}} />
      <h3>{S.graph}</h3>
      <pre className="code" tabIndex={0} role="region" aria-label={S.graph}>
        {textOf(run.graph, 'yaml')}
      </pre>
    </>
  );
}

function Runs({ runs }: { runs: readonly ExecutionRecord[] }) {
  return (
    <ul className="plain-list">
      {runs.map(({ executionId, status, startedAt, createdAt, durationMs }) => (
        <li key={executionId}>
          <Badge status={status} />{' '}
          <a className="code" href={linkTo(['executions', executionId])}>
            {executionId}
          </a>{' '}
          <span className="soft">
            <Moment at={startedAt ?? createdAt} />
            {durationMs !== null && ` · ${durationText(durationMs)}`}
          </span>
        </li>
      ))}
    </ul>
  );
}
