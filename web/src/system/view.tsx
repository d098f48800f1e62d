/** The system: how servers, queues and workers stand, and what holds work back, with what can be done about it. */
import { useState } from 'react';
import type { SystemDetail } from '../../../src/client/system-detail.js';
import { api } from '../api.js';
import { Confirm, type Question } from '../dialog.js';
import { JsonBlock, Loading, ProblemNotice } from '../notice.js';
import { usePoll } from '../poll.js';
import { Y } from '../strings/system.js';
import { Circuits } from './circuits.js';
import { Limits } from './limits.js';
import { forgetResults } from './questions.js';
import './system.css';
import { Modes, Queues, Workers } from './workers.js';

const SYSTEM_EVERY_MS = 5_000;
/** What somebody has just changed is looked for sooner: visibility tells of it after about a second. */
const LIMITS_EVERY_MS = 2_000;

export function SystemView() {
  const system = usePoll('system', api.system, SYSTEM_EVERY_MS);
  const limits = usePoll('limits', api.limits, LIMITS_EVERY_MS);
  const circuits = usePoll('circuits', api.circuits, LIMITS_EVERY_MS);
  const [question, setQuestion] = useState<Question>();
  const [done, setDone] = useState('');
  const { data, problem } = system;
  // All at once, so that nothing that has been shown is pushed down by what comes later.
  const isThere = [system, limits, circuits].every((one) => one.data ?? one.problem);
  return (
    <>
      <div className="title">
        <h1>{Y.title}</h1>
      </div>
      {problem && <ProblemNotice problem={problem} onRetry={system.refresh} />}
      {!isThere && <Loading />}
      <div className="system" hidden={!isThere}>
        {data && <Facts detail={data} />}
        {data && data.warnings.length > 0 && <Warnings warnings={data.warnings} />}
        {data && <Queues queues={data.queues} />}
        {data && <Workers workers={data.workers} />}
        {data && <Modes modes={data.modes} />}
        {limits.problem && !limits.data && <ProblemNotice problem={limits.problem} />}
        {limits.data && <Limits limits={limits.data} onAsk={setQuestion} />}
        {circuits.problem && !circuits.data && <ProblemNotice problem={circuits.problem} />}
        {circuits.data && <Circuits circuits={circuits.data} onAsk={setQuestion} />}
        <section className="card wide">
          <div className="label-line">
            <h2>{Y.cache}</h2>
            <button
              type="button"
              onClick={() => {
                setDone('');
                setQuestion(forgetResults((count) => setDone(Y.forgotten(count))));
              }}
            >
              {Y.forget}
            </button>
          </div>
          <p className="soft">{Y.cacheText}</p>
          <p role="status" className="done">
            {done}
          </p>
        </section>
      </div>
      {data !== undefined && (
        <details className="card">
          <summary>{Y.everything}</summary>
          <JsonBlock value={data} label={Y.everything} />
        </details>
      )}
      {question && (
        <Confirm
          question={question}
          onClose={() => {
            setQuestion(undefined);
            limits.refresh();
            circuits.refresh();
          }}
        />
      )}
    </>
  );
}

function Facts({ detail }: { detail: SystemDetail }) {
  const { versions, address, namespace, taskQueue, workers, jobs } = detail;
  const answered = workers.flatMap(({ detail: told }) => (told ? [told] : []));
  const sum = (of: 'running' | 'slots'): number =>
    answered.reduce((total, one) => total + one[of], 0);
  const server = versions.server === null ? Y.noServer : Y.serverVersion(versions.server);
  const facts: [name: string, value: string, note: string][] = [
    [Y.versions, versions.tempograph, server],
    [Y.taskQueue, taskQueue, `${address} · ${namespace}`],
    [Y.answering, String(answered.length), Y.ofPolling(workers.length)],
    [Y.running, String(sum('running')), Y.ofSlots(sum('slots'))],
    [Y.jobs, jobs ? String(jobs.open) : '–', jobs ? Y.closed(jobs.closed) : Y.noStore],
  ];
  return (
    <dl className="system-facts" aria-label={Y.facts}>
      {facts.map(([name, value, note]) => (
        <div key={name} className="card">
          <dt>{name}</dt>
          <dd className="value">{value}</dd>
          <dd className="soft small">{note}</dd>
        </div>
      ))}
    </dl>
  );
}

function Warnings({ warnings }: Pick<SystemDetail, 'warnings'>) {
  return (
    <section className="note warning">
      <h2>{Y.warnings}</h2>
      <ul>
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </section>
  );
}
