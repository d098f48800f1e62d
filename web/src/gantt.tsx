/** When each node ran: a bar from its start to its end, and a thin line for what it waited before. */
import { useMemo } from 'react';
import type { NodeView } from '../../src/workflows/messages.js';
import { useNow } from './poll.js';
import { isTerminal, Sign, toneOf } from './status.js';
import { S, STATUS_WORDS } from './strings/page.js';
import { durationText } from './time.js';

interface Props {
  nodes: ReadonlyMap<string, NodeView>;
  selected: string | null;
  onSelect: (nodeId: string) => void;
}

interface Scale {
  from: number;
  to: number;
}

export function Gantt({ nodes, selected, onSelect }: Props) {
  const started = useMemo(
    () =>
      [...nodes.values()]
        .filter(({ startedAt }) => startedAt)
        .sort((a, b) => Date.parse(a.startedAt ?? '') - Date.parse(b.startedAt ?? '')),
    [nodes],
  );
  const now = useNow(started.some(({ status }) => !isTerminal(status)));
  const rest = nodes.size - started.length;
  const scale = scaleOf(started, now);
  return (
    <section className="gantt" aria-label={S.gantt}>
      {started.length > 0 && <Axis {...scale} />}
      <ol>
        {started.map((view) => (
          <li key={view.id}>
            <button
              type="button"
              aria-pressed={view.id === selected}
              onClick={() => onSelect(view.id)}
            >
              <span className={`label ${toneOf(view.status)}`}>
                <Sign status={view.status} />
                <span className="id">{view.id}</span>
                <span className="hidden">{STATUS_WORDS[view.status]}</span>
              </span>
              <Track {...{ view, scale, now }} />
            </button>
          </li>
        ))}
      </ol>
      {rest > 0 && <p className="soft">{S.notStarted(rest)}</p>}
    </section>
  );
}

function scaleOf(views: readonly NodeView[], now: number): Scale {
  let from = Infinity;
  let to = -Infinity;
  for (const { readyAt, startedAt, endedAt } of views) {
    from = Math.min(from, Date.parse(readyAt ?? startedAt ?? ''), Date.parse(startedAt ?? ''));
    to = Math.max(to, endedAt ? Date.parse(endedAt) : now);
  }
  return { from, to: Math.max(to, from + 1) };
}

function Track({ view, scale, now }: { view: NodeView; scale: Scale; now: number }) {
  const { startedAt = '', readyAt = startedAt, endedAt, status, attemptHistory } = view;
  const start = Date.parse(startedAt);
  const end = endedAt ? Date.parse(endedAt) : now;
  const waited = start - Date.parse(readyAt);
  const words = `${S.run} ${durationText(end - start)}${waited > 0 ? `, ${S.wait} ${durationText(waited)}` : ''}`;
  // Between attempts it waits: the line goes on, the bars are what ran.
  const past = attemptHistory?.filter((attempt) => attempt.endedAt) ?? [];
  const known = past.length > 0 && (endedAt !== undefined || status === 'RETRYING');
  return (
    <span className="track" title={words}>
      <span className="wait" style={stretch(Date.parse(readyAt), known ? end : start, scale)} />
      {known ? (
        past.map((attempt) => (
          <span
            key={attempt.attempt}
            className={`bar ${toneOf(attempt.outcome)}`}
            style={stretch(Date.parse(attempt.startedAt), Date.parse(attempt.endedAt ?? ''), scale)}
          />
        ))
      ) : (
        <span
          className={`bar ${toneOf(status)} ${endedAt ? '' : 'open'}`}
          style={stretch(start, end, scale)}
        />
      )}
      <span className="hidden">{words}</span>
    </span>
  );
}

function stretch(start: number, end: number, { from, to }: Scale) {
  const percent = (ms: number) => `${(100 * Math.max(0, ms)) / (to - from)}%`;
  return { left: percent(start - from), width: percent(end - start) };
}

const TICKS = [0, 0.25, 0.5, 0.75, 1];

function Axis({ from, to }: Scale) {
  return (
    <div className="axis soft" aria-hidden="true">
      {TICKS.map((part) => (
        <span key={part} style={{ left: `${100 * part}%` }}>
          {part === 0 ? '0' : durationText(part * (to - from))}
        </span>
      ))}
    </div>
  );
}
