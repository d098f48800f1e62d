/** One node beside the graph: how it stands, why it waits, what went in and came out, its attempts. */
import { useEffect, useRef, useState } from 'react';
import type { NodeView } from '../../src/workflows/messages.js';
import { nodeActions, type runsAgain } from './actions.js';
import { api, type NodeRecord } from './api.js';
import { Artifacts } from './artifacts.js';
import { Attempts, Failed } from './failed.js';
import { Confirm, type Question } from './dialog.js';
import { LogPanel } from './logs.js';
import { JsonBlock } from './notice.js';
import { usePoll } from './poll.js';
import { linkTo } from './route.js';
import { Badge, isTerminal } from './status.js';
import { REASON_WORDS, S } from './strings/page.js';
import { durationText, Moment, spanMs } from './time.js';

const EVERY_MS = 3_000;

interface Props {
  /** Of which it is a node: of an item the one below its map. */
  executionId: string;
  /** What it is called here. */
  name: string;
  view: NodeView;
  /** How all that it is part of runs again. */
  again: ReturnType<typeof runsAgain>;
  onClose: () => void;
}

export function NodeDrawer({ executionId, name, view, again, onClose }: Props) {
  const { id, status, attempts } = view;
  const heading = useRef<HTMLHeadingElement>(null);
  const [question, setQuestion] = useState<Question>();
  const ended = isTerminal(status);
  const record = usePoll(
    `${executionId} ${id} ${status} ${attempts}`,
    (signal) => api.node(executionId, id, signal),
    ended ? null : EVERY_MS,
  );
  useFocus(heading);
  return (
    <aside
      className="drawer"
      role="dialog"
      aria-labelledby="drawer-title"
      onKeyDown={(event) => event.key === 'Escape' && !question && onClose()}
    >
      <header>
        <h2 id="drawer-title" tabIndex={-1} ref={heading}>
          {name}
        </h2>
        <button type="button" className="plain close" aria-label={S.close} onClick={onClose}>
          ✕
        </button>
      </header>
      <div className="facts">
        <Badge status={status} warnings={view.warnings?.length ?? 0} />
        {view.reason && <span className="soft">{REASON_WORDS[view.reason]}</span>}
        {attempts > 0 && (
          <span className="soft">
            {ended ? S.attemptsMade(attempts) : S.attempt(attempts, view.maxRetries + 1)}
          </span>
        )}
      </div>
      {(view.error ?? record.data?.error) && (
        <Failed {...{ executionId, view, again }} record={record.data} />
      )}
      <div className="buttons" role="group" aria-label={S.actions}>
        {nodeActions(executionId, view).map((one) => (
          <button
            key={one.verb}
            type="button"
            className={one.dangerous ? 'danger' : one.verb === S.approve ? 'primary' : ''}
            onClick={() => setQuestion(one)}
          >
            {one.verb}
          </button>
        ))}
      </div>
      {!ended && <Why {...{ executionId, id }} version={`${status} ${attempts}`} />}
      <Body view={view} record={record.data} />
      {attempts > 0 && view.kind !== 'approval' && (
        <LogPanel {...{ executionId, ended }} nodeId={id} label={S.logs} heading />
      )}
      {(record.data?.artifacts?.length ?? 0) > 0 && (
        <Artifacts {...{ executionId }} nodeId={id} version={status} />
      )}
      {(view.kind === 'graph' || view.kind === 'map') && (
        <p>
          <a href={linkTo(['executions', `${executionId}/${id}`])}>{S.openBelow} →</a>
        </p>
      )}
      {question && (
        <Confirm
          question={question}
          onClose={() => {
            setQuestion(undefined);
            record.refresh();
          }}
        />
      )}
    </aside>
  );
}

/** The heading takes the focus, and gives it back to what had it. */
function useFocus(heading: React.RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const before = document.activeElement;
    heading.current?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement && before.isConnected)
        before.focus({ preventScroll: true });
    };
  }, [heading]);
}

function Why({ executionId, id, version }: { executionId: string; id: string; version: string }) {
  const { data } = usePoll(
    `${executionId} ${id} ${version}`,
    (signal) => api.explainNode(executionId, id, signal),
    EVERY_MS,
  );
  const found = data?.nodes.find(({ nodeId }) => nodeId === id);
  if (!found) return null;
  return (
    <section>
      <h3>{S.whyItWaits}</h3>
      <p>{found.sentence}</p>
      {found.bound && (
        <p className="soft">
          {S.until} <Moment at={found.bound.at} /> ({found.bound.by} → {found.bound.then})
        </p>
      )}
    </section>
  );
}

function Body({ view, record }: { view: NodeView; record: NodeRecord | undefined }) {
  const warnings = record?.warnings ?? view.warnings ?? [];
  const history = record?.attemptHistory ?? view.attemptHistory ?? [];
  return (
    <>
      {view.approval && !isTerminal(view.status) && (
        <p className="note warning">{view.approval.message}</p>
      )}
      {warnings.length > 0 && (
        <section>
          <h3>{S.warnings}</h3>
          {warnings.map((text, index) => (
            <p key={index} className="note warning">
              {text}
            </p>
          ))}
        </section>
      )}
      <Times view={view} />
      {record?.input !== undefined && record.input !== null && (
        <section>
          <h3>{S.input}</h3>
          <JsonBlock value={record.input} label={S.input} />
        </section>
      )}
      {record && record.output !== null && record.output !== undefined && (
        <section>
          <h3>{S.output}</h3>
          <JsonBlock value={record.output} label={S.output} />
        </section>
      )}
      {history.length > 0 && !(view.error ?? record?.error) && <Attempts history={history} />}
    </>
  );
}

function Times({
  view: { readyAt, startedAt, endedAt, nextRetryAt, executionTimeMs },
}: {
  view: NodeView;
}) {
  const moments = [
    [S.ready, readyAt],
    [S.started, startedAt],
    [S.ended, endedAt],
    [S.nextRetry, endedAt ? undefined : nextRetryAt],
  ] as const;
  const took = endedAt ? spanMs(startedAt, endedAt, 0) : null;
  return (
    <dl className="times">
      {moments.map(
        ([name, at]) =>
          at && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <Moment at={at} />
              </dd>
            </div>
          ),
      )}
      {took !== null && (
        <div>
          <dt>{S.duration}</dt>
          <dd>{durationText(took)}</dd>
        </div>
      )}
      {!!executionTimeMs && (
        <div>
          <dt>{S.runTime}</dt>
          <dd>{durationText(executionTimeMs)}</dd>
        </div>
      )}
    </dl>
  );
}
