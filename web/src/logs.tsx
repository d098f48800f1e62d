/** What tasks logged: of an execution or of one node, live, filtered by level. */
import { useEffect, useId, useRef, useState } from 'react';
import type { LogLine } from '../../src/domain/log-line.js';
import { useLog } from './log-feed.js';
import { Loading, ProblemNotice } from './notice.js';
import { S } from './strings/page.js';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

interface Props {
  executionId: string;
  nodeId?: string;
  ended: boolean;
  label: string;
  /** In the drawer it has a heading of its own. */
  heading?: boolean;
}

export function LogPanel({ executionId, nodeId, ended, label, heading }: Props) {
  const [level, setLevel] = useState('');
  const id = useId();
  const { lines, loaded, more, problem, older } = useLog(executionId, {
    node: nodeId,
    level: level || undefined,
  });
  const box = useRef<HTMLDivElement>(null);
  // It stays at the end unless somebody has scrolled away from it.
  const atEnd = useRef(true);
  useEffect(() => {
    const { current } = box;
    if (current && atEnd.current) current.scrollTop = current.scrollHeight;
  }, [lines]);
  return (
    <section className={heading ? 'logs' : 'logs wide'} aria-label={label}>
      <div className="label-line">
        {heading && <h3>{label}</h3>}
        {!ended && loaded && <span className="soft live">{S.live}</span>}
        <label className="soft small" htmlFor={id}>
          {S.level}
        </label>
        <select id={id} value={level} onChange={(event) => setLevel(event.target.value)}>
          <option value="">{S.everyLevel}</option>
          {LEVELS.slice(1).map((one) => (
            <option key={one} value={one}>
              {S.levels[one]}
            </option>
          ))}
        </select>
      </div>
      {problem && <ProblemNotice problem={problem} />}
      <div
        ref={box}
        className="lines code"
        role="log"
        aria-label={label}
        aria-live="off"
        tabIndex={0}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
          (atEnd.current = scrollHeight - scrollTop - clientHeight < 40)
        }
      >
        {more && (
          <button type="button" className="plain" onClick={older}>
            {S.olderLines}
          </button>
        )}
        {!loaded && !problem && <Loading />}
        {loaded && lines.length === 0 && <p className="soft">{S.noLines}</p>}
        {lines.map((line) => (
          <Line key={line.position} line={line} withNode={nodeId === undefined} />
        ))}
      </div>
    </section>
  );
}

const CLOCK = new Intl.DateTimeFormat('en-GB', {
  ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
  fractionalSecondDigits: 3,
});

function Line({ line, withNode }: { line: LogLine; withNode: boolean }) {
  const { at, level, source, text, fields, nodeId, attempt } = line;
  const said = source === 'log' ? S.levels[level] : source;
  return (
    <div className={`log-line ${level}`} data-level={level}>
      <time className="soft" dateTime={at} title={at}>
        {CLOCK.format(new Date(at))}
      </time>{' '}
      {withNode && nodeId !== null && <span className="node">{nodeId}</span>}{' '}
      {attempt > 1 && <span className="soft">#{attempt} </span>}
      <span className="level">{said}</span> {text}
      {fields && <span className="soft"> {JSON.stringify(fields)}</span>}
    </div>
  );
}
