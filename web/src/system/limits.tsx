/** The limits in use, who has them and who waits, and how they are changed. */
import { useState } from 'react';
import type { LimitRecord, LimitStatus } from '../../../src/client/limits.js';
import { api } from '../api.js';
import type { Question } from '../dialog.js';
import { Loading, ProblemNotice } from '../notice.js';
import { usePoll } from '../poll.js';
import { linkTo } from '../route.js';
import { Y } from '../strings/system.js';
import { Moment } from '../time.js';
import { changeLimit, resetLimit } from './questions.js';
import { Table, type Head } from './table.js';

const EVERY_MS = 3_000;

const HEADS: readonly Head[] = [
  ...[{ text: Y.limit }, { text: Y.project }, { text: Y.places, isNumber: true } as const],
  ...[{ text: Y.since }, { text: Y.actions, isHidden: true } as const],
];

interface Props {
  limits: readonly LimitRecord[];
  onAsk: (question: Question) => void;
}

export function Limits({ limits, onAsk }: Props) {
  return (
    <section className="card wide">
      <h2>{Y.limits}</h2>
      <p className="soft">{Y.limitsText}</p>
      {limits.length === 0 && <p>{Y.noLimits}</p>}
      {limits.length > 0 && (
        <Table label={Y.limits} heads={HEADS}>
          {limits.map((limit) => (
            <Limit key={limit.workflowId} {...{ limit, onAsk }} />
          ))}
        </Table>
      )}
    </section>
  );
}

function Limit({ limit, onAsk }: { limit: LimitRecord; onAsk: Props['onAsk'] }) {
  const [isOpen, setOpen] = useState(false);
  const { key, project, max, defined, startedAt } = limit;
  return (
    <>
      <tr data-limit={key}>
        <td className="code">{key}</td>
        <td className={project === null ? 'soft' : ''}>{project ?? Y.noProject}</td>
        <td className="number">
          <strong data-max>{max}</strong>
          {max !== defined && <div className="soft small">{Y.defined(defined)}</div>}
        </td>
        <td className="soft">
          <Moment at={startedAt} />
        </td>
        <td>
          <div className="buttons end-cell">
            <button
              type="button"
              aria-expanded={isOpen}
              aria-label={Y.whoOf(key)}
              onClick={() => setOpen(!isOpen)}
            >
              {Y.who}
            </button>
            {max !== defined && (
              <button
                type="button"
                aria-label={`${Y.changeLimit(key)}: ${Y.backTo(defined)}`}
                onClick={() => onAsk(resetLimit(limit))}
              >
                {Y.backTo(defined)}
              </button>
            )}
            <button
              type="button"
              aria-label={Y.changeLimit(key)}
              onClick={() => onAsk(changeLimit(limit))}
            >
              {Y.change}
            </button>
          </div>
        </td>
      </tr>
      {isOpen && (
        <tr className="who" data-who={key}>
          <td colSpan={HEADS.length}>
            <Who limit={limit} />
          </td>
        </tr>
      )}
    </>
  );
}

function Who({ limit: { key, project, workflowId } }: { limit: LimitRecord }) {
  const { data, problem, refresh } = usePoll(
    workflowId,
    (signal) => api.limit(key, project, signal),
    EVERY_MS,
  );
  if (!data) return problem ? <ProblemNotice problem={problem} onRetry={refresh} /> : <Loading />;
  const { used, max, holders, waiters } = data;
  return (
    <>
      <p>{Y.taken(used, max)}</p>
      {holders.length + waiters.length === 0 ? (
        <p className="soft">{Y.noneThere}</p>
      ) : (
        <Table label={Y.whoOf(key)} heads={WHO_HEADS}>
          {holders.map((one) => (
            <Place key={`has ${one.executionId} ${one.weight}`} place={one} state="has" />
          ))}
          {waiters.map((one) => (
            <Place key={`waits ${one.executionId} ${one.weight}`} place={one} state="waits" />
          ))}
        </Table>
      )}
    </>
  );
}

const WHO_HEADS: readonly Head[] = [
  ...[{ text: Y.execution }, { text: Y.state }],
  ...[{ text: Y.held, isNumber: true } as const, { text: Y.weight, isNumber: true } as const],
  { text: Y.from },
];

function Place({
  place: { executionId, places, weight, since },
  state,
}: {
  place: LimitStatus['holders'][number];
  state: 'has' | 'waits';
}) {
  return (
    <tr data-place={state}>
      <td className="code">
        <a href={linkTo(['executions', executionId])}>{executionId}</a>
      </td>
      <td className={state === 'waits' ? 'warn' : ''}>{Y[state]}</td>
      <td className="number">{places}</td>
      <td className="number">{weight}</td>
      <td className="soft">
        <Moment at={since} />
      </td>
    </tr>
  );
}
