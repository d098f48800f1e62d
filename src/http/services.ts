/** What the server asks of its own for each call; made once, where it starts. */
import type { Principal } from '../domain/access.js';

/** @returns who calls @throws HttpProblem 401, TaskError UNAUTHENTICATED */
export type Authenticate = (authorization: string | undefined) => Promise<Principal>;

/** A change, for the audit log. */
export interface Change {
  /** The action: `execution.cancel`. */
  what: string;
  /** What it was done to: an id. */
  target: string;
  reason?: string | undefined;
  details?: unknown;
}

/** What anybody who may call may know of the server. */
export interface ServerFacts {
  /** Address of Temporal's Web UI, where it is known. */
  webUi: string | null;
  namespace: string;
  authentication: 'open' | 'required';
}

export interface Services {
  facts: ServerFacts;
  /** Writes down what the caller has changed; never throws. */
  audit(change: Change): Promise<void>;
}
