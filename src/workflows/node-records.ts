/** What was heard of each node, beside what the scheduler knows of it. Every change has a number. */
import type { ErrorRecord } from '../domain/errors.js';
import type { HoldReason, NodeOutcome } from '../domain/outcome.js';
import type { StatusChange, StatusReason } from '../domain/status.js';
import type { Carry, OpenQuestion } from './between.js';
import type { Round } from './requests.js';

export interface NodeRecord {
  /** Number of the last change. */
  sequence: number;
  scheduledAt?: number;
  endedAt?: number;
  outcome?: NodeOutcome;
  /** How it has done its work, while its result is made. */
  passed?: NodeOutcome;
  reason?: StatusReason;
  round?: Round;
  /** Held by a pipeline, and why. */
  held?: HoldReason;
  lastError?: ErrorRecord;
  /** What people asked. */
  marks?: StatusChange[];
  /** What an approval asks. */
  question?: OpenQuestion;
}

export class NodeRecords {
  /** Number of the last change of any node. */
  sequence = 0;
  private readonly records: NodeRecord[];
  private readonly holds = new Set<number>();

  constructor(count: number) {
    this.records = Array.from({ length: count }, () => ({ sequence: 0 }));
  }

  get count(): number {
    return this.records.length;
  }

  of(index: number): NodeRecord {
    return this.records[index] as NodeRecord;
  }

  /** A node changes. */
  touch(index: number): NodeRecord {
    const record = this.of(index);
    record.sequence = ++this.sequence;
    return record;
  }

  /** Nodes change together. */
  touchTogether(indexes: readonly number[]): void {
    this.sequence++;
    for (const index of indexes) this.of(index).sequence = this.sequence;
  }

  /** Every node changes, one after another. */
  touchAll(): void {
    for (const record of this.records) record.sequence = ++this.sequence;
  }

  hold(index: number, why: HoldReason): void {
    this.of(index).held = why;
    this.holds.add(index);
  }

  /** A node is held no more. */
  free(index: number): void {
    delete this.of(index).held;
    this.holds.delete(index);
  }

  /** Of the nodes that were held when they were last heard of, how many are as asked. */
  countHeld(isSo: (index: number, why: HoldReason | undefined) => boolean): number {
    let count = 0;
    for (const index of this.holds) if (isSo(index, this.of(index).held)) count++;
    return count;
  }

  /** A node is new, or another one took its place: what people asked is all that is left. */
  renew(index: number): void {
    const { marks } = this.records[index] ?? {};
    this.records[index] = { sequence: 0, ...(marks ? { marks } : {}) };
    this.holds.delete(index);
  }

  /** What a node ended with is known elsewhere. */
  forget(index: number): void {
    const { sequence } = this.of(index);
    this.records[index] = { sequence };
  }

  /** What nodes have behind them that may still be begun. */
  carried(
    open: readonly number[],
  ): Pick<Carry, 'rounds' | 'nodeMarks' | 'passed'> & Required<Pick<Carry, 'holds'>> {
    const rounds: [number, Round][] = [];
    const holds: NonNullable<Carry['holds']> = [];
    const nodeMarks: Carry['nodeMarks'] = [];
    const done: NonNullable<Carry['passed']> = [];
    for (const index of open) {
      const { round, marks, held, lastError, passed } = this.of(index);
      if (passed) done.push([index, passed]);
      if (round) rounds.push([index, round]);
      if (held) holds.push(lastError ? [index, held, lastError] : [index, held]);
      if (marks) nodeMarks.push([index, marks]);
    }
    return { rounds, holds, nodeMarks, ...(done.length > 0 ? { passed: done } : {}) };
  }

  /** Restores what a continue-as-new carried. */
  restore({ rounds, holds = [], passed = [], nodeMarks, questions = [], sequence }: Carry): void {
    this.sequence = sequence;
    for (const record of this.records) record.sequence = sequence;
    for (const [index, marks] of nodeMarks) this.of(index).marks = marks;
    for (const [index, round] of rounds) {
      const record = this.of(index);
      record.round = round;
      record.scheduledAt = round.firstScheduledAt;
    }
    for (const [index, why, lastError] of holds) {
      this.hold(index, why);
      if (lastError) this.of(index).lastError = lastError;
    }
    for (const [index, outcome] of passed) this.of(index).passed = outcome;
    for (const open of questions) this.of(open.index).question = open;
  }
}
