/**
 * Steps that are taken one after the other, in the order in which they were asked for. A `condition` does not do that: those
 * who wait for it go on together, and who asks in the moment it is met goes on before them.
 */
export class InOrder {
  private last: Promise<unknown> = Promise.resolve();

  /** @returns what the step gives, once those before it have been taken; one that fails holds up none. @throws what it throws */
  take<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.last.then(step);
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
