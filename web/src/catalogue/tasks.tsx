/** Tasks of the catalogue, of one project or of all. */
import type { CatalogueRun } from '../../../src/client/catalogue-run.js';
import type { CatalogueTask } from '../../../src/client/catalogue.js';
import { linkTo } from '../route.js';
import { K } from '../strings/catalogue.js';
import { Moment } from '../time.js';
import { catalogue, type Filter } from './calls.js';
import { Paged } from './paged.js';

export function Tasks({ filter, projectId }: { filter: Filter; projectId?: string }) {
  const name = `tasks ${JSON.stringify(filter)} ${projectId}`;
  return (
    <section className="card" aria-label={K.tasks}>
      <h2>{K.tasks}</h2>
      <Paged
        key={name}
        name={name}
        ask={(cursor, signal) => catalogue.tasks(filter, projectId, cursor, signal)}
        empty={K.noTasks}
      >
        {(items) => <Table items={items} />}
      </Paged>
    </section>
  );
}

function Table({ items }: { items: readonly CatalogueTask[] }) {
  return (
    <table className="list">
      <thead>
        <tr>
          <th scope="col">{K.task}</th>
          <th scope="col">{K.runs}</th>
          <th scope="col">{K.priority}</th>
          <th scope="col">{K.changed}</th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ id, name, description, archived, run, priority, updatedAt }) => (
          <tr key={id}>
            <td className="name">
              <a href={linkTo(['catalogue'], { task: id })}>{name}</a>
              <span className="soft">
                {archived && <Archived />} {description}
              </span>
            </td>
            <td>{runWords(run)}</td>
            <td className="soft">{priority}</td>
            <td className="soft">
              <Moment at={updatedAt} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Archived() {
  return <span className="badge idle">{K.archived}</span>;
}

export function runWords(run: CatalogueRun | null): string {
  if (run === null) return K.saysNothing;
  if ('task' in run) return run.task;
  if ('graph' in run) return run.graph.name ?? K.graph;
  if ('container' in run) return `container ${run.container.image}`;
  return 'process' in run ? 'process' : 'faas';
}
