/**
 * Circuits around handlers: shared by all workers through the store, a worker's own where it has none or the store does
 * not answer.
 */
import type { Circuit } from '../domain/circuit.js';
import { messageOf, type ErrorRecord } from '../domain/errors.js';
import {
  circuitAfter,
  CLOSED,
  enter,
  type CircuitEntry,
  type CircuitEvent,
  type CircuitState,
} from '../store/circuit-state.js';
import type { Store } from '../store/store.js';
import type { Logger } from '../telemetry.js';
import type { NodeRequest } from '../workflows/requests.js';
import type { Attempt } from './attempt.js';
import type { Deps } from './deps.js';
import { circuitOf, ofTarget, type FoundCircuit } from './own-circuits.js';
import { attemptOutcome } from './verdict.js';

/** How long nodes wait at most before they look whether a circuit that was opened by hand is still open. */
export const FORCED_LOOK_MS = 300_000;
/** The first look at how a probe went. */
export const PROBE_LOOK_MS = 200;
/** Renewals of a probe within the time that it has. */
const RENEWALS = 3;

/** Where a node stands with its circuit. */
export type Place = Pick<CircuitState, 'mode'> & {
  openedAt: number | null;
  openUntil: number | null;
};

export class WorkerCircuits {
  private readonly own = new Map<string, CircuitState>();
  private shares: boolean;

  constructor(
    private readonly store: Store | undefined,
    private readonly log: Logger,
  ) {
    this.shares = true;
  }

  async enter(project: string, circuit: Circuit, holder: string): Promise<CircuitEntry> {
    return await this.shared(
      (store) => store.circuits.tryEnter(project, circuit.name, holder, Date.now(), circuit),
      () => {
        const { state, entry } = enter(this.state(project, circuit), holder, Date.now(), circuit);
        this.own.set(keyOf(project, circuit), state);
        return entry;
      },
    );
  }

  async report(
    project: string,
    circuit: Circuit,
    holder: string,
    type: 'success' | 'failure',
  ): Promise<void> {
    const record = type === 'success' ? 'recordSuccess' : 'recordFailure';
    await this.shared(
      async (store) => {
        await store.circuits[record](project, circuit.name, holder, Date.now(), circuit);
      },
      () => {
        const event: CircuitEvent = { type, holder };
        const after = circuitAfter(this.state(project, circuit), event, Date.now(), circuit);
        this.own.set(keyOf(project, circuit), after);
      },
    );
  }

  async place(project: string, circuit: Circuit): Promise<Place> {
    const closed: Place = { mode: 'closed', openedAt: null, openUntil: null };
    return await this.shared(
      async (store) => (await store.circuits.get(project, circuit.name)) ?? closed,
      () => ({ ...closed, ...this.state(project, circuit) }),
    );
  }

  private state(project: string, circuit: Circuit): CircuitState {
    return this.own.get(keyOf(project, circuit)) ?? CLOSED;
  }

  /** Through the store; without an answer of it, as a worker alone. Said once each time that changes. */
  private async shared<T>(ask: (store: Store) => Promise<T>, alone: () => T): Promise<T> {
    const { store } = this;
    if (store) {
      try {
        const answer = await ask(store);
        this.shares = true;
        return answer;
      } catch (error) {
        this.alone(`the store does not answer, ${messageOf(error)}`);
        return alone();
      }
    }
    this.alone('this worker has no store');
    return alone();
  }

  private alone(why: string): void {
    if (this.shares) this.log.warn(`circuits are this worker's own: ${why}`);
    this.shares = false;
  }
}

const keyOf = (project: string, { name }: Circuit): string => JSON.stringify([project, name]);

/** The way of one attempt through its circuit. */
export class Passage {
  private readonly renewal: NodeJS.Timeout | undefined;
  private reported = false;

  constructor(
    private readonly circuits: WorkerCircuits,
    private readonly project: string,
    private readonly circuit: Circuit,
    private readonly holder: string,
    isProbe: boolean,
    private readonly runner?: string,
  ) {
    if (!isProbe) return;
    // A probe that says nothing for as long as the circuit was open makes room for another.
    const renew = (): void => void circuits.enter(project, circuit, holder);
    this.renewal = setInterval(renew, Math.max(20, circuit.openForMs / RENEWALS)).unref();
  }

