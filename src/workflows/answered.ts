import type { Answer } from './messages.js';

/** Answers that are kept, the last of them. */
const KEPT = 50;

/**
 * What was answered, by the update's id. Temporal answers a repeated update by itself within one run; a coordinator carries
 * this to its next.
 */
export class Answered {
  private readonly answers: Map<string, Answer>;

  constructor(carried: readonly (readonly [id: string, answer: Answer])[] = []) {
    this.answers = new Map(carried);
  }

  get(id: string | undefined): Answer | undefined {
    return id === undefined ? undefined : this.answers.get(id);
  }

  keep(id: string | undefined, answer: Answer): void {
    if (id === undefined) return;
    this.answers.set(id, answer);
    const [oldest] = this.answers.keys();
    if (this.answers.size > KEPT && oldest !== undefined) this.answers.delete(oldest);
  }

  carry(): [id: string, answer: Answer][] {
    return [...this.answers];
  }
}
