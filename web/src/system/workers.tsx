/** Who works and what waits: queues, workers, and the ways in which they can run things. */
import type { SystemDetail, WorkerDetail } from '../../../src/client/system-detail.js';
import type { Isolation } from '../../../src/domain/choose-runner.js';
import type { ModeAnswer } from '../../../src/workflows/asks.js';
import { Y } from '../strings/system.js';
import { durationText, Moment } from '../time.js';
import { Table, type Head } from './table.js';

const number = (text: string): Head => ({ text, isNumber: true });

const QUEUE_HEADS: readonly Head[] = [
  ...[{ text: Y.queue }, number(Y.workers), number(Y.backlog), number(Y.age)],
  ...[number(Y.added), number(Y.dispatched)],
];

export function Queues({ queues }: Pick<SystemDetail, 'queues'>) {
  if (queues.length === 0) return null;
  return (
    <section className="card wide">
      <h2>{Y.queues}</h2>
      <p className="soft">{Y.queuesText}</p>
      <Table label={Y.queues} heads={QUEUE_HEADS}>
        {queues.map(({ queue, workers, backlog, backlogAgeMs, ...rates }) => (
          <tr key={queue} data-queue={queue}>
            <td>
              <span className="code">{queue}</span>
              {workers === 0 && (backlog ?? 0) > 0 && <div className="bad small">{Y.nobody}</div>}
            </td>
            <td className="number">{workers}</td>
            <td className="number">{backlog ?? '–'}</td>
            <td className="number">{backlogAgeMs ? durationText(backlogAgeMs) : '–'}</td>
            <td className="number">{rateText(rates.addedPerSecond)}</td>
            <td className="number">{rateText(rates.dispatchedPerSecond)}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

const rateText = (rate: number | null): string =>
  rate === null ? '–' : String(Math.round(rate * 100) / 100);

const WORKER_HEADS: readonly Head[] = [
  ...[{ text: Y.worker }, number(Y.busy), { text: Y.runs }, { text: Y.tasks }],
  { text: Y.started },
];

export function Workers({ workers }: Pick<SystemDetail, 'workers'>) {
  return (
    <section className="card wide">
      <h2>{Y.workers}</h2>
      {workers.length === 0 && <p className="warn">{Y.noWorker}</p>}
      {workers.length > 0 && (
        <Table label={Y.workers} heads={WORKER_HEADS}>
          {workers.map((worker) => (
            <Worker key={worker.identity} worker={worker} />
          ))}
        </Table>
      )}
    </section>
  );
}

function Worker({ worker: { identity, lastSeen, detail } }: { worker: WorkerDetail }) {
  const seen = lastSeen && (
    <div className="soft small">
      {Y.seen} <Moment at={lastSeen} />
    </div>
  );
  if (!detail)
    return (
      <tr data-worker={identity}>
        <td>
          <span className="code">{identity}</span>
          {seen}
        </td>
        <td className="warn" colSpan={WORKER_HEADS.length - 1}>
          {Y.silent}
        </td>
      </tr>
    );
  const { version, node, startedAt, tasks, modes, programs, lacks, running, slots } = detail;
  return (
    <tr data-worker={identity}>
      <td>
        <span className="code">{identity}</span>
        <div className="soft small">{Y.version(version, node)}</div>
        {seen}
        {detail.overrunning.map(({ executionId, task, sinceMs }) => (
          <div key={executionId} className="warn small">
            {Y.overruns(task, durationText(sinceMs))}
          </div>
        ))}
      </td>
      <td className="number">{Y.nOfM(running, slots)}</td>
      <td>
        <ul className="plain-list">
          {[...modes, ...programs].map((mode, index) => (
            <li key={index}>{modeText(mode)}</li>
          ))}
          {Object.entries(lacks).map(([kind, why]) => (
            <li key={kind} className="soft small">
              {Y.lacks} {kind} ({why})
            </li>
          ))}
        </ul>
      </td>
      <td>
        <details>
          <summary>{tasks.length}</summary>
          <span className="code">{tasks.join(', ')}</span>
        </details>
      </td>
      <td className="soft">
        <Moment at={startedAt} />
      </td>
    </tr>
  );
}

/** `in a thread, 4 at once (seccomp on)`. */
function modeText({ mode, size, enforces }: ModeAnswer): string {
  const held = Object.entries(enforces ?? {}).map(([name, how]) => `${name} ${how}`);
  const most = size === null ? '' : `, ${Y.atOnce(size)}`;
  return `${Y.modeWords[mode]}${most}${held.length > 0 ? ` (${held.join(', ')})` : ''}`;
}

export function Modes({ modes }: Pick<SystemDetail, 'modes'>) {
  const known = Object.entries(modes) as [Isolation, number][];
  if (known.length === 0) return null;
  return (
    <section className="card wide">
      <h2>{Y.modes}</h2>
      <p className="soft">{Y.modesText}</p>
      <Table label={Y.modes} heads={[{ text: Y.mode }, number(Y.workers)]}>
        {known.map(([mode, count]) => (
          <tr key={mode} data-mode={mode}>
            <td>
              {Y.modeWords[mode]} <span className="code soft">{mode}</span>
            </td>
            <td className="number">{count}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
