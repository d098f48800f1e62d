/** What a worker knows of itself: which attempts run, and which run on although they were asked to stop. */
import { packageVersion } from '../config.js';
import type { WorkerAnswer } from '../workflows/asks.js';
import type { Deps } from './deps.js';

/** An attempt counts as overrunning when it still runs this long after it was asked to stop. */
const OVERRUN_MS = 1_000;

interface Running {
  executionId: string;
  task: string;
  /** When it was asked to stop, epoch milliseconds. */
  askedAt: number | undefined;
}

export class WorkerState {
  readonly startedAt = new Date().toISOString();
  private readonly attempts = new Set<Running>();
  /** Tasks that have run since somebody last asked. */
  private seen = new Set<string>();

  constructor(
    readonly identity: string,
    readonly slots: number,
  ) {}

  /** An attempt begins. @returns what to call when it is over */
  begin(executionId: string, task: string, signal: AbortSignal): () => void {
    const running: Running = { executionId, task, askedAt: undefined };
    signal.addEventListener('abort', () => (running.askedAt = Date.now()), { once: true });
    this.attempts.add(running);
    this.seen.add(task);
    return () => this.attempts.delete(running);
  }

  /** Tasks that have run since this was last asked: some have ended meanwhile. */
  takeSeen(): string[] {
    const seen = [...this.seen];
    this.seen = new Set([...this.attempts].map(({ task }) => task));
    return seen;
  }

  get running(): number {
    return this.attempts.size;
  }

  overrunning(now: number): WorkerAnswer['overrunning'] {
    return [...this.attempts].flatMap(({ executionId, task, askedAt }) =>
      askedAt !== undefined && now - askedAt >= OVERRUN_MS
        ? [{ executionId, task, sinceMs: now - askedAt }]
        : [],
    );
  }
}

/** A version that nobody said is 1, and most say none. */
function versionsOf(registry: Deps['registry']): Record<string, string> {
  const versions = registry.names.map(
    (name) => [name, registry.get(name)?.version ?? '1'] as const,
  );
  return Object.fromEntries(versions.filter(([, version]) => version !== '1'));
}

/** The answer to whoever asks for the system's detail. */
export async function describeWorker(deps: Deps): Promise<WorkerAnswer> {
  const { state, registry, runners, store, blobs } = deps;
  const id = await blobs.identity().catch(() => undefined);
  return {
    identity: state.identity,
    pid: process.pid,
    version: packageVersion(),
    node: process.versions.node,
    startedAt: state.startedAt,
    tasks: registry.names,
    taskVersions: versionsOf(registry),
    modes: [...runners.modes],
    programs: runners.programs,
    lacks: runners.lacks,
    running: state.running,
    slots: state.slots,
    overrunning: state.overrunning(Date.now()),
    store: store?.location ?? null,
    ...(id === undefined ? {} : { blobs: { location: blobs.location, id } }),
    now: new Date().toISOString(),
  };
}
