/** What was heard of each node, beside what the scheduler knows of it. Every change has a number. */
import type { ErrorRecord } from '../domain/errors.js';
import type { HoldReason, NodeOutcome } from '../domain/outcome.js';
import type { StatusChange, StatusReason } from '../domain/status.js';
import type { Carry, OpenQuestion } from './between.js';
import type { Round } from './requests.js';

export interface NodeRecord {
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

const NOTHING: Readonly<NodeRecord> = {};

export class NodeRecords {
  /** Number of the last change of any node. */
  sequence = 0;
  /** By node, number of its last change. */
  private readonly changes: number[];
  /** Of nodes that something was heard of, and that is not known elsewhere: few of a big graph at any time. */
  private readonly records = new Map<number, NodeRecord>();
  private readonly holds = new Set<number>();

  constructor(count: number) {
    this.changes = new Array<number>(count).fill(0);
  }

  get count(): number {
    return this.changes.length;
  }

  /** Number of a node's last change. */
  changedAt(index: number): number {
    return this.changes[index] ?? 0;
  }

  of(index: number): Readonly<NodeRecord> {
    return this.records.get(index) ?? NOTHING;
  }

  /** The same, to write into it. */
  own(index: number): NodeRecord {
    const known = this.records.get(index);
    if (known) return known;
    const record: NodeRecord = {};
    this.records.set(index, record);
    return record;
  }

  /** A node changes. */
  touch(index: number): NodeRecord {
    this.changes[index] = ++this.sequence;
    return this.own(index);
  }

  /** Nodes change together. */
  touchTogether(indexes: readonly number[]): void {
    this.sequence++;
    for (const index of indexes) this.changes[index] = this.sequence;
  }

  /** Every node changes, one after another. */
  touchAll(): void {
    for (let index = 0; index < this.count; index++) this.changes[index] = ++this.sequence;
  }

  hold(index: number, why: HoldReason): void {
    this.own(index).held = why;
    this.holds.add(index);
  }

  /** A node is held no more. */
  free(index: number): void {
    delete this.records.get(index)?.held;
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
    const { marks } = this.of(index);
    this.changes[index] = 0;
    this.records.delete(index);
    if (marks) this.own(index).marks = marks;
    this.holds.delete(index);
  }

  /** What a node ended with is known elsewhere. */
  forget(index: number): void {
    this.records.delete(index);
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
    this.changes.fill(sequence);
    for (const [index, marks] of nodeMarks) this.own(index).marks = marks;
    for (const [index, round] of rounds) {
      const record = this.own(index);
      record.round = round;
      record.scheduledAt = round.firstScheduledAt;
    }
    for (const [index, why, lastError] of holds) {
      this.hold(index, why);
      if (lastError) this.own(index).lastError = lastError;
    }
    for (const [index, outcome] of passed) this.own(index).passed = outcome;
    for (const open of questions) this.own(open.index).question = open;
  }
}
