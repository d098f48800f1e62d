/** The catalogue: projects, the tasks that people define in them, and the pipelines that are run by name. */
import type { Project } from '../../../src/client/catalogue.js';
import { Loading, ProblemNotice } from '../notice.js';
import { usePoll } from '../poll.js';
import { linkTo } from '../route.js';
import { K } from '../strings/catalogue.js';
import { S } from '../strings/page.js';
import { Moment } from '../time.js';
import { ownerActions } from './actions.js';
import { ActionButtons } from '../action-buttons.js';
import { catalogue, type Filter } from './calls.js';
import { CatalogueFilter } from './filter.js';
import { Paged } from './paged.js';
import { Pipelines } from './pipelines.js';
import { TaskDetail } from './task.js';
import { Archived, Tasks } from './tasks.js';
import './catalogue.css';

export function CatalogueView({ query }: { query: URLSearchParams }) {
  const filter = { text: query.get('text') ?? '', archived: query.get('archived') ?? '' };
  const task = query.get('task');
  const project = query.get('project');
  if (task !== null) return <TaskDetail key={task} id={task} />;
  if (project !== null) return <ProjectDetail key={project} id={project} filter={filter} />;
  return (
    <>
      <div className="title">
        <h1>{S.catalogue}</h1>
        <CatalogueFilter filter={filter} project={null} />
      </div>
      <div className="catalogue">
        <Projects filter={filter} />
        <Tasks filter={filter} />
        <Pipelines text={filter.text} />
      </div>
    </>
  );
}

function Projects({ filter }: { filter: Filter }) {
  const name = `projects ${JSON.stringify(filter)}`;
  return (
    <section className="card" aria-label={K.projects}>
      <h2>{K.projects}</h2>
      <Paged
        key={name}
        name={name}
        ask={(cursor, signal) => catalogue.projects(filter, cursor, signal)}
        empty={K.noProjects}
      >
        {(items) => <ProjectTable items={items} />}
      </Paged>
    </section>
  );
}

function ProjectTable({ items }: { items: readonly Project[] }) {
  return (
    <table className="list">
      <thead>
        <tr>
          <th scope="col">{K.project}</th>
          <th scope="col">{K.changed}</th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ id, name, description, archived, updatedAt }) => (
          <tr key={id}>
            <td className="name">
              <a href={linkTo(['catalogue'], { project: id })}>{name}</a>
              <span className="soft">
                {archived && <Archived />} {description}
              </span>
            </td>
            <td className="soft">
              <Moment at={updatedAt} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ProjectDetail({ id, filter }: { id: string; filter: Filter }) {
  const { data, problem, refresh } = usePoll(
    `project ${id}`,
    (signal) => catalogue.project(id, signal),
    null,
  );
  return (
    <>
      <p className="crumb">
        <a href={linkTo(['catalogue'])}>← {K.all}</a>
      </p>
      <div className="title">
        <h1>{data?.name ?? id}</h1>
        {data?.archived && <Archived />}
        {data && <ActionButtons questions={ownerActions('projects', data)} onDone={refresh} />}
      </div>
      {problem && <ProblemNotice problem={problem} onRetry={refresh} />}
      {!data && !problem && <Loading />}
      {data && <p>{data.description}</p>}
      {data && (
        <div className="title">
          <CatalogueFilter filter={filter} project={id} />
        </div>
      )}
      {data && <Tasks filter={filter} projectId={id} />}
    </>
  );
}
