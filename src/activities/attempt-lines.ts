/** The lines that one attempt has stored: numbered, and no more than an attempt may have. */
import { randomBytes } from 'node:crypto';
import { fieldsText, lineText, type LineLevel, type LineSource } from '../domain/log-line.js';
import { nodeIdentity } from '../observe/projection.js';
import type { NewLogLine } from '../store/log-lines.js';
import type { NodeRequest } from '../workflows/requests.js';
import type { LogWriter, Owed } from './log-writer.js';

export interface LineLimits {
  maxLogLines: number;
  /** Characters, of texts and fields. */
  maxLogBytes: number;
}

/** Where a worker's attempts have their lines stored. */
export interface LineStore {
  writer: Pick<LogWriter, 'take' | 'hasRoom'>;
  limits: LineLimits;
  /** The worker, for whoever looks for the lines that are not stored. */
  identity: string;
}

export class AttemptLines implements Owed {
  /** Not the attempt's own: an attempt may be begun twice, and be ended elsewhere. */
  private readonly writer = randomBytes(9).toString('base64url');
  private readonly executionId: string;
  private sequence = 0;
  private characters = 0;
  /** Lines that the writer had no room for, since the last that it had. */
  private missing = 0;
  private full = false;

  constructor(
    private readonly store: LineStore,
    private readonly request: NodeRequest,
    private readonly attempt: number,
  ) {
    this.executionId = nodeIdentity(request.execution, request.node.id).executionId;
  }

  /** Has it stored. Never throws, never waits. */
  add(level: LineLevel, source: LineSource, said: unknown, fields?: object): void {
    if (this.full) return;
    const { maxLogLines, maxLogBytes } = this.store.limits;
    const text = lineText(said);
    const json = fieldsText(fields) ?? null;
    this.characters += text.length + (json?.length ?? 0);
    if (this.sequence >= maxLogLines || this.characters > maxLogBytes) return this.tellFull();
    this.catchUp();
    if (!this.keep(level, source, text, json)) this.missing++;
  }

  catchUp(): void {
    if (this.missing === 0 || !this.store.writer.hasRoom) return;
    const { missing } = this;
    const lines = missing === 1 ? '1 line is' : `${missing.toLocaleString('en')} lines are`;
    const text = `${lines} missing here: the store did not take them; look in the log of worker ${this.store.identity}`;
    if (this.keep('warn', 'log', text, null)) this.missing = 0;
  }

  private tellFull(): void {
    const { limits, identity } = this.store;
    const most =
      this.sequence >= limits.maxLogLines
        ? `${limits.maxLogLines.toLocaleString('en')} lines (maxLogLines)`
        : `${limits.maxLogBytes.toLocaleString('en')} bytes (maxLogBytes)`;
    const text = `this attempt has logged more than ${most}: what follows is not stored; look in the log of worker ${identity}`;
    this.full = this.keep('warn', 'log', text, null);
  }

  /** @returns false when there is no room for it */
  private keep(level: LineLevel, source: LineSource, text: string, fields: string | null): boolean {
    const line: NewLogLine = {
      ...{ writer: this.writer, sequence: this.sequence + 1, executionId: this.executionId },
      ...{ runStartedAt: this.request.execution.run?.startedAt ?? 0, attempt: this.attempt },
      ...{ at: Date.now(), level, source, text, fields },
    };
    const taken = this.store.writer.take(line, this);
    if (taken) this.sequence++;
    return taken;
  }
}
