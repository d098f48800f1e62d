/** Tasks that run until a test lets them. */
import { defineTask } from '../../src/registry.js';
import { until } from './until.js';

export class Gates {
  private readonly opened = new Set<string>();

  /** Ends once its gate is open, or when it is asked to stop. */
  readonly gated = defineTask<{ gate: string }>({
    name: 'gated',
    run: async ({ gate }, { signal }) => await this.passed(gate, signal),
  });

  open(gate: string): void {
    this.opened.add(gate);
  }

  async passed(gate: string, signal?: AbortSignal): Promise<void> {
    await until(() => {
      signal?.throwIfAborted();
      return this.opened.has(gate);
    }, `the gate ${gate}`);
  }
}
