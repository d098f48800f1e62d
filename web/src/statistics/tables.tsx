/** The figures as tables: of each period, of what fails most, and of what runs longest. */
import type { StatsGroup } from '../../../src/store/stats.js';
import type { Status } from '../../../src/domain/status.js';
import { linkTo } from '../route.js';
import { STATUS_WORDS } from '../strings/page.js';
import { T } from '../strings/statistics.js';
import { valueText } from './plot.js';
import type { Choice } from './query.js';
import { endedOf, periodText, rateOf, rateText, type Series } from './series.js';

export function FiguresTable({ series: { at, figures, by } }: { series: Series }) {
  const heads = [
    ...[T.ended, T.successful, T.failed, T.cancelled, T.skipped, T.rate, T.retries],
    ...[T.runP50, T.runP95, T.waitP50, T.waitP95],
  ];
  return (
    <details className="card">
      <summary>{T.asTable}</summary>
      <div className="scroll figures" tabIndex={0} role="region" aria-label={T.asTable}>
        <table>
          <thead>
            <tr>
              <th scope="col">{T.period}</th>
              {heads.map((head) => (
                <th key={head} scope="col" className="number">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {at.map((time, index) => {
              const one = figures[index];
              if (!one) return null;
              const { successful, failed, cancelled, skipped, totalRetries, runMs, waitMs } = one;
              const counts = [endedOf(one), successful, failed, cancelled, skipped];
              const times = [runMs.p50, runMs.p95, waitMs.p50, waitMs.p95];
              const cells = [
                ...[...counts.map(String), rateText(rateOf(one)), String(totalRetries)],
                ...times.map((ms) => valueText(ms, 'ms')),
              ];
              return (
                <tr key={time} data-period={time}>
                  <th scope="row">{periodText(time, by)}</th>
                  {cells.map((text, column) => (
                    <td key={heads[column]} className="number">
                      {text}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** The list of executions of a task, as the statistics are narrowed. */
function listOf({ project, kind }: Choice, taskId: string, status?: Status): string {
  return linkTo(['executions'], { status, taskId, project, kind });
}

/** A task by its name, which leads to its executions; what has none cannot be asked for. */
function Name({ choice, group: { key } }: { choice: Choice; group: StatsGroup }) {
  const name = key.task;
  if (typeof name !== 'string') return <span className="soft">{T.noName}</span>;
  return <a href={listOf(choice, name)}>{name}</a>;
}

const FAILED: readonly Status[] = ['FAILED', 'TIMEOUT', 'REJECTED'];

export function Failing({ choice, groups }: { choice: Choice; groups: readonly StatsGroup[] }) {
  const failing = groups.filter(({ failed }) => failed > 0);
  return (
    <section className="card">
      <h2>{T.failing}</h2>
      {failing.length === 0 && <p className="soft">{T.noneFails}</p>}
      {failing.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label={T.failing}>
          <table className="ranking">
            <thead>
              <tr>
                <th scope="col">{T.name}</th>
                <th scope="col" className="number">
                  {T.failed}
                </th>
                <th scope="col">{T.how}</th>
              </tr>
            </thead>
            <tbody>
              {failing.map((group) => (
                <tr key={String(group.key.task)} data-task={group.key.task}>
                  <td>
                    <Name {...{ choice, group }} />
                  </td>
                  <td className="number">{T.nOfM(group.failed, endedOf(group))}</td>
                  <td>
                    <Ways {...{ choice, group }} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** `2 failed`, `1 timeout`: each with the executions that ended so. */
function Ways({ choice, group: { key, byStatus } }: { choice: Choice; group: StatsGroup }) {
  const name = key.task;
  return (
    <ul className="ways-failed">
      {FAILED.filter((status) => byStatus[status]).map((status) => {
        const words = `${byStatus[status]} ${STATUS_WORDS[status]}`;
        return (
          <li key={status}>
            {typeof name === 'string' ? <a href={listOf(choice, name, status)}>{words}</a> : words}
          </li>
        );
      })}
    </ul>
  );
}

export function Slowest({ choice, groups }: { choice: Choice; groups: readonly StatsGroup[] }) {
  const ran = groups.filter(({ runMs }) => runMs.p95 !== null);
  return (
    <section className="card">
      <h2>{T.slowest}</h2>
      {ran.length === 0 && <p className="soft">{T.noneRan}</p>}
      {ran.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label={T.slowest}>
          <table className="ranking">
            <thead>
              <tr>
                <th scope="col">{T.name}</th>
                {[T.ended, T.p50, T.p95].map((head) => (
                  <th key={head} scope="col" className="number">
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {ran.map((group) => (
                <tr key={String(group.key.task)} data-task={group.key.task}>
                  <td>
                    <Name {...{ choice, group }} />
                  </td>
                  <td className="number">{endedOf(group)}</td>
                  <td className="number">{valueText(group.runMs.p50, 'ms')}</td>
                  <td className="number">{valueText(group.runMs.p95, 'ms')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
