/** What went wrong, or that there is nothing yet: said in the place of what would be there. */
import type { Problem } from './api.js';
import { S } from './strings/page.js';

export function ProblemNotice({ problem, onRetry }: { problem: Problem; onRetry?: () => void }) {
  return (
    <div className="note" role="alert">
      <p>{problem.status === 0 ? S.unreachable : problem.message}</p>
      {problem.code && problem.status > 0 && <p className="soft code">{problem.code}</p>}
      {onRetry && (
        <button type="button" onClick={onRetry}>
          {S.tryAgain}
        </button>
      )}
    </div>
  );
}

export function Loading() {
  return (
    <p className="loading soft" role="status">
      {S.loading}
    </p>
  );
}

export function Empty({ text, children }: { text: string; children?: React.ReactNode }) {
  return (
    <div className="empty">
      <p className="soft">{text}</p>
      {children}
    </div>
  );
}

/** JSON, indented, as text. */
export function JsonBlock({ value, label }: { value: unknown; label: string }) {
  return (
    <pre className="code" tabIndex={0} role="region" aria-label={label}>
      {typeof value === 'string' ? JSON.stringify(value) : JSON.stringify(value, null, 2)}
    </pre>
  );
}
