/** What the server asks of its own for each call; made once, where it starts. */
import type { Principal } from '../domain/access.js';

export interface Authenticate {
  /** @returns who calls @throws HttpProblem 401, TaskError UNAUTHENTICATED */
  (authorization: string | undefined): Promise<Principal>;
  /** Whoever sends nothing may do everything: such a server listens on loopback alone. Default false. */
  readonly open?: boolean;
}

/** A change, for the audit log. */
export interface Change {
  /** The action: `execution.cancel`. */
  what: string;
  /** What it was done to: an id. */
  target: string;
  reason?: string | undefined;
  /** Who it is said to be, where nobody has to prove who they are. Stands behind who did it: `open (ada)`. */
  claimed?: string | undefined;
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
