/** What a handler in a guest has asked its worker, until the answer comes. */
import type { Artifact } from '../domain/artifact.js';
import { messageOf } from '../domain/errors.js';
import type { ToGuest } from './protocol.js';
import { rehydrate } from './thrown.js';

type Answer = Extract<ToGuest, { type: 'answer' }>;

export class Answers {
  private readonly open = new Map<number, (answer: Answer) => void>();
  private last = 0;

  /**
   * Asks under an id of its own. Rejects with what the worker threw; never settles where the handler ends first.
   *
   * @param say sends the question; what it throws is the answer
   */
  async ask<T extends Artifact | Uint8Array>(say: (id: number) => void): Promise<T> {
    const id = ++this.last;
    return await new Promise<T>((resolve, reject) => {
      this.open.set(id, (answer) => {
        if ('answer' in answer) return resolve(answer.answer as T);
        const thrown = rehydrate(answer.thrown);
        reject(thrown instanceof Error ? thrown : new Error(messageOf(thrown)));
      });
      say(id);
    });
  }

  take(answer: Answer): void {
    const heard = this.open.get(answer.id);
    this.open.delete(answer.id);
    heard?.(answer);
  }
}
