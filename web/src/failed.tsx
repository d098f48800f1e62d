/** What went wrong with a node: its error, its attempts, and what can be done next; at the top of the drawer. */
import type { AttemptRecord } from '../../src/domain/outcome.js';
import type { NodeView } from '../../src/workflows/messages.js';
import { rerunLink, type runsAgain } from './actions.js';
import { api, type NodeRecord } from './api.js';
import { usePoll } from './poll.js';
import { isTerminal, toneOf } from './status.js';
import { S, STATUS_WORDS } from './strings/page.js';
import { durationText, Moment, spanMs } from './time.js';

interface Props {
  executionId: string;
  view: NodeView;
  record: NodeRecord | undefined;
  /** How all that it is part of runs again. */
  again: ReturnType<typeof runsAgain>;
}

export function Failed({ executionId, view, record, again }: Props) {
  const error = view.error ?? record?.error;
  const history = record?.attemptHistory ?? view.attemptHistory ?? [];
  if (!error) return null;
  return (
    <>
      <section>
        <h3>{S.error}</h3>
        <p className="note" data-error={error.code}>
          <strong className="code">{error.code}</strong> {error.message}
        </p>
        {error.stack && (
          <details>
            <summary>{S.stack}</summary>
            <pre className="code" tabIndex={0} role="region" aria-label={S.stack}>
              {error.stack}
            </pre>
          </details>
        )}
      </section>
      {history.length > 0 && <Attempts history={history} />}
      {isTerminal(view.status) && <NextStep {...{ executionId, view, again }} />}
    </>
  );
}

function NextStep({ executionId, view: { id, status }, again }: Omit<Props, 'record'>) {
  const { data } = usePoll(
    `${executionId} ${id} ${status}`,
    (signal) => api.explainNode(executionId, id, signal),
    null,
  );
  const found = data?.nodes.find(({ nodeId }) => nodeId === id);
  return (
    <section>
      <h3>{S.nextStep}</h3>
      {found && <p>{found.failure ? asSentence(found.failure.sentence) : found.sentence}</p>}
      <p>
        {S.mendAnd[again]}
        {again === 'rerun' && (
          <>
            {' '}
            <a href={rerunLink(executionId, id)} data-rerun={id}>
              {S.runFromHere}
            </a>
          </>
        )}
      </p>
    </section>
  );
}

const asSentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

export function Attempts({ history }: { history: readonly AttemptRecord[] }) {
  return (
    <section>
      <h3>{S.attempts}</h3>
      <ol className="attempts">
        {history.map((attempt) => (
          <Attempt key={attempt.attempt} attempt={attempt} />
        ))}
      </ol>
    </section>
  );
}

function Attempt({ attempt: one }: { attempt: AttemptRecord }) {
  const { attempt, startedAt, endedAt, outcome, error, worker } = one;
  const word = outcome === 'WORKER_LOST' ? S.workerLost : STATUS_WORDS[outcome];
  return (
    <li>
      <p>
        <strong>{attempt}.</strong> <span className={toneOf(outcome)}>{word}</span>{' '}
        <span className="soft">
          <Moment at={startedAt} />
          {endedAt && ` · ${durationText(spanMs(startedAt, endedAt, 0) ?? 0)}`}
        </span>
      </p>
      {error && (
        <p className="said">
          <span className="code">{error.code}</span> {error.message}
        </p>
      )}
      {worker && (
        <p className="soft code small">
          {S.worker} {worker}
        </p>
      )}
    </li>
  );
}