  async succeeded(): Promise<void> {
    await this.report('success');
  }

  /** @param thrown what became the error */
  async failed(error: ErrorRecord, thrown: unknown): Promise<void> {
    if (tellsNothing(error)) return;
    const how = this.circuit.own ? ofTarget(error, thrown, this.runner) : 'failure';
    if (how) await this.report(how);
  }

  /** What it runs in could not be prepared, and it is tried again: no attempt of it, but a fault of an engine is one. */
  async notPrepared(error: ErrorRecord, thrown: unknown): Promise<void> {
    if (this.circuit.own) await this.failed(error, thrown);
  }

  /** The attempt is over, however it ended. */
  close(): void {
    clearInterval(this.renewal);
  }

  private async report(how: 'success' | 'failure'): Promise<void> {
    this.close();
    if (this.reported) return;
    this.reported = true;
    await this.circuits.report(this.project, this.circuit, this.holder, how);
  }
}

/** A node that does not go now. */
export interface Refused {
  waitMs: number;
  found: FoundCircuit;
}

/** @returns its way through; how long to wait before it asks again; or undefined for a node without a circuit */
export async function enterCircuit(
  deps: Deps,
  request: NodeRequest,
  attempt: Attempt,
): Promise<Passage | Refused | undefined> {
  const found = circuitOf(deps, request);
  if (!found) return undefined;
  const { circuits } = deps;
  const { circuit, project } = found;
  const holder = holderOf(request, attempt.number);
  const entry = await circuits.enter(project, circuit, holder);
  if (entry.outcome !== 'refused') {
    const isProbe = entry.outcome === 'probe';
    return new Passage(circuits, project, circuit, holder, isProbe, request.run?.runner);
  }
  const now = Date.now();
  const place = await circuits.place(project, circuit);
  const waitMs = waitOf(entry.until, circuit, place, now, heldSince(request, now));
  return { waitMs, found };
}

/** Since when a node is held by a circuit. */
export function heldSince({ round }: NodeRequest, now: number): number {
  return round?.waiting?.for === 'circuit' ? round.waiting.since : now;
}

/** @param since when this node was first held */
function waitOf(
  until: number | null,
  { openForMs }: Circuit,
  { mode, openedAt }: Place,
  now: number,
  since: number,
): number {
  // Opened by hand: nobody tells us when it is closed.
  if (until === null) return Math.max(openForMs, Math.min(now - since, FORCED_LOOK_MS));
  const left = Math.max(1, until - now);
  if (mode !== 'half_open' || openedAt === null) return left;
  // Most probes are over long before their time is: look after as long as it has been half open.
  return Math.min(left, Math.max(PROBE_LOOK_MS, now - openedAt - openForMs));
}

/** Attempts that were lost with their worker, or to a time-out that only the server saw, are failures too. */
export async function reportLost(
  { circuits }: Deps,
  request: NodeRequest,
  attempt: Attempt,
): Promise<void> {
  const { circuit } = request;
  if (!circuit || circuit.own) return;
  for (const lost of attempt.found)
    await circuits.report(
      request.execution.project ?? '',
      circuit,
      holderOf(request, lost.attempt),
      'failure',
    );
}

/** How an attempt went that was handed over; its passage ended with its handler. */
export async function reportElsewhere(
  { circuits }: Deps,
  request: NodeRequest,
  attempt: number,
  error: ErrorRecord | undefined,
): Promise<void> {
  const { circuit } = request;
  if (!circuit || circuit.own || (error && tellsNothing(error))) return;
  const holder = holderOf(request, attempt);
  const how = error ? 'failure' : 'success';
  await circuits.report(request.execution.project ?? '', circuit, holder, how);
}

/** What is wrong with the input, or with our own store, says nothing of what the circuit protects. */
const tellsNothing = (error: ErrorRecord): boolean =>
  attemptOutcome(error) === 'REJECTED' || error.origin === 'store';

const holderOf = ({ execution, node }: NodeRequest, attempt: number): string =>
  `${execution.id}/${node.id}#${attempt}`;
