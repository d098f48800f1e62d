/** The next times of what is typed, asked of the server once typing rests. */
import { Fragment } from 'react';
import { usePoll, useLast, useSettled } from '../poll.js';
import { C } from '../strings/schedules.js';
import { Moment } from '../time.js';
import { schedules } from './calls.js';
import { ownZone } from './said.js';

const TYPING_MS = 300;
const SHOWN = 5;

export function Preview({ times }: { times: Record<string, string> | undefined }) {
  const text = useSettled(JSON.stringify(times ?? null), TYPING_MS);
  const { data, problem } = usePoll(
    `preview ${text}`,
    async (signal) => {
      const asked = JSON.parse(text) as Record<string, string> | null;
      return asked === null ? null : await schedules.preview(asked, signal);
    },
    null,
  );
  // What was shown stays until its successor is there: nothing jumps while somebody types.
  const shown = useLast(data ?? undefined);
  return (
    <div className="preview" role="status" aria-label={C.nextTimes}>
      <NextHeading />
      {times === undefined ? (
        <p className="soft">{C.previewNone}</p>
      ) : problem ? (
        <ul className="wrong small">
          {(problem.faults.length > 0
            ? problem.faults
            : [{ path: '', message: problem.message, hint: undefined }]
          ).map(({ path, message, hint }) => (
            <li key={path} data-path={path}>
              {path && <span className="code">{path} </span>}
              {hint ? `${message} (${hint})` : message}
            </li>
          ))}
        </ul>
      ) : shown?.next.length === 0 ? (
        <p className="soft">{C.noTimes}</p>
      ) : (
        <p>
          {shown?.next.slice(0, SHOWN).map((at, index) => (
            <Fragment key={at}>
              {index > 0 && ' · '}
              <Moment at={at} />
            </Fragment>
          ))}
        </p>
      )}
    </div>
  );
}

/** Times are shown by the clocks of whoever looks, which need not be those of the schedule. */
export function NextHeading() {
  return (
    <h2>
      {C.nextTimes} <span className="soft small">{C.inOwnZone(ownZone())}</span>
    </h2>
  );
}
