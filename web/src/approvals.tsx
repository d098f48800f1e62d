/** Who waits for an answer, and the answer. */
import { useState } from 'react';
import { nodeQuestion } from './actions.js';
import { api, type Approval } from './api.js';
import { Confirm, type Question } from './dialog.js';
import { Empty, Loading, ProblemNotice } from './notice.js';
import { usePoll } from './poll.js';
import { linkTo } from './route.js';
import { S } from './strings/page.js';
import { Moment } from './time.js';

const EVERY_MS = 2_000;

export function ApprovalsView() {
  const { data, problem, refresh } = usePoll('approvals', api.approvals, EVERY_MS);
  const [question, setQuestion] = useState<Question>();
  return (
    <>
      <div className="title">
        <h1>{S.approvals}</h1>
      </div>
      {problem && <ProblemNotice problem={problem} onRetry={refresh} />}
      {!data && !problem && <Loading />}
      {data?.length === 0 && <Empty text={S.inboxEmpty} />}
      <ul className="cards">
        {data?.map((one) => (
          <li key={`${one.executionId}/${one.nodeId}`} className="card">
            <Ask one={one} onAsk={setQuestion} />
          </li>
        ))}
      </ul>
      {question && (
        <Confirm
          question={question}
          onClose={() => {
            setQuestion(undefined);
            refresh();
          }}
        />
      )}
    </>
  );
}

function Ask({ one, onAsk }: { one: Approval; onAsk: (question: Question) => void }) {
  const { executionId, nodeId, approval } = one;
  const answer = (verb: 'approve' | 'deny') =>
    onAsk(nodeQuestion(executionId, { id: nodeId, approval }, verb));
  return (
    <>
      <h2>{approval.message}</h2>
      <p className="soft">
        <a href={linkTo(['executions', executionId], { node: nodeId })}>{nodeId}</a> {S.of}{' '}
        <a className="code" href={linkTo(['executions', executionId])}>
          {executionId}
        </a>
      </p>
      <p className="soft">
        {S.askedAt} <Moment at={approval.askedAt} />
        {approval.dueAt && (
          <>
            {' · '}
            {S.dueAt} <Moment at={approval.dueAt} />
          </>
        )}
        {approval.by && approval.by.length > 0 && ` · ${S.mayAnswer} ${approval.by.join(', ')}`}
      </p>
      <div className="buttons">
        <button type="button" className="primary" onClick={() => answer('approve')}>
          {S.approve}
        </button>
        <button type="button" className="danger" onClick={() => answer('deny')}>
          {S.deny}
        </button>
      </div>
    </>
  );
}
