/**
 * Looking up beforehand what a program needs: the images, functions and folders that it names. One {@link LookUps} is one
 * question of a client about a graph's programs: the same thing is looked up once, what is asked of others is counted and
 * bounded, and all of it has one deadline.
 */
import { messageOf } from '../domain/errors.js';
import type { ProgramAsk, ProgramFinding } from '../domain/program-looks.js';
import type { Path } from '../domain/json.js';
import { formatDuration } from '../domain/duration.js';
import { isRefusal, type Runner } from './runner.js';

/** A runner of programs. */
export interface ProgramRunner extends Runner {
  /** What is there of what a program needs, and what is not. Nothing runs, and nothing is pulled. @throws TaskError as a run */
  lookUp(ask: ProgramAsk, looks: LookUps): Promise<ProgramFinding[]>;
  /** The same of what its settings name, whatever a program asks for; `at` is the setting's name. */
  lookUpSettings?(looks: LookUps): Promise<ProgramFinding[]>;
}

/** Questions to registries and providers: a registry may count each one as a pull. */
const MOST_OUTSIDE = 50;
/** For everything together, in milliseconds. */
const DEADLINE_MS = 8_000;

/** Thrown by a look that cannot tell: only a run does. */
export class NotKnown extends Error {
  override name = 'NotKnown';
}

export interface LookUpsOptions {
  /** Default 50. */
  mostOutside?: number;
  /** Milliseconds. Default 8,000. */
  deadlineMs?: number;
}

export class LookUps {
  readonly signal: AbortSignal;
  private readonly known = new Map<string, Promise<unknown>>();
  private readonly deadlineMs: number;
  private readonly most: number;
  private left: number;

  constructor({ mostOutside = MOST_OUTSIDE, deadlineMs = DEADLINE_MS }: LookUpsOptions = {}) {
    this.deadlineMs = deadlineMs;
    this.most = this.left = mostOutside;
    this.signal = AbortSignal.timeout(deadlineMs);
  }

  /**
   * What `look` gave, asked once for each text; gives up at the deadline, whatever `look` does then.
   *
   * @param what is looked up, such as `image alpine:3.20`: all that makes a difference, for messages too
   */
  async once<T>(what: string, look: () => Promise<T>): Promise<T> {
    const running = this.known.get(what) ?? this.bounded(what, look);
    this.known.set(what, running);
    return (await running) as T;
  }

  /** Counts a question to a registry or a provider. @throws NotKnown for one too many */
  outside(): void {
    if (--this.left < 0)
      throw new NotKnown(`one check asks at most ${this.most} times of registries and functions`);
  }

  private async bounded<T>(what: string, look: () => Promise<T>): Promise<T> {
    if (this.signal.aborted) throw this.late(what);
    let onAbort = (): void => undefined;
    const running = look();
    try {
      return await Promise.race([
        running,
        new Promise<never>((_resolve, reject) => {
          onAbort = () => reject(this.late(what));
          this.signal.addEventListener('abort', onAbort);
        }),
      ]);
    } finally {
      this.signal.removeEventListener('abort', onAbort);
      running.catch(() => undefined); // nobody waits for it any more
    }
  }

  private late(what: string): NotKnown {
    return new NotKnown(`${what}: no answer within ${formatDuration(this.deadlineMs)}`);
  }
}

/**
 * One look as a finding.
 *
 * @param at the field that asks for it, below the node
 * @param look gives what is there, in words, and throws what a run would throw, or {@link NotKnown}
 */
export async function finding(
  at: Path,
  look: () => Promise<string> | string,
  hint?: string,
): Promise<ProgramFinding> {
  try {
    return { at, state: 'found', message: await look() };
  } catch (thrown) {
    return failed(at, thrown, hint);
  }
}

/** What was thrown as a finding: refused where a run would be, else not known. */
export function failed(at: Path, thrown: unknown, hint?: string): ProgramFinding {
  const message = messageOf(thrown).slice(0, 1_000);
  if (!isRefusal(thrown)) return { at, state: 'unknown', message };
  return { at, state: 'refused', message, ...(hint === undefined ? {} : { hint }) };
}
