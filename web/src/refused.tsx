/** What is wrong with what was sent, each fault at its place. */
import type { Fault } from '../../src/domain/fault.js';
import type { Problem } from './api.js';
import { ProblemNotice } from './notice.js';
import { S } from './strings/page.js';

export function Refused({ problem }: { problem: Problem | string }) {
  if (typeof problem === 'string')
    return (
      <p className="note" role="alert">
        {problem}
      </p>
    );
  if (problem.faults.length === 0) return <ProblemNotice problem={problem} />;
  return (
    <div className="note" role="alert">
      <p>
        <strong>{S.refused}</strong>
      </p>
      <ul>
        {problem.faults.map((fault, index) => (
          <FaultLine key={index} fault={fault} />
        ))}
      </ul>
    </div>
  );
}

function FaultLine({ fault: { path, message, hint, line } }: { fault: Fault }) {
  return (
    <li data-path={path}>
      <span className="code">{path}</span>
      {line !== undefined && <span className="soft"> ({`${S.line} ${line}`})</span>}: {message}
      {hint && <span className="soft"> {hint}</span>}
    </li>
  );
}
